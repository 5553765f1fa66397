"""How a System treats its interactions: method, cut-off, constraints, box."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.engines.openmm.topology import is_water

_METHODS = ("NoCutoff", "CutoffNonPeriodic", "CutoffPeriodic", "Ewald", "PME", "LJPME")
_PAIRS = ("NonbondedForce", "AmoebaMultipoleForce", "HippoNonbondedForce", "CustomNonbondedForce")
_IMPLICIT = ("GBSAOBCForce", "CustomGBForce", "AmoebaGeneralizedKirkwoodForce")
_ORDINARY_HYDROGEN = 1.1  # amu
_CORRECTIONS = ("getUseDispersionCorrection", "getUseLongRangeCorrection")


@dataclass(frozen=True)
class SystemSettings:
    """What an OpenMM System says of itself, however it was made; printed, it is one line.

    Attributes
    ----------
    nonbonded_method : str or None
        As in ``openmm.app``: ``NoCutoff``, ``CutoffNonPeriodic``, ``CutoffPeriodic``, ``Ewald``,
        ``PME`` or ``LJPME``; None without such a force.
    cutoff : float or None
        nm; None where there is none.
    switching_distance : float or None
        nm, from which Lennard-Jones potentials are switched off; None if they are not.
    dispersion_correction : bool or None
        Whether attraction beyond the cut-off is corrected for; None without periodic boundaries.
    implicit_solvent : str or None
        Name of its force.
    constraints : str
        ``None``, ``HBonds``, ``AllBonds``, ``HAngles``, or ``some`` for any others. Those that
        make water rigid do not count, see `rigid_water`.
    n_constraints : int
        All, those of water included.
    rigid_water : bool or None
        None without water.
    hydrogen_mass : float or None
        amu, of the heaviest hydrogen where masses were repartitioned (``hydrogenMass``), which
        leaves rigid water as it is; None where all have a mass of their own.
    box : tuple or None
        Box vectors as rows, nm; None without periodic boundaries.
    """

    nonbonded_method: str | None
    cutoff: float | None
    switching_distance: float | None
    dispersion_correction: bool | None
    implicit_solvent: str | None
    constraints: str
    n_constraints: int
    rigid_water: bool | None
    hydrogen_mass: float | None
    box: tuple[tuple[float, ...], ...] | None

    @classmethod
    def of(
        cls,
        system: Any,
        topology: Any,
        constraints: NDArray[np.int64],
        box: NDArray[np.float64] | None,
    ) -> Self:
        """Read them.

        Parameters
        ----------
        system : openmm.System
        topology : openmm.app.Topology
        constraints : array
            Pairs of particles, shape (n_constraints, 2).
        box : array or None
            Box vectors as rows, nm.
        """
        cutting = _with_cutoff(system)
        method = _method_of(cutting[0]) if cutting else None
        is_cut = method not in (None, "NoCutoff")
        in_water = _atoms_of_water(topology)
        return cls(
            nonbonded_method=method,
            cutoff=_in_nm(cutting[0].getCutoffDistance()) if is_cut else None,
            switching_distance=_switching(cutting) if is_cut else None,
            dispersion_correction=None if box is None else _is_corrected(cutting),
            implicit_solvent=_implicit_solvent(system),
            constraints=_kind_of_constraints(topology, constraints, in_water),
            n_constraints=len(constraints),
            rigid_water=_is_rigid(constraints, in_water),
            hydrogen_mass=_repartitioned(system, topology),
            box=None if box is None else tuple(tuple(map(float, row)) for row in box),
        )

    def to_json(self) -> dict[str, Any]:
        """As records of origin keep them: what there is."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def __str__(self) -> str:
        """In words, such as ``PME, cut-off 1 nm, constraints HBonds (12), no box``."""
        method = self.nonbonded_method or "no nonbonded force"
        parts = [method, *self._about_cutoff()]
        if self.implicit_solvent is not None:
            parts.append(f"implicit solvent ({self.implicit_solvent})")
        number = f" ({self.n_constraints})" if self.n_constraints else ""
        parts.append(f"constraints {self.constraints}{number}")
        if self.rigid_water is not None:
            parts.append("rigid water" if self.rigid_water else "flexible water")
        if self.hydrogen_mass is not None:
            parts.append(f"hydrogens of {self.hydrogen_mass:.4g} amu")
        return ", ".join([*parts, self._about_box()])

    def _about_cutoff(self) -> list[str]:
        if self.cutoff is None:
            return []
        switch = self.switching_distance
        corrected = {None: [], True: ["dispersion correction"], False: ["no dispersion correction"]}
        return [
            f"cut-off {self.cutoff:g} nm",
            "no switching" if switch is None else f"switching from {switch:g} nm",
            *corrected[self.dispersion_correction],
        ]

    def _about_box(self) -> str:
        if self.box is None:
            return "no box"
        lengths = " x ".join(f"{length:.4g}" for length in np.linalg.norm(self.box, axis=1))
        off_diagonal = np.array(self.box)[[1, 2, 2], [0, 0, 1]]
        return f"{'triclinic ' if np.any(off_diagonal) else ''}box {lengths} nm"


