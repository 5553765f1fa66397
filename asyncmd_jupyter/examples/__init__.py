"""Molecules to try things with; `notebooks/systems` says how they were made."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from asyncmd_jupyter.files.writing import new_file

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class GromacsFiles:
    """What a GROMACS simulation begins with.

    Attributes
    ----------
    mdp, gro, top : Path
        Parameters, structure, topology.
    """

    mdp: Path
    gro: Path
    top: Path


def alanine_dipeptide(folder: str | os.PathLike[str] = ".") -> Path:
    """Copy a PDB file of ACE-ALA-NME (22 atoms), halfway between its states alphaR and C7eq.

    Parameters
    ----------
    folder : path
        Where ``alanine_dipeptide.pdb`` is written, in place of one that is there and
        differs.

    Returns
    -------
    Path
        The copy: what is cached of a trajectory lies beside its file, which should not be
        in the package.
    """
    return _copied(_FOLDER / "alanine_dipeptide.pdb", folder)


def alanine_dipeptide_gromacs(
    folder: str | os.PathLike[str] = ".", solvated: bool = False
) -> GromacsFiles:
    """Copy GROMACS' input files for ACE-ALA-NME: in vacuum, or in a small box of water.

    The torsions are those of atoms 4, 6, 8, 14 (phi) and 6, 8, 14, 16 (psi), counted from 0
    as MDAnalysis does; the order of atoms is that of `alanine_dipeptide`, too. Molecules
    cross the borders of their box, so measure torsions with it::

        universe = mda.Universe(traj.structure_file, *traj.trajectory_files)
        positions = universe.trajectory.timeseries(order="fac")
        atoms = (positions[:, atom] for atom in (6, 8, 14, 16))
        psi = np.degrees(calc_dihedrals(*atoms, box=universe.dimensions))

    The start (phi -75, psi 90 degrees, with velocities of 300 K) lies between the states:

    ======= ======= ============================
    system  state   where (degrees)
    ======= ======= ============================
    vacuum  C7eq    phi < 0, 20 < psi < 80
    vacuum  C5      phi < 0, psi > 130 or < -160
    water   C7eq    phi < 0, psi > 120 or < -160
    water   alphaR  phi < 0, -100 < psi < 0
    ======= ======= ============================

    One of the two is reached after some ps; in water that is C7eq, 11 times in 12.

    Parameters
    ----------
    folder : path
        Where the files are written, in place of those that are there and differ:
        ``alanine_dipeptide_vacuum.mdp``, ``.gro`` and ``.top``, or
        ``alanine_dipeptide_water.…``.
    solvated : bool
        With 383 molecules of water (1,171 atoms): a hundred times slower than the 22 atoms
        in vacuum.

    Returns
    -------
    GromacsFiles
        ``GmxEngine(MDP(files.mdp), files.gro, files.top)`` makes an engine of them. The
        topology names a force field (amber99sb-ildn) that comes with GROMACS.
    """
    name = f"alanine_dipeptide_{'water' if solvated else 'vacuum'}"
    sources = (_FOLDER / "gromacs" / f"{name}.{ending}" for ending in ("mdp", "gro", "top"))
    return GromacsFiles(*(_copied(source, folder) for source in sources))


def _copied(source: Path, folder: str | os.PathLike[str]) -> Path:
    """Copy a file unless the same is there: something may be reading it."""
    target, data = Path(folder) / source.name, source.read_bytes()
    if not (target.is_file() and target.read_bytes() == data):
        with new_file(target, overwrite=True) as file:
            file.write(data)
    return target
