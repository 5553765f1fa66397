"""Velocities drawn at random from the Maxwell-Boltzmann distribution."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_BOLTZMANN = 0.00831446261815324  # kJ/(mol K)
_TOLERANCE = 1e-12  # of the least-squares solution, relative


def draw_velocities(
    masses: NDArray[Any],
    temperature: float,
    generator: np.random.Generator | None = None,
    *,
    remove_com: bool = True,
) -> NDArray[np.float64]:
    """Draw velocities from the Maxwell-Boltzmann distribution.

    Parameters
    ----------
    masses : array
        amu, shape (n_atoms,); particles with mass 0 get no velocity.
    temperature : float
        K
    generator : numpy.random.Generator, optional
    remove_com : bool
        Whether the motion of the centre of mass is removed; that of a single particle,
        which has no other motion, never is.

    Returns
    -------
    array
        nm/ps, shape (n_atoms, 3).
    """
    masses = np.asarray(masses, dtype=np.float64)
    if generator is None:
        generator = np.random.default_rng()
    heavy = masses > 0
    velocities = np.zeros((len(masses), 3))
    width = np.sqrt(_BOLTZMANN * temperature / masses[heavy])[:, None]
    velocities[heavy] = width * generator.standard_normal((int(heavy.sum()), 3))
    return without_com_motion(velocities, masses) if remove_com else velocities


def without_com_motion(velocities: NDArray[Any], masses: NDArray[Any]) -> NDArray[np.float64]:
    """Remove the motion of the centre of mass, unless there is only one particle.

    Parameters
    ----------
    velocities : array
        Shape (n_atoms, 3).
    masses : array
        Shape (n_atoms,); particles with mass 0 keep their velocities.
    """
    heavy = masses > 0
    result = np.array(velocities, dtype=np.float64)
    if heavy.sum() > 1:
        momentum = np.sum(masses[heavy, None] * result[heavy], axis=0)
        result[heavy] -= momentum / np.sum(masses[heavy])
    return result


def on_constraints(
    velocities: NDArray[Any],
    masses: NDArray[Any],
    positions: NDArray[Any],
    pairs: NDArray[Any],
    box: NDArray[Any] | None = None,
) -> NDArray[np.float64]:
    """Take away the motion along constrained distances, as an MD program does it.

    What is left of Maxwell-Boltzmann velocities is distributed as it should be: half of kT
    of kinetic energy for each degree of freedom that the constraints leave.

    Parameters
    ----------
    velocities : array
        nm/ps, shape (n_atoms, 3).
    masses : array
        amu, shape (n_atoms,).
    positions : array
        nm, shape (n_atoms, 3).
    pairs : array of int
        Atoms whose distance is fixed, shape (n_constraints, 2).
    box : array, optional
        Box vectors as rows in nm, shape (3, 3), where molecules may be broken.

    Returns
    -------
    array
        nm/ps, shape (n_atoms, 3).
    """
    from scipy.sparse import csr_matrix
    from scipy.sparse.linalg import lsmr

    if not len(pairs):
        return np.array(velocities, dtype=np.float64)
    root = np.sqrt(np.asarray(masses, dtype=np.float64))[:, None]
    inverse = np.divide(1.0, root, out=np.zeros_like(root), where=root > 0)
    along = _directions(np.asarray(positions, dtype=np.float64), pairs, box)
    # Rows are d(distance)/d(positions), with masses: the projection is orthogonal then.
    columns = (3 * pairs[:, :, None] + np.arange(3)).reshape(len(pairs), 6)
    values = np.hstack([along * inverse[pairs[:, 0]], -along * inverse[pairs[:, 1]]])
    rows = np.repeat(np.arange(len(pairs)), 6)
    shape = (len(pairs), 3 * len(root))
    matrix = csr_matrix((values.ravel(), (rows, columns.ravel())), shape=shape).T
    scaled = (root * velocities).ravel()
    # Least squares, because constraints may depend on each other (linear molecules).
    solution = lsmr(matrix, scaled, atol=_TOLERANCE, btol=_TOLERANCE, maxiter=10 * shape[0])[0]
    left = (scaled - matrix @ solution).reshape(-1, 3)
    result: NDArray[np.float64] = np.where(root > 0, left * inverse, velocities)
    return result


def _directions(
    positions: NDArray[np.float64], pairs: NDArray[Any], box: NDArray[Any] | None
) -> NDArray[np.float64]:
    """Unit vectors between the atoms of pairs, to the nearest image."""
    apart = positions[pairs[:, 0]] - positions[pairs[:, 1]]
    if box is not None:
        vectors = np.asarray(box, dtype=np.float64)
        apart -= np.round(apart @ np.linalg.inv(vectors)) @ vectors
    lengths = np.linalg.norm(apart, axis=1, keepdims=True)
    unit: NDArray[np.float64] = np.zeros_like(apart)
    np.divide(apart, lengths, out=unit, where=lengths > 0)
    return unit