def _with_cutoff(system: Any) -> list[Any]:
    """Forces between pairs of particles, the one with the charges first."""
    forces = system.getForces()
    return [force for kind in _PAIRS for force in forces if type(force).__name__ == kind]


def _method_of(force: Any) -> str:
    number = force.getNonbondedMethod()
    return next(name for name in _METHODS if getattr(type(force), name, None) == number)


def _in_nm(length: Any) -> float:
    from openmm import unit

    return float(length.value_in_unit(unit.nanometer))


def _switching(forces: list[Any]) -> float | None:
    switched = [
        force
        for force in forces
        if hasattr(force, "getUseSwitchingFunction") and force.getUseSwitchingFunction()
    ]
    return _in_nm(switched[0].getSwitchingDistance()) if switched else None


def _is_corrected(forces: list[Any]) -> bool | None:
    told = [
        getattr(force, name)() for force in forces for name in _CORRECTIONS if hasattr(force, name)
    ]
    return all(told) if told else None


def _implicit_solvent(system: Any) -> str | None:
    kinds = [type(force).__name__ for force in system.getForces()]
    return next((kind.removesuffix("Force") for kind in kinds if kind in _IMPLICIT), None)


def _repartitioned(system: Any, topology: Any) -> float | None:
    """Mass of the heaviest hydrogen in amu, if it is not the usual one."""
    from openmm import unit

    hydrogens = [a.index for a in topology.atoms() if a.element and a.element.atomic_number == 1]
    masses = [system.getParticleMass(one).value_in_unit(unit.dalton) for one in hydrogens]
    heaviest = max(masses, default=0.0)
    return float(heaviest) if heaviest > _ORDINARY_HYDROGEN else None


def _atoms_of_water(topology: Any) -> NDArray[np.bool_]:
    told = np.zeros(topology.getNumAtoms(), dtype=bool)
    for residue in topology.residues():
        if is_water(residue):
            told[[atom.index for atom in residue.atoms()]] = True
    return told


def _is_rigid(pairs: NDArray[np.int64], in_water: NDArray[np.bool_]) -> bool | None:
    """Whether each atom of water with a mass of its own is at two fixed distances."""
    if not in_water.any():
        return None
    times = np.bincount(pairs.ravel(), minlength=len(in_water))[in_water]
    return bool(np.isin(times, (0, 2)).all() and times.any())


def _kind_of_constraints(
    topology: Any, pairs: NDArray[np.int64], in_water: NDArray[np.bool_]
) -> str:
    bonds, with_h = _bonds(topology)
    fixed = {frozenset(pair) for pair in pairs.tolist()}
    counts = [not in_water[list(bond)].all() for bond in bonds]
    others = [bond for bond, is_other in zip(bonds, counts, strict=True) if is_other]
    if not others:  # water, or no bonds at all
        if not fixed or _is_rigid(pairs, in_water):
            return "None"
        return "HBonds" if fixed == set(bonds) else "some"
    fixed = {pair for pair in fixed if not in_water[list(pair)].all()}
    if not fixed:
        return "None"
    if fixed == with_h.intersection(others):
        return "HBonds"
    if fixed == set(others):
        return "AllBonds"
    return "HAngles" if fixed.issuperset(others) else "some"


def _bonds(topology: Any) -> tuple[list[frozenset[int]], set[frozenset[int]]]:
    """All bonds, and those to hydrogen."""
    bonds, with_h = [], set()
    for one, other in topology.bonds():
        bond = frozenset((one.index, other.index))
        bonds.append(bond)
        if any(a.element is not None and a.element.atomic_number == 1 for a in (one, other)):
            with_h.add(bond)
    return bonds, with_h
