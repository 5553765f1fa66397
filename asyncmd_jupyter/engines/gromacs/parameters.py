"""The parameters of a run, made of the user's."""

from __future__ import annotations

import copy
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from asyncmd_jupyter.engines.base import StartingConfiguration
from asyncmd_jupyter.engines.gromacs.maxwell import drawn_temperature
from asyncmd_jupyter.engines.gromacs.mdp import MDP
from asyncmd_jupyter.engines.gromacs.mdp_features import folded
from asyncmd_jupyter.engines.gromacs.thermostat import (
    generates_velocities,
    temperature_note,
    temperature_of,
)
from asyncmd_jupyter.engines.stepping.seeds import derived_seed
from asyncmd_jupyter.engines.streams import Stream
from asyncmd_jupyter.engines.velocities import StartVelocities, decide

MD_INTEGRATORS = ("md", "md-vv", "md-vv-avek", "sd", "bd")
_SEEDS = ("ld-seed", "gen-seed", "lmc-seed", "awh-seed")
# What says how a simulation begins, not how it goes on.
BEGINNING = frozenset({*_SEEDS, "nsteps", "gen-vel", "gen-temp", "continuation"})
_DT = 0.001  # GROMACS' own, in ps
_LARGEST_SEED = 2**31 - 1
_SEED_BITS = 31
_BITS = {"ld-seed": 62}  # GROMACS takes 64, of the others 32


def check_parameters(mdp: Any) -> None:
    """Refuse what the engine can't run.

    Raises
    ------
    TypeError
        It is no MDP.
    ValueError
        It describes no MD, or one that does not begin at step 0.
    """
    if not isinstance(mdp, MDP):
        raise TypeError(f"mdconfig={mdp!r} has to be an MDP: MDP('md.mdp') reads one.")
    integrator = str(mdp.get("integrator", "md"))
    if folded(integrator) not in map(folded, MD_INTEGRATORS):
        raise ValueError(
            f"integrator={integrator!r} in {mdp.original_file!r} is no MD (one of "
            f"{', '.join(MD_INTEGRATORS)}). To minimize the energy there is engine.minimize()."
        )
    if not float(mdp.get("dt", _DT)) > 0:
        raise ValueError(
            f"dt={mdp['dt']!r} in {mdp.original_file!r} is no time step: give a positive one in ps."
        )
    for key, default in (("init-step", 0), ("simulation-part", 1)):
        if mdp.get(key, default) != default:
            raise ValueError(
                f"{key}={mdp[key]!r} in {mdp.original_file!r}: the engine counts steps and parts "
                f"from the preparation. Leave it at {default}."
            )


def of_parts(mdp: MDP) -> MDP:
    """Parameters of a simulation in parts: ``mdrun`` is told the steps of each."""
    return _changed(mdp, {"nsteps": -1})


def with_velocities(mdp: MDP, n_atoms: int | None) -> MDP:
    """The same, with velocities drawn at the beginning.

    Parameters
    ----------
    mdp : MDP
    n_atoms : int or None
        With a mass. Without that number their kinetic energy does not fluctuate, see `maxwell`.

    Raises
    ------
    ValueError
        If there is no temperature to draw them at.
    """
    temperature = temperature_of(mdp)
    seed = int(mdp.get("gen-seed", -1))
    if seed == -1:  # drawn here, so that the kinetic energy follows from what is on record
        seed = secrets.randbits(_SEED_BITS)
    if n_atoms:
        # GROMACS' own seeds may be negative.
        temperature = drawn_temperature(temperature, n_atoms, seed % 2**32)
    drawn = {"gen-vel": "yes", "gen-seed": seed, "gen-temp": temperature}
    return _changed(mdp, drawn | {"continuation": "no"})


def start_velocities(
    mdp: MDP, velocities: str, start: StartingConfiguration, *, has: bool, structure: Path
) -> StartVelocities:
    """Decide what is done about the velocities of a start, see `engines.velocities`.

    ``gen-vel = yes`` says how the engine's own structure gets its velocities, and is no
    surprise for a start that lacks them. It never replaces those of a start that has some.
    """
    wants = generates_velocities(mdp)
    if velocities == "keep" and wants and (start is None or not has):
        return StartVelocities(True, temperature_of(mdp), "gen-vel = yes")
    temperature = None if velocities == "keep" and has else temperature_of(mdp)
    begun = decide(
        velocities,
        start,
        has=has,
        temperature=temperature,
        asks_for_rest=structure,
        note=temperature_note(mdp),
    )
    if not wants or begun.drawn:
        return begun
    unused = UserWarning(
        f"gen-vel = yes in {mdp.original_file!r} is not used: the start has velocities, which are "
        "kept. Ask for new ones with velocities='new', or set gen-vel = no."
    )
    return StartVelocities(why="gen-vel = yes is not used", warning=unused)


def of_beginning(mdp: MDP, begun: StartVelocities, n_atoms: int | None) -> MDP:
    """Parameters of a simulation in parts that begins with such velocities."""
    mdp = of_parts(mdp)
    if begun.drawn:
        return with_velocities(mdp, n_atoms)
    return without_velocities(mdp) if generates_velocities(mdp) else mdp


def without_velocities(mdp: MDP) -> MDP:
    """The same, with the velocities that the start has."""
    return _changed(mdp, {"gen-vel": "no"})


def of_zero_steps(mdp: MDP) -> MDP:
    """Parameters of a run that only fulfils the constraints."""
    outputs = {"nstxout": 1, "nstvout": 1, "nstxout-compressed": 0, "nstenergy": 0, "nstlog": 0}
    start = {"nsteps": 0, "gen-vel": "no", "continuation": "no"}
    return _changed(mdp, {**start, **outputs})


def of_minimization(mdp: MDP, n_steps: int) -> MDP:
    """Parameters of a run down to the nearest minimum of the energy."""
    changes = {"integrator": "steep", "nsteps": n_steps, "nstxout": 0, "nstvout": 0}
    return _changed(of_zero_steps(mdp), changes | {"nstlog": 100, "nstenergy": 100})


def with_derived_seeds(mdp: MDP, index: int) -> MDP:
    """The same with other fixed seeds; those that GROMACS draws itself stay so."""
    seeds = {key: derived_seed(seed, index) % _LARGEST_SEED for key, seed in seeds_of(mdp).items()}
    return _changed(mdp, seeds)


def with_stream(mdp: MDP, stream: Stream) -> MDP:
    """The same with the seeds of one simulation; those that GROMACS draws itself stay so."""
    return _changed(
        mdp, {k: stream.seed(v, _BITS.get(k, _SEED_BITS)) for k, v in seeds_of(mdp).items()}
    )


def seeds_of(mdp: MDP) -> dict[str, Any]:
    """Seeds that are given; others are drawn by GROMACS."""
    return {key: int(mdp[key]) for key in _SEEDS if key in mdp and int(mdp[key]) != -1}


def of_physics(mdp: MDP) -> dict[str, Any]:
    """All that is no seed and that the engine does not set itself."""
    return {key: value for key, value in mdp.items() if key not in (*_SEEDS, "nsteps")}


def rotates(mdp: MDP) -> bool:
    """Whether a rotation is enforced."""
    return folded(str(mdp.get("rotation", "no"))) == "yes"


def is_periodic(mdp: MDP) -> bool:
    """Whether a simulation needs a box."""
    return folded(str(mdp.get("pbc", "xyz"))) != "no"


def _changed(mdp: MDP, changes: Mapping[str, Any]) -> MDP:
    new = copy.deepcopy(mdp)
    new.update(changes)
    return new
