"""Arguments of ``createSystem``: those that are given, and defaults for all others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from asyncmd_jupyter.engines.openmm.physics import in_nanometers, positive

CUTOFF = 1.0  # nm
CHARMM_CUTOFF = 1.2  # nm: force fields of CHARMM were made with it
CHARMM_SWITCHED = 0.2  # nm below the cut-off, in which Lennard-Jones potentials go to zero
_LENGTHS = ("nonbondedCutoff", "switchDistance")
_CHOICES = {
    "nonbondedMethod": ("NoCutoff", "CutoffNonPeriodic", "CutoffPeriodic", "Ewald", "PME", "LJPME"),
    "constraints": ("HBonds", "AllBonds", "HAngles", "None"),
}


@dataclass(frozen=True)
class SystemInput:
    """What the defaults depend on.

    Attributes
    ----------
    path : Path
        The user's file, for errors.
    box : Quantity or None
        Reduced box vectors.
    has_implicit_solvent : bool
    is_charmm : bool
        Whether the force field is one of CHARMM.
    usual : Mapping
        Defaults that the files bring.
    """

    path: Path
    box: Any
    has_implicit_solvent: bool = False
    is_charmm: bool = False
    usual: Mapping[str, Any] = field(default_factory=dict)


def create_options(given: Mapping[str, Any] | None, about: SystemInput) -> dict[str, Any]:
    """Complete the arguments of ``createSystem``; what is given always wins.

    Parameters
    ----------
    given : Mapping or None
        Lengths may be plain numbers in nm, masses in amu, choices their names.
    about : SystemInput

    Raises
    ------
    ValueError
        For arguments that contradict each other, or what the files hold.
    """
    chosen = _with_units(_with_choices(given or {}))
    made = _defaults(chosen, about) | chosen
    _check_method(made["nonbondedMethod"], about)
    _check_cutoff(made, chosen, about)
    return made


def has_implicit_solvent(forces: Any) -> bool:
    """Whether an ``openmm.app.ForceField`` makes generalized Born or similar forces."""
    kinds = [type(generator).__name__ for generator in forces.getGenerators()]
    is_made = any(word in kind for kind in kinds for word in ("GB", "GeneralizedKirkwood"))
    return is_made or any("gbforce" in script.lower() for script in forces._scripts)


def is_charmm(forces: Any, files: Sequence[str]) -> bool:
    """Whether an ``openmm.app.ForceField`` is one of CHARMM.

    Only these have a Lennard-Jones force of their own, for the pairs of their NBFIX; those with
    Drude oscillators have their name.
    """
    kinds = {type(generator).__name__ for generator in forces.getGenerators()}
    names = [part.lower() for file in files for part in Path(file).parts[-2:]]
    return "LennardJonesGenerator" in kinds or any(name.startswith("charmm") for name in names)


def _with_choices(given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _choice(name, value) if name in _CHOICES else value for name, value in given.items()
    }


def _choice(name: str, value: Any) -> Any:
    """An object of ``openmm.app``; OpenMM takes any other one for no constraints at all."""
    from openmm import app

    known = {each: getattr(app, each, None) for each in _CHOICES[name]}
    if isinstance(value, str) and value in known:
        return known[value]
    if not any(value is each for each in known.values()):
        raise ValueError(
            f"create_system: {name}={value!r} is unknown: give one of {', '.join(known)} of "
            "openmm.app."
        )
    return value


def _with_units(given: Mapping[str, Any]) -> dict[str, Any]:
    from openmm import unit

    chosen = dict(given)
    for name in _LENGTHS:
        value = chosen.get(name)
        if name == "switchDistance" and not value:  # Amber's readers say 0 for none
            chosen |= {name: None} if name in chosen else {}
        elif value is not None:
            chosen[name] = positive(name, value, unit.nanometer) * unit.nanometer
    if (mass := chosen.get("hydrogenMass")) is not None:
        chosen["hydrogenMass"] = positive("hydrogenMass", mass, unit.dalton) * unit.dalton
    return chosen


def _defaults(chosen: Mapping[str, Any], about: SystemInput) -> dict[str, Any]:
    from openmm import app, unit

    without = about.box is None or about.has_implicit_solvent
    method = app.NoCutoff if without else app.PME
    made = {"constraints": app.HBonds, "nonbondedMethod": method, **about.usual}
    if chosen.get("nonbondedMethod", made["nonbondedMethod"]) is app.NoCutoff:
        return {name: value for name, value in made.items() if name not in _LENGTHS}
    made.setdefault(
        "nonbondedCutoff", (CHARMM_CUTOFF if about.is_charmm else CUTOFF) * unit.nanometer
    )
    if about.is_charmm:
        cutoff = chosen.get("nonbondedCutoff", made["nonbondedCutoff"])
        made.setdefault("switchDistance", cutoff - CHARMM_SWITCHED * unit.nanometer)
    return made


def _check_method(method: Any, about: SystemInput) -> None:
    from openmm import app

    sums = (app.Ewald, app.PME, app.LJPME)
    if about.has_implicit_solvent and method in sums:
        raise ValueError(
            f"create_system: nonbondedMethod={method} can't be combined with implicit solvent, "
            "which has no periodic images: leave it out, or give app.CutoffNonPeriodic or "
            "app.CutoffPeriodic."
        )
    if about.box is None and method in (*sums, app.CutoffPeriodic):
        raise ValueError(
            f"create_system: nonbondedMethod={method} needs a box, and {about.path} has none: add "
            "it to the file (CRYST1 in PDB, the last line in GRO and inpcrd), or leave it out."
        )


def _check_cutoff(made: Mapping[str, Any], chosen: Mapping[str, Any], about: SystemInput) -> None:
    from openmm import app, unit

    method = made["nonbondedMethod"]
    if method is app.NoCutoff:
        _refuse_without_effect(chosen, about)
        return
    cutoff, switch = made["nonbondedCutoff"], made.get("switchDistance")
    if switch is not None and not switch < cutoff:
        raise ValueError(
            f"create_system: switchDistance={switch} has to be less than "
            f"nonbondedCutoff={cutoff}{_by_default(chosen)}."
        )
    if about.box is None or method is app.CutoffNonPeriodic:
        return
    width = in_nanometers(about.box).diagonal().min()
    if cutoff > width / 2 * unit.nanometer:
        raise ValueError(
            f"create_system: nonbondedCutoff={cutoff}{_by_default(chosen)} is more than half of "
            f"the box of {about.path} ({width:.4g} nm): give a shorter one, or take a larger box."
        )


def _refuse_without_effect(chosen: Mapping[str, Any], about: SystemInput) -> None:
    names = [name for name in _LENGTHS if chosen.get(name) is not None]
    if not names:
        return
    why = "is given"
    if "nonbondedMethod" not in chosen:
        why = "holds with implicit solvent" if about.has_implicit_solvent else "holds without a box"
    raise ValueError(
        f"create_system: {names[0]}={chosen[names[0]]} has no effect with nonbondedMethod=NoCutoff,"
        f" which {why} ({about.path}): give another method, too, such as app.CutoffNonPeriodic, or "
        f"leave {names[0]} out."
    )


def _by_default(chosen: Mapping[str, Any]) -> str:
    return "" if "nonbondedCutoff" in chosen else " (the default)"
