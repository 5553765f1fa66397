"""Velocities drawn at random, for the masses that a structure file tells."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
from numpy.typing import NDArray

logger = logging.getLogger(__name__)

_BOLTZMANN = 0.00831446261815324  # kJ/(mol K)


def draw_velocities(
    masses: NDArray[Any], temperature: float, generator: np.random.Generator | None = None
) -> NDArray[np.float64]:
    """Draw velocities in nm/ps for masses in u, without motion of the centre of mass."""
    masses = np.asarray(masses, dtype=np.float64)
    if generator is None:
        generator = np.random.default_rng()
    heavy = masses > 0
    velocities = np.zeros((len(masses), 3))
    width = np.sqrt(_BOLTZMANN * temperature / masses[heavy])[:, None]
    velocities[heavy] = width * generator.standard_normal((int(heavy.sum()), 3))
    if heavy.sum() > 1:
        momentum = np.sum(masses[heavy, None] * velocities[heavy], axis=0)
        velocities[heavy] -= momentum / np.sum(masses[heavy])
    return velocities


def masses_of(universe: Any) -> NDArray[np.float64]:
    """Get the masses of all atoms in u.

    Raises
    ------
    ValueError
        If none is known.
    """
    masses = getattr(universe.atoms, "masses", None)
    if masses is None or not np.any(masses > 0):
        raise ValueError(
            f"No atom of {universe.filename} has a known mass; use a structure file with masses "
            "or with the names of chemical elements."
        )
    if without := int(np.sum(~(masses > 0))):
        logger.warning(
            "%d of %d particles in %s have no known mass and get no velocities.",
            *(without, len(masses), universe.filename),
        )
    return np.array(masses, dtype=np.float64)
