"""What an engine of OpenMM takes of GROMACS' parameters, and what it has to leave out."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from os import PathLike
from typing import Any, Self

from asyncmd_jupyter.engines.gromacs.mdp import MDP
from asyncmd_jupyter.engines.gromacs.mdp_features import folded

_METHODS = {"pme": "PME", "ewald": "Ewald"}
_CONSTRAINTS = {
    "none": None,
    "hbonds": "HBonds",
    "allbonds": "AllBonds",
    "hangles": "HAngles",
}
_OF_ELECTRICITY = ("electric-field-x", "electric-field-y", "electric-field-z")
# What OpenMM's reader of topologies and our engines have no counterpart for.
_SWITCHES = (
    *("pcoupl", "pull", "awh", "rotation", "free-energy", "swapcoords", "disre", "orire", "mts"),
    *("qmmm", "simulated-tempering", "density-guided-simulation-active", "implicit-solvent"),
)
_LISTS = ("freezegrps", "accgrps", "acc-grps", "deform", *_OF_ELECTRICITY)
_NUMBERS = {"nwall": 0, "epsilon-r": 1, "mass-repartition-factor": 1, "cos-acceleration": 0}


@dataclass(frozen=True)
class MDPOptions:
    """Parameters of GROMACS in the terms of OpenMM.

    Attributes
    ----------
    system : dict
        Arguments of ``GromacsTopFile.createSystem``.
    engine : dict
        Arguments of `OpenMMEngine`.
    defines : dict
        For the preprocessor of the topology.
    left_out : tuple of str
        What has no counterpart, as in the file.
    name : str
        Of the file.
    """

    system: dict[str, Any]
    engine: dict[str, Any]
    defines: dict[str, str]
    left_out: tuple[str, ...]
    name: str

    @classmethod
    def of(
        cls,
        mdp: MDP | str | PathLike[str],
        create_system: Mapping[str, Any] | None,
        parameters: Mapping[str, Any],
    ) -> Self:
        """Read them.

        Parameters
        ----------
        mdp : MDP or path
        create_system, parameters : Mapping
            Arguments of ``createSystem`` and of the engine that are given, and go first.

        Raises
        ------
        ValueError
            For interactions that OpenMM computes in another way.
        """
        mdp = mdp if isinstance(mdp, MDP) else MDP(mdp)
        defines = dict(_defines(mdp))
        return cls(
            system=_system(mdp, create_system or {}, defines),
            engine=dict(_engine(mdp, parameters)),
            defines=defines,
            left_out=(*_left_out(mdp, defines), *_thermostat(mdp, parameters)),
            name=str(mdp.original_file),
        )

    def warn(self) -> None:
        """Say what is left out."""
        if self.left_out:
            warnings.warn(
                f"OpenMMEngine leaves out these of {self.name}: {'; '.join(self.left_out)}. Add "
                "what you need, such as an openmm.MonteCarloBarostat, to engine.system, and make "
                "an OpenMMEngine(system, engine.topology, engine.positions) of it.",
                stacklevel=3,
            )


def _chosen(mdp: MDP, key: str, default: str) -> str:
    value = mdp.get(key, default)
    return folded(str(value)) if value not in (None, "", []) else default


def _as_written(mdp: MDP, key: str) -> str:
    value = mdp[key]
    text = " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return f"{key} = {text}"


def _system(mdp: MDP, given: Mapping[str, Any], defines: Mapping[str, str]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "constraints": _constraints(mdp, given),
        "useDispersionCorrection": _chosen(mdp, "dispcorr", "no") != "no",
        "removeCMMotion": _chosen(mdp, "comm-mode", "linear") != "none",
    }
    if "FLEXIBLE" in defines:
        made["rigidWater"] = False
    return made | _nonbonded(mdp, given)


def _constraints(mdp: MDP, given: Mapping[str, Any]) -> Any:
    from openmm import app

    wanted = _chosen(mdp, "constraints", "none")
    if wanted not in _CONSTRAINTS and "constraints" not in given:
        raise ValueError(
            f"{_as_written(mdp, 'constraints')} in {mdp.original_file} has no counterpart in "
            "OpenMM: give create_system={'constraints': …}."
        )
    name = _CONSTRAINTS.get(wanted)
    return None if name is None else getattr(app, name)


def _nonbonded(mdp: MDP, given: Mapping[str, Any]) -> dict[str, Any]:
    """Method and lengths; with PME only the cut-off of Lennard-Jones potentials matters."""
    from openmm import app, unit

    lengths = {name: float(mdp.get(name, 1.0)) for name in ("rcoulomb", "rvdw")}
    if _chosen(mdp, "pbc", "xyz") == "no" and not any(lengths.values()):
        return {"nonbondedMethod": app.NoCutoff}
    electrostatics = _chosen(mdp, "coulombtype", "cutoff")
    dispersion = _chosen(mdp, "vdwtype", "cutoff")
    if "nonbondedMethod" not in given:
        _check_types(mdp, electrostatics, dispersion)
    method = "LJPME" if dispersion == "pme" else _METHODS.get(electrostatics, "PME")
    switched = dispersion == "switch" or "switch" in _chosen(mdp, "vdw-modifier", "none")
    switch = float(mdp.get("rvdw-switch", 0.0))
    return {
        "nonbondedMethod": getattr(app, method),
        "nonbondedCutoff": lengths["rvdw"] * unit.nanometer,
        "switchDistance": switch * unit.nanometer if switched and switch else None,
    }


def _check_types(mdp: MDP, electrostatics: str, dispersion: str) -> None:
    odd = [
        _as_written(mdp, key) if key in mdp else f"{key} (the default of GROMACS)"
        for key, value, known in (
            ("coulombtype", electrostatics, (*_METHODS,)),
            ("vdwtype", dispersion, ("cutoff", "switch", "pme")),
        )
        if value not in known
    ]
    if odd:
        raise ValueError(
            f"{' and '.join(odd)} in {mdp.original_file}: OpenMM has no interactions that are the "
            "same. Take PME in both, or choose by create_system={'nonbondedMethod': …}."
        )


def _engine(mdp: MDP, given: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield "timestep", float(mdp.get("dt", 0.001))
    integrator = _chosen(mdp, "integrator", "md")
    has_bath = integrator in ("sd", "bd") or _chosen(mdp, "tcoupl", "no") != "no"
    if has_bath and mdp.get("ref-t") and "temperature" not in given:
        yield "temperature", _only(mdp, "ref-t", "temperature")
    elif "gen-temp" in mdp:
        yield "temperature", float(mdp["gen-temp"])
    if integrator == "sd" and mdp.get("tau-t") and "friction" not in given:
        yield "friction", 1 / _only(mdp, "tau-t", "friction")
    if integrator == "md" and not has_bath:
        yield "integrator", "Verlet"
    every = [int(mdp.get(key, 0)) for key in ("nstxout-compressed", "nstxout")]
    if any(every):
        yield "nstout", next(filter(None, every))


def _only(mdp: MDP, key: str, argument: str) -> float:
    values = {float(value) for value in mdp[key]}
    if len(values) > 1:
        raise ValueError(
            f"{_as_written(mdp, key)} in {mdp.original_file}: an integrator of OpenMM has one "
            f"{argument} for all atoms. Give {argument}=…."
        )
    return values.pop()


def _defines(mdp: MDP) -> Iterator[tuple[str, str]]:
    text = mdp.get("define", "")
    words = text.split() if isinstance(text, str) else map(str, text)
    for word in words:
        if word.startswith("-D"):
            name, _, value = word.removeprefix("-D").partition("=")
            yield name, value or "1"


def _left_out(mdp: MDP, defines: Mapping[str, str]) -> Iterator[str]:
    for key in _SWITCHES:
        if _chosen(mdp, key, "no") != "no":
            yield _as_written(mdp, key)
    for key in _LISTS:
        if mdp.get(key):
            yield _as_written(mdp, key)
    for key, usual in _NUMBERS.items():
        if float(mdp.get(key, usual)) != usual:
            yield _as_written(mdp, key)
    if any(folded(str(kind)) != "no" for kind in mdp.get("annealing", [])):
        yield _as_written(mdp, "annealing")
    if "force" in _chosen(mdp, "vdw-modifier", "none"):
        yield f"{_as_written(mdp, 'vdw-modifier')} (OpenMM switches potentials)"
    if _chosen(mdp, "comm-mode", "linear") not in ("linear", "none"):
        yield _as_written(mdp, "comm-mode")
    yield from (f"-D{name} (position restraints)" for name in defines if "POSRES" in name)


def _thermostat(mdp: MDP, given: Mapping[str, Any]) -> Iterator[str]:
    integrator = _chosen(mdp, "integrator", "md")
    if "integrator" in given:
        return
    if integrator not in ("sd", "md"):
        yield f"{_as_written(mdp, 'integrator')} (the argument integrator chooses one)"
    elif integrator == "md" and _chosen(mdp, "tcoupl", "no") != "no":
        yield f"{_as_written(mdp, 'tcoupl')} (the argument integrator chooses a thermostat)"
