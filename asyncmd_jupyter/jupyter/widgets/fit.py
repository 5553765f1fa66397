"""Lays one set of positions over another."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def fitted(
    positions: NDArray[Any], reference: NDArray[Any], anchors: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Move and turn positions so that their anchors come next to those of a reference.

    Parameters
    ----------
    positions, reference : NDArray
        Shape (n, 3).
    anchors : NDArray
        Indices of the atoms that count. Fewer than three can't be turned: then the
        positions stay.
    """
    if len(anchors) < 3:
        return np.asarray(positions, dtype=np.float32)
    here = np.asarray(positions, dtype=np.float64)
    there = np.asarray(reference, dtype=np.float64)[anchors]
    centre, target = here[anchors].mean(axis=0), there.mean(axis=0)
    left, _, right = np.linalg.svd((here[anchors] - centre).T @ (there - target))
    # A reflection would fit mirror images onto each other.
    sign = np.sign(np.linalg.det(left @ right))
    turn = left @ np.diag([1.0, 1.0, sign]) @ right
    return np.asarray((here - centre) @ turn + target, dtype=np.float32)
