"""Periodic boxes in the form that OpenMM takes."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.engines.openmm.physics import in_nanometers

_PLACEHOLDER = 0.1  # nm: "CRYST1 1.000 1.000 1.000" stands for a structure without a crystal
_ROUNDED = 0.0011  # nm: by how much angles in PDB files round the vectors of a box of 10 nm


def reduced_box(box: NDArray[np.floating]) -> NDArray[np.float64]:
    """Box vectors of the same lattice in reduced form.

    A file rounds the vectors of a truncated octahedron, whose ratios are exactly one half, to
    either side of that; OpenMM takes them on one side only.

    Parameters
    ----------
    box : array
        Box vectors as rows of a lower triangular (3, 3) array, nm.

    Returns
    -------
    array
        With ``2 |b_x| <= a_x``, ``2 |c_x| <= a_x`` and ``2 |c_y| <= b_y``.

    Raises
    ------
    ValueError
        For vectors that span no box, or not in this order and orientation.
    """
    a, b, c = vectors = np.array(box, dtype=np.float64)
    if (
        not (np.isfinite(vectors).all() and (np.diag(vectors) > 0).all())
        or np.triu(vectors, 1).any()
    ):
        raise ValueError(
            f"The box {vectors.tolist()} nm can't be used: its first vector has to lie along "
            "x, the second in the x-y plane, and a_x, b_y and c_z have to be positive."
        )
    c -= b * np.round(c[1] / b[1])
    c -= a * np.round(c[0] / a[0])
    b -= a * np.round(b[0] / a[0])
    # Rounding of this arithmetic may leave the last bit on the wrong side.
    b[0], c[0] = np.clip((b[0], c[0]), -a[0] / 2, a[0] / 2)
    c[1] = np.clip(c[1], -b[1] / 2, b[1] / 2)
    return vectors


def real_box(vectors: NDArray[np.floating] | None) -> NDArray[np.float64] | None:
    """Box vectors in reduced form, None for what files hold in place of a missing box.

    That is zeros, and the cube of 1 Å that PDB files have where there is no crystal.
    """
    if (
        vectors is None
        or not np.any(vectors)
        or np.allclose(vectors, _PLACEHOLDER * np.eye(3), atol=1e-6)
    ):
        return None
    return reduced_box(vectors)


def box_of_system(system: Any, topology: Any) -> NDArray[np.float64] | None:
    """The box with which a System is simulated, as OpenMM itself takes it.

    A topology may have another one, which counts for ``createSystem`` only: that is said.

    Parameters
    ----------
    system : openmm.System
    topology : openmm.app.Topology

    Returns
    -------
    array or None
        Box vectors as rows, nm; None without periodic boundaries.
    """
    if not system.usesPeriodicBoundaryConditions():
        return None
    own = reduced_box(in_nanometers(system.getDefaultPeriodicBoxVectors()))
    vectors = topology.getPeriodicBoxVectors()
    other = None if vectors is None else real_box(in_nanometers(vectors))
    if other is not None and not np.allclose(other, own, rtol=0, atol=_ROUNDED):
        warnings.warn(
            f"The topology has another box than the System ({_told(other)} and {_told(own)}): that "
            "of the System is taken, as OpenMM does. To take the other one, call "
            "system.setDefaultPeriodicBoxVectors(*topology.getPeriodicBoxVectors()).",
            stacklevel=4,
        )
    return own


def _told(box: NDArray[np.float64]) -> str:
    is_rectangular = not np.any(box - np.diag(box.diagonal()))
    shown = " x ".join(f"{x:.4g}" for x in box.diagonal())
    return f"{shown if is_rectangular else box.round(4).tolist()} nm"
