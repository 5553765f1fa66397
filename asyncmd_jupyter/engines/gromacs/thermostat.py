"""The temperature at which GROMACS' velocities are drawn, and whether its dynamics are noise."""

from __future__ import annotations

from typing import Any

from asyncmd_jupyter.engines.gromacs.mdp import MDP
from asyncmd_jupyter.engines.gromacs.mdp_features import folded

_DEFAULT_GEN_TEMP = 300.0  # of grompp, in K
_STOCHASTIC = ("sd", "bd")


def temperature_of(mdp: MDP) -> float:
    """K at which velocities are drawn, by one rule for all ways.

    It is ``gen-temp`` where that is named, also without ``gen-vel``; else that of the thermostat,
    the first ``ref-t`` of a group that is coupled. `temperature_note` says where these differ.

    Raises
    ------
    ValueError
        None is named.
    """
    kept = _kept(mdp) or _reference(mdp)
    default = [_DEFAULT_GEN_TEMP] if generates_velocities(mdp) else []
    found = [*_named(mdp), *kept, *default]
    if not found:
        raise ValueError(
            f"Velocities have to be drawn, and {mdp.original_file!r} names no temperature: set "
            "gen-temp or ref-t."
        )
    return found[0]


def temperature_note(mdp: MDP) -> str:
    """Which temperature is used where the parameters name several; empty where they do not."""
    named, kept = _named(mdp), _kept(mdp)
    if not kept or len({*named, *kept}) == 1:
        return ""
    which = "gen-temp" if named else "the first ref-t"
    reference = " ".join(f"{kelvin:g}" for kelvin in kept)
    return (
        f"{which} in {mdp.original_file!r} is {temperature_of(mdp):g} K, at which velocities are "
        f"drawn, and the thermostat keeps ref-t = {reference} K"
    )


def generates_velocities(mdp: MDP) -> bool:
    """Whether the beginning gets new velocities anyway."""
    return folded(str(mdp.get("gen-vel", "no"))) == "yes"


def has_noise(mdp: MDP) -> bool:
    """Whether random numbers act on all atoms in each step, or every few (``v-rescale``).

    The collisions of ``andersen`` come now and then only.
    """
    if not _kept(mdp):
        return False
    return _integrator(mdp) in _STOCHASTIC or _coupling(mdp) == folded("v-rescale")


def _named(mdp: MDP) -> list[float]:
    return [float(mdp["gen-temp"])] if "gen-temp" in mdp else []


def _kept(mdp: MDP) -> list[float]:
    """Temperatures in K that a thermostat keeps."""
    if _integrator(mdp) not in _STOCHASTIC and _coupling(mdp) == "no":
        return []
    reference = _reference(mdp)
    times = _numbers(mdp.get("tau-t", []))
    if len(times) != len(reference):
        return reference
    if _integrator(mdp) == "bd" and float(mdp.get("bd-fric", 0)) > 0:
        return reference  # tau-t is not read
    return [kelvin for kelvin, time in zip(reference, times, strict=True) if time > 0]


def _reference(mdp: MDP) -> list[float]:
    return _numbers(mdp.get("ref-t", []))


def _numbers(value: Any) -> list[float]:
    return [float(number) for number in (value if isinstance(value, list | tuple) else [value])]


def _integrator(mdp: MDP) -> str:
    return folded(str(mdp.get("integrator", "md")))


def _coupling(mdp: MDP) -> str:
    return folded(str(mdp.get("tcoupl", "no")))
