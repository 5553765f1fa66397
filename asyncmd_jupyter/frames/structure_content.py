"""Structure files that hold all but positions: PSF, or DMS (SQLite) for negative numbers."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.frames.structure import Structure
from asyncmd_jupyter.frames.structure_text import psf_text

_TABLES = """
CREATE TABLE particle (id integer primary key, anum integer, name text, resname text,
    resid integer, chain text, segid text, mass float, charge float,
    x float, y float, z float, vx float, vy float, vz float);
CREATE TABLE bond (p0 integer, p1 integer, "order" integer);
CREATE TABLE global_cell (id integer primary key, x float, y float, z float);
"""
_NO_MOTION = (0.0,) * 6


def structure_content(
    structure: Structure,
    types: NDArray[np.str_] | None = None,
    terms: Mapping[str, NDArray[np.int64]] | None = None,
) -> bytes:
    """Content of the file, PSF or DMS, that holds all but positions.

    Parameters are those of `psf_text`; a DMS file has no room for types and terms.
    """
    if np.any(structure.resids < 0):
        return dms_bytes(structure)
    return psf_text(structure, types, terms).encode()


def dms_bytes(structure: Structure) -> bytes:
    """Content of a DMS file without positions."""
    of = structure.residue_of
    columns = (
        np.arange(structure.n_atoms),
        np.zeros(structure.n_atoms, np.int64),
        structure.names,
        *(values[of] for values in (structure.resnames, structure.resids, structure.chains)),
        *(structure.segids[of], structure.masses, structure.charges),
    )
    rows = zip(*(column.tolist() for column in columns), strict=True)
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript(_TABLES)
        marks = ", ".join("?" * (len(columns) + len(_NO_MOTION)))
        atoms = (row + _NO_MOTION for row in rows)
        database.executemany(f"INSERT INTO particle VALUES ({marks})", atoms)  # noqa: S608
        database.executemany("INSERT INTO bond VALUES (?, ?, 1)", structure.bonds.tolist())
        database.executemany("INSERT INTO global_cell VALUES (?, 0, 0, 0)", [(1,), (2,), (3,)])
        database.commit()
        return database.serialize()
