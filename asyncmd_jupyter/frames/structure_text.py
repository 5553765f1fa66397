"""Structures as text: PDB for viewers, PSF for all that PDB can't hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.frames.structure import PDB_ATOMS, PDB_RESIDS, Structure

T = TypeVar("T")

# Of polymers, which viewers draw as such; everything else is a HETATM.
_AMINO_ACIDS = (
    *("ALA", "ARG", "ASN", "ASP", "CYS", "GLN", "GLU", "GLY", "HIS", "ILE"),
    *("LEU", "LYS", "MET", "PHE", "PRO", "SER", "THR", "TRP", "TYR", "VAL"),
)
_POLYMERS = frozenset({*_AMINO_ACIDS, "A", "C", "G", "U", "I", "DA", "DC", "DG", "DT", "DI"})
_EXTRA_PARTICLE = "EP"  # OpenMM's readers and writers call it so
_BONDS_A_LINE = 4
_PSF_SECTIONS = {
    "bonds": ("NBOND", 4),
    "angles": ("NTHETA", 3),
    "dihedrals": ("NPHI", 2),
    "impropers": ("NIMPHI", 2),
}
_NARROW = (-999.9995, 9999.9995)  # Å, between which three decimals fit
NO_ELEMENT = "X"  # in the column of types, such as for virtual sites
_EMPTY = {"segid": "SYSTEM", "resname": "UNK", "name": "X", "type": NO_ELEMENT}


def pdb_text(
    structure: Structure, positions: NDArray[np.float64], box: NDArray[np.float64] | None
) -> str:
    """Write a PDB file; what its columns are too narrow for is cut or wrapped.

    Parameters
    ----------
    structure : Structure
    positions : NDArray
        nm, shape (n_atoms, 3).
    box : NDArray or None
        Box vectors as rows, nm.

    Raises
    ------
    ValueError
        If a position is not finite or too far away to be written.
    """
    lines = [] if box is None else [_cryst1(10 * box)]
    lines += _pdb_atoms(structure, 10 * np.asarray(positions, dtype=np.float64))
    if structure.n_atoms <= PDB_ATOMS:
        lines += _conect(structure)
    return "\n".join([*lines, "END", ""])


def psf_text(
    structure: Structure,
    types: NDArray[np.str_] | None = None,
    terms: Mapping[str, NDArray[np.int64]] | None = None,
) -> str:
    """Write a PSF file in the flavour of NAMD, whose columns are as wide as they have to be.

    Parameters
    ----------
    structure : Structure
    types : NDArray of str, optional
        Of the atoms; by default the symbols of their elements.
    terms : Mapping, optional
        ``angles``, ``dihedrals`` and ``impropers`` as indices of atoms.
    """
    lines = ["PSF NAMD", "", "       1 !NTITLE", " REMARKS written by asyncmd-jupyter", ""]
    types = structure.elements if types is None else types
    lines += [f"{structure.n_atoms:8d} !NATOM", *_psf_atoms(structure, types), ""]
    known = {"bonds": structure.bonds, **(terms or {})}
    for what, (section, a_line) in _PSF_SECTIONS.items():
        rows = known.get(what, np.zeros((0, 2), np.int64))
        lines += [f"{len(rows):8d} !{section}: {what}", *_psf_indices(rows, a_line), ""]
    return "\n".join(lines)


def _pdb_atoms(structure: Structure, positions: NDArray[np.float64]) -> Iterator[str]:
    residues = [_pdb_residue(structure, number) for number in range(len(structure.resids))]
    ends = np.flatnonzero(np.diff(structure.residue_of)).tolist()
    chain_ends = {end for end in ends if _ends_chain(structure, structure.residue_of[end])}
    rows = zip(
        structure.names.tolist(),
        structure.elements.tolist(),
        structure.residue_of.tolist(),
        _columns_of(positions),
        strict=True,
    )
    for i, (name, element, residue, where) in enumerate(rows):
        record, place, segid = residues[residue]
        yield (
            f"{record:6s}{(i + 1) % 100_000:5d} {_pdb_name(name, element):4s} {place}   "
            f"{where}  1.00  0.00      {segid:4s}{element or _EXTRA_PARTICLE:>2s}"
        )
        if i in chain_ends:
            yield "TER"


def _pdb_residue(structure: Structure, number: int) -> tuple[str, str, str]:
    """Record, columns 18 to 27, and segment of the atoms of a residue."""
    name = str(structure.resnames[number])
    chain, segid = str(structure.chains[number]), str(structure.segids[number])
    resid, icode = _wrapped(int(structure.resids[number])), str(structure.icodes[number])
    record = "ATOM" if name in _POLYMERS else "HETATM"
    shown = f"{name:>3s} " if len(name) < 4 else name[:4]
    place = f"{shown}{chain:1.1s}{resid:4d}{icode:1.1s}"
    return record, place, "" if segid == chain else segid[:4]


def _ends_chain(structure: Structure, residue: int) -> bool:
    here, there = (residue, residue + 1)
    same_chain = structure.chains[here] == structure.chains[there]
    return not (same_chain and structure.segids[here] == structure.segids[there])


def _pdb_name(name: str, element: str) -> str:
    """Elements of one letter stand in the second column."""
    indented = len(name) < 4 and name[:1].isalpha() and len(element) < 2
    return f" {name}" if indented else name[:4]


def _wrapped(resid: int) -> int:
    """A residue number in four columns, as GROMACS and MDAnalysis write it."""
    low, high = PDB_RESIDS
    return resid if low <= resid <= high else resid % (high + 1)


def _columns_of(positions: NDArray[np.float64]) -> Iterator[str]:
    """Positions in Å in columns 31 to 54, with fewer decimals where they need the room."""
    wide = ~np.all((positions > _NARROW[0]) & (positions < _NARROW[1]), axis=1)
    for place, is_wide in zip(positions.tolist(), wide.tolist(), strict=True):
        x, y, z = place
        yield "".join(map(_in_8, place)) if is_wide else f"{x:8.3f}{y:8.3f}{z:8.3f}"


def _in_8(value: float) -> str:
    text = f"{value:.3f}"[:8]
    if "." not in text:
        raise ValueError(f"A position of {value / 10:g} nm can't be written to a PDB file.")
    return f"{text:>8s}"


def _cryst1(box: NDArray[np.float64]) -> str:
    lengths = np.linalg.norm(box, axis=1)
    pairs = ((1, 2), (0, 2), (0, 1))
    cosines = [box[i] @ box[j] / (lengths[i] * lengths[j]) for i, j in pairs]
    a, b, c = lengths
    alpha, beta, gamma = np.degrees(np.arccos(cosines))
    return f"CRYST1{a:9.3f}{b:9.3f}{c:9.3f}{alpha:7.2f}{beta:7.2f}{gamma:7.2f} P 1           1 "


def _conect(structure: Structure) -> Iterator[str]:
    both = np.concatenate([structure.bonds, structure.bonds[:, ::-1]]) + 1
    both = both[np.lexsort((both[:, 1], both[:, 0]))]
    partners: dict[int, list[int]] = {}
    for atom, other in both.tolist():
        partners.setdefault(atom, []).append(other)
    for atom, others in partners.items():
        for some in _batches(others, _BONDS_A_LINE):
            yield f"CONECT{atom:5d}" + "".join(f"{other:5d}" for other in some)


def _psf_atoms(structure: Structure, types: NDArray[np.str_]) -> Iterator[str]:
    segids = _words("segid", structure.segids)
    resnames = _words("resname", structure.resnames)
    numbers = [f"{r}{c}" for r, c in zip(structure.resids, structure.icodes, strict=True)]
    residues = [" ".join(row) for row in zip(segids, numbers, resnames, strict=True)]
    rows = zip(
        structure.residue_of.tolist(),
        _words("name", structure.names),
        _words("type", types),
        structure.charges.tolist(),
        structure.masses.tolist(),
        strict=True,
    )
    for i, (residue, name, kind, charge, mass) in enumerate(rows, 1):
        yield f"{i:8d} {residues[residue]} {name} {kind} {charge:10.6f} {mass:13.5f} 0"


def _psf_indices(rows: NDArray[np.int64], a_line: int) -> Iterator[str]:
    numbers = (f" {number:7d}" for number in (rows + 1).ravel().tolist())
    yield from map("".join, _batches(numbers, rows.shape[1] * a_line))


def _words(what: str, values: NDArray[np.str_]) -> list[str]:
    """Words without blanks, which separate the columns; none is empty."""
    told = {value: "_".join(value.split()) or _EMPTY[what] for value in set(values.tolist())}
    return [told[value] for value in values.tolist()]


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    found = iter(items)
    while some := list(islice(found, size)):
        yield some
