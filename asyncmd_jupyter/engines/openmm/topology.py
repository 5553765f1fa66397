"""What OpenMM's objects say of the atoms: names, numbers, masses, charges, bonds."""

from __future__ import annotations

import re
import warnings
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.frames.structure import Structure

_LAST_KNOWN_ELEMENT = 103  # of heavier ones readers know no mass, or another one
_PDB_NUMBERS = 10_000  # that fit into the columns, and begin again at 0
_WATER = ["H", "H", "O"]


def structure_of(topology: Any, system: Any) -> Structure:
    """Names and numbers of an ``openmm.app.Topology``, masses and charges of a System."""
    residues, atoms = list(topology.residues()), list(topology.atoms())
    chains = [residue.chain.id.strip() for residue in residues]
    weights = {element: _element_mass(element) for element in {atom.element for atom in atoms}}
    known = np.array([weights[atom.element] for atom in atoms], dtype=np.float64)
    bonds = [(bond[0].index, bond[1].index) for bond in topology.bonds()]
    return Structure(
        names=_words(atom.name for atom in atoms),
        elements=_words(atom.element.symbol if atom.element else "" for atom in atoms),
        masses=_masses(system, known),
        element_masses=known,
        charges=_charges(system),
        residue_of=np.array([atom.residue.index for atom in atoms], dtype=np.int64),
        resnames=_words(residue.name for residue in residues),
        resids=_numbers([str(residue.id) for residue in residues], chains),
        icodes=_words(residue.insertionCode.strip() for residue in residues),
        chains=_words(_letter(residue.chain) for residue in residues),
        segids=_words(chains),
        bonds=np.array(bonds, dtype=np.int64).reshape(-1, 2),
    )


def particle_topology(n_particles: int) -> Any:
    """A topology of single particles, for model potentials.

    They are drawn as argon, an element that all viewers and readers know.
    """
    from openmm import app

    topology = app.Topology()
    chain, argon = topology.addChain("A"), app.Element.getBySymbol("Ar")
    for _ in range(n_particles):
        topology.addAtom("P", argon, topology.addResidue("PAR", chain))
    return topology


def is_water(residue: Any) -> bool:
    """Whether a residue is a molecule of water, with or without virtual sites."""
    return sorted(a.element.symbol for a in residue.atoms() if a.element is not None) == _WATER


def _words(values: Any) -> NDArray[np.str_]:
    return np.array([value.strip() for value in values], dtype=np.str_)


def _element_mass(element: Any) -> float:
    from openmm import unit

    if element is None or element.symbol == "D" or element.atomic_number > _LAST_KNOWN_ELEMENT:
        return float("nan")
    return float(element.mass.value_in_unit(unit.dalton))


def _masses(system: Any, known: NDArray[np.float64]) -> NDArray[np.float64]:
    """Masses of the particles; an atom that is held fixed by a mass of 0 weighs what it is."""
    from openmm import unit

    n_atoms = system.getNumParticles()
    masses = [system.getParticleMass(i).value_in_unit(unit.dalton) for i in range(n_atoms)]
    array = np.array(masses, dtype=np.float64)
    return np.where((array == 0) & np.isfinite(known), known, array)


def _charges(system: Any) -> NDArray[np.float64]:
    import openmm
    from openmm import unit

    n_atoms = system.getNumParticles()
    for force in system.getForces():
        if isinstance(force, openmm.NonbondedForce):
            charges = [force.getParticleParameters(i)[0] for i in range(n_atoms)]
            return np.array([charge.value_in_unit(unit.elementary_charge) for charge in charges])
    return np.zeros(n_atoms)


def _letter(chain: Any) -> str:
    """What stands for a chain where there is room for one letter."""
    name: str = chain.id.strip()
    return name if len(name) < 2 else chr(ord("A") + chain.index % 26)


def _numbers(ids: list[str], chains: list[str]) -> NDArray[np.int64]:
    """The numbers of residues, which begin at 0 again where a PDB file has no more room."""
    odd = next((one for one in ids if not re.fullmatch(r"[+-]?\d+", one.strip())), None)
    if odd is not None:
        warnings.warn(
            f"The topology has a residue with the id {odd!r}, which is not a number: in the "
            "structure files all residues are numbered from 1. Give other ids, or a "
            "structure_file of your own.",
            stacklevel=2,
        )
        return np.arange(1, len(ids) + 1)
    numbers = np.array([int(one) for one in ids], dtype=np.int64)
    same_chain = np.array([a == b for a, b in pairwise(chains)], dtype=bool)
    begins = (numbers[:-1] == _PDB_NUMBERS - 1) & (numbers[1:] == 0) & same_chain
    return numbers + _turns(numbers, begins, chains) * _PDB_NUMBERS


def _turns(
    numbers: NDArray[np.int64], begins: NDArray[np.bool_], chains: list[str]
) -> NDArray[np.int64]:
    """How often the numbers have begun again in the chain of each residue."""
    turns = np.concatenate([[0], np.cumsum(begins)]).astype(np.int64)[: len(numbers)]
    starts = [i for i in range(len(chains)) if not i or chains[i] != chains[i - 1]]
    lengths = np.diff([*starts, len(chains)])
    return turns - np.repeat(turns[starts], lengths)
