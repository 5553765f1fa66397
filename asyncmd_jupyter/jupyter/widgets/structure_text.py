"""The part of a structure that is worth showing, as PDB text for the browser."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.frames.mdanalysis import structure_as_pdb

WATERS = frozenset(
    [
        "HOH",
        "WAT",
        "SOL",
        "TIP",
        "TIP3",
        "TP3",
        "TIP4",
        "TP4",
        "T3P",
        "T4P",
        "SPC",
        "H2O",
        "DOD",
        "TIP5",
        "OPC",
    ]
)
MOST_WATERS = 500
SMALL = 100
PROTEIN = frozenset(
    [
        "ALA",
        "ARG",
        "ASN",
        "ASP",
        "CYS",
        "GLN",
        "GLU",
        "GLY",
        "HIS",
        "ILE",
        "LEU",
        "LYS",
        "MET",
        "PHE",
        "PRO",
        "SER",
        "THR",
        "TRP",
        "TYR",
        "VAL",
        "HID",
        "HIE",
        "HIP",
        "HSD",
        "HSE",
        "HSP",
        "CYX",
        "CYM",
        "ASH",
        "GLH",
        "LYN",
    ]
)


@dataclass(frozen=True, eq=False)
class ShownStructure:
    """What a view shows of a system.

    Attributes
    ----------
    pdb : str
        The shown atoms.
    chosen : NDArray or None
        Their indices in the system; None for all atoms.
    n_atoms : int
        Atoms shown.
    n_protein, n_waters : int
        Amino acids and water molecules shown.
    note : str
        What was left out, in words; empty if nothing was.
    """

    pdb: str
    chosen: NDArray[np.int64] | None
    n_atoms: int
    n_protein: int
    n_waters: int
    note: str = ""

    def representations(self) -> list[dict[str, Any]]:
        """Choose how NGL draws the atoms."""
        if self.n_atoms - 3 * self.n_waters < SMALL or self.n_protein < 4:
            shown = [_drawn("ball+stick", "not water" if self.n_waters else "all")]
        else:
            shown = [
                _drawn("cartoon", "protein", color="sstruc"),
                _drawn("licorice", "protein and not hydrogen", radius=0.15, opacity=0.6),
                _drawn("ball+stick", "not protein and not water"),
            ]
        if self.n_waters:
            shown.append(_drawn("line", "water", opacity=0.5))
        return shown


def shown_structure(structure_file: Path) -> ShownStructure:
    """Read a structure; blocks, so call it in a thread.

    PDB files go to the browser as they are, everything else through MDAnalysis. Water is
    left out where there is so much of it that nothing else would be seen.
    """
    is_pdb = structure_file.suffix.lower() in (".pdb", ".ent")
    text = (
        structure_file.read_text("utf-8", "replace") if is_pdb else structure_as_pdb(structure_file)
    )
    atoms = [line for line in _first_model(text) if line.startswith(("ATOM", "HETATM"))]
    wet = np.array([line[17:21].strip() in WATERS for line in atoms], dtype=bool)
    waters = _count_residues(atoms, lambda name: name in WATERS)
    protein = _count_residues(atoms, lambda name: name in PROTEIN)
    if waters <= MOST_WATERS:
        return ShownStructure("\n".join([*atoms, "END"]), None, len(atoms), protein, waters)
    kept = [line for line, is_water in zip(atoms, wet, strict=True) if not is_water]
    note = f"{waters:,} water molecules are not shown."
    pdb = "\n".join([*kept, "END"])
    return ShownStructure(pdb, np.flatnonzero(~wet), len(kept), protein, 0, note)


def _drawn(kind: str, selection: str, **parameters: Any) -> dict[str, Any]:
    return {"type": kind, "params": {"sele": selection, **parameters}}


def _first_model(text: str) -> list[str]:
    lines = text.splitlines()
    end = next((i for i, line in enumerate(lines) if line.startswith("ENDMDL")), len(lines))
    return lines[:end]


def _count_residues(atoms: list[str], wanted: Callable[[str], bool]) -> int:
    """Count runs of lines with the same chain, number and name."""
    count, last = 0, ""
    for line in atoms:
        if line[17:27] != last and wanted(line[17:21].strip()):
            count += 1
        last = line[17:27]
    return count
