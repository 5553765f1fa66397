"""The part of a structure that is worth showing, as PDB text for the browser."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.frames.mdanalysis import structure_as_pdb
from asyncmd_jupyter.jupyter.widgets.residues import Kind, kind_of
from asyncmd_jupyter.jupyter.widgets.thinning import MOST_ATOMS, Atoms, thinned

MOST_WATERS = 500


@dataclass(frozen=True, eq=False)
class ShownStructure:
    """What a view shows of a system.

    Attributes
    ----------
    lines : tuple of str
        The shown atoms, as in a PDB file.
    chosen : NDArray or None
        Their indices in the system; None for all atoms.
    kinds : dict
        Kind -> names of the residues of that kind that are shown.
    counts : dict
        Kind -> residues shown.
    n_waters_there : int
        Water molecules of the system, shown or not.
    elements : tuple of str
        Of the shown atoms.
    anchors : NDArray
        Shown atoms by which pictures are laid over each other.
    traces_only : bool
        Whether polymers have been reduced to one atom for each residue.
    note : str
        What was left out, in words; empty if nothing was.
    """

    lines: tuple[str, ...]
    chosen: NDArray[np.int64] | None
    kinds: dict[Kind, frozenset[str]]
    counts: dict[Kind, int]
    n_waters_there: int
    elements: tuple[str, ...]
    anchors: NDArray[np.int64] = field(repr=False)
    traces_only: bool = False
    note: str = ""

    @property
    def n_atoms(self) -> int:
        """Atoms shown."""
        return len(self.lines)

    @property
    def shows_water(self) -> bool:
        """Whether water is among the shown atoms."""
        return Kind.WATER in self.kinds

    def pdb(self, copies: int = 1) -> str:
        """Write a PDB file with this many models."""
        if copies == 1:
            return "\n".join([*self.lines, "END"])
        body = "\n".join(self.lines)
        models = (f"MODEL     {i + 1:4d}\n{body}\nENDMDL" for i in range(copies))
        return "\n".join([*models, "END"])


def shown_structure(
    structure_file: Path, *, water: bool | None = None, most_atoms: int = MOST_ATOMS
) -> ShownStructure:
    """Read a structure; blocks, so call it in a thread.

    PDB files go to the browser as they are, everything else through MDAnalysis.

    Parameters
    ----------
    structure_file : path
    water : bool, optional
        Whether it is wanted; by default if there is little.
    most_atoms : int
        Of larger systems only a part is shown.
    """
    lines = _atom_lines(structure_file)
    residues = list(_residues(lines))
    kind_by_name: dict[str, Kind] = {}
    for first, last in residues:
        name = lines[first][17:21].strip()
        if name not in kind_by_name:
            names = [line[12:16].strip() for line in lines[first:last]]
            kind_by_name[name] = kind_of(name, names)
    resnames = [lines[first][17:21].strip() for first, _ in residues]
    sizes = [last - first for first, last in residues]
    kinds = np.repeat([kind_by_name[n].value for n in resnames], sizes)
    n_waters = sum(kind_by_name[name] is Kind.WATER for name in resnames)
    atoms = Atoms(
        names=np.array([line[12:16].strip() for line in lines]),
        elements=np.array([element_of(line) for line in lines]),
        kinds=kinds,
    )
    wanted = n_waters <= MOST_WATERS if water is None else water
    kept = thinned(atoms, water=wanted, most=most_atoms)
    residue_of = np.repeat(np.arange(len(residues)), sizes)
    shown = {resnames[i] for i in np.unique(residue_of[kept.indices])}
    counts = [kind_by_name[resnames[i]] for i in np.unique(residue_of[kept.indices])]
    return ShownStructure(
        lines=tuple(lines[i] for i in kept.indices),
        chosen=None if len(kept.indices) == len(lines) else kept.indices,
        kinds={
            kind: frozenset(n for n in shown if kind_by_name[n] is kind)
            for kind in Kind
            if kind in counts
        },
        counts={kind: counts.count(kind) for kind in Kind if kind in counts},
        n_waters_there=n_waters,
        elements=tuple(atoms.elements[kept.indices].tolist()),
        anchors=_anchors(atoms.taken(kept.indices)),
        traces_only=kept.traces_only,
        note=kept.note(len(lines)),
    )


def element_of(line: str) -> str:
    """Tell the element of an atom of a PDB file, if need be by its name."""
    named = line[76:78].strip().title() if len(line) >= 78 else ""
    return named or line[12:16].strip().lstrip("0123456789")[:1].upper()


def _atom_lines(structure_file: Path) -> list[str]:
    is_pdb = structure_file.suffix.lower() in (".pdb", ".ent")
    text = (
        structure_file.read_text("utf-8", "replace") if is_pdb else structure_as_pdb(structure_file)
    )
    lines = text.splitlines()
    end = next((i for i, line in enumerate(lines) if line.startswith("ENDMDL")), len(lines))
    return [line for line in lines[:end] if line.startswith(("ATOM", "HETATM"))]


def _residues(lines: list[str]) -> Iterator[tuple[int, int]]:
    """Find runs of lines with the same chain, number and name."""
    first = 0
    for i in range(1, len(lines) + 1):
        if i == len(lines) or lines[i][17:27] != lines[first][17:27]:
            yield first, i
            first = i


def _anchors(atoms: Atoms) -> NDArray[np.int64]:
    """Choose C-alpha atoms (or phosphorus) where there are enough, else all heavy atoms."""
    polymer = np.isin(atoms.kinds, (Kind.PROTEIN.value, Kind.NUCLEIC.value))
    trace = np.flatnonzero(polymer & np.isin(atoms.names, ("CA", "P")))
    if len(trace) >= 4:
        return trace
    loose = np.isin(atoms.kinds, (Kind.WATER.value, Kind.ION.value))
    return np.flatnonzero(~loose & (atoms.elements != "H"))
