"""Names and numbers as in the user's files, where OpenMM's readers put others in their place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from asyncmd_jupyter.engines.residue_numbers import own_numbers
from asyncmd_jupyter.texts import read_text

_ATOM_NAME, _RESNAME, _RESID, _ALTERNATIVE = slice(12, 16), slice(17, 21), slice(22, 26), 16


def restore_names(topology: Any, pdb_file: Path) -> None:
    """Give atoms and residues the names of a PDB file; OpenMM's reader has standard ones.

    Nothing is changed where the lines of the file are not those of the topology's atoms.
    """
    lines = _atom_lines(read_text(pdb_file))
    atoms = list(topology.atoms())
    if len(lines) != len(atoms):
        return
    rows = list(zip(atoms, lines, strict=True))
    if any(atom.residue.id.strip() != line[_RESID].strip() for atom, line in rows):
        return
    for atom, line in rows:
        atom.name = line[_ATOM_NAME].strip()
        atom.residue.name = line[_RESNAME].strip()


def restore_numbers(topology: Any, gro_file: Path) -> None:
    """Give residues the numbers of a GRO file; OpenMM's reader of topologies counts them."""
    numbers = own_numbers(gro_file)
    if numbers is not None and len(numbers) == topology.getNumAtoms():
        for residue in topology.residues():
            residue.id = str(numbers[next(residue.atoms()).index])


def _atom_lines(text: str) -> list[str]:
    """Lines of the atoms of the first model, of alternative locations the first ones."""
    found: list[str] = []
    seen: set[str] = set()
    for line in text.splitlines():
        if line.startswith("ENDMDL"):
            break
        if line.startswith(("ATOM", "HETATM")):
            atom = line[_ATOM_NAME] + line[_RESNAME] + line[21:27]
            if line[_ALTERNATIVE : _ALTERNATIVE + 1].strip() and atom in seen:
                continue
            seen.add(atom)
            found.append(line)
    return found
