"""The clock of a simulation: time since its start, whatever its files say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.engines.base import MDEngine


@dataclass(frozen=True)
class Clock:
    """Gives the time since the start of a simulation.

    Files begin with any time (``tinit`` of GROMACS) and hold times in single precision, which
    is 0.25 ps beyond 2 us. Steps are exact, so they tell the time where all are as long.

    Attributes
    ----------
    dt : float or None
        ps of each step; None where the times of the frames have to be believed.
    """

    dt: float | None = None

    @classmethod
    def of(cls, engine: MDEngine) -> Self:
        """The clock of an engine's simulations."""
        try:
            return cls(engine.dt if engine.has_fixed_dt else None)
        except NotImplementedError:  # an engine of others, before its first part
            return cls()

    def times(self, steps: NDArray[Any], times: NDArray[Any]) -> NDArray[np.float64]:
        """Times of frames in ps.

        Parameters
        ----------
        steps : NDArray
            MD steps since the start, shape (n_frames,).
        times : NDArray
            What the files say, in ps, shape (n_frames,).
        """
        if self.dt is None:
            return np.asarray(times, dtype=np.float64)
        # As the decimal number that is meant: 3 steps of 0.1 ps are 0.3 ps.
        return np.round(np.asarray(steps) * self.dt, 9)

    def time(self, step: int, time: float) -> float:
        """Time of one frame in ps."""
        return float(self.times(np.array([step]), np.array([time]))[0])
