"""Velocities of the Maxwell-Boltzmann distribution from ``gen-vel``."""

from __future__ import annotations

import numpy as np


def drawn_temperature(temperature: float, n_atoms: int, seed: int | None) -> float:
    """Draw the ``gen-temp`` with which ``grompp`` gives velocities of a temperature.

    ``grompp`` draws velocities and then scales them to exactly ``gen-temp``, so that their
    kinetic energy, which should fluctuate, never does. Of small molecules that is far off.
    Scaled to a kinetic energy that is drawn itself they are right, also after the motion of
    the whole and that along constraints is taken away, which is linear in them.

    Parameters
    ----------
    temperature : float
        K
    n_atoms : int
        With a mass.
    seed : int or None
        None draws one.
    """
    n_dof = 3 * n_atoms
    return float(temperature * np.random.default_rng(seed).chisquare(n_dof) / n_dof)
