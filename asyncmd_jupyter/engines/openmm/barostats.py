"""Monte Carlo barostats in parts: they count steps from the beginning of a Context."""

from __future__ import annotations

from typing import Any

import openmm

_KINDS = (
    openmm.MonteCarloBarostat,
    openmm.MonteCarloAnisotropicBarostat,
    openmm.MonteCarloFlexibleBarostat,
    openmm.MonteCarloMembraneBarostat,
)


class Barostats:
    """Has barostats try at the same steps, however the simulation is cut into parts.

    In parts shorter than their interval they would not try at all.

    Parameters
    ----------
    system : openmm.System
        Of the Context, whose forces are asked for their interval at each step.
    """

    def __init__(self, system: Any) -> None:
        found = [force for force in system.getForces() if isinstance(force, _KINDS)]
        self._intervals = [(force, force.getFrequency()) for force in found if force.getFrequency()]
        self._next: int | None = None

    def __bool__(self) -> bool:
        """Whether there is one that does something."""
        return bool(self._intervals)

    def begin_at(self, step: int) -> None:
        """Wait as many steps for the first attempt as are missing."""
        for force, interval in self._intervals:
            missing = interval - step % interval
            force.setFrequency(missing)
            self._next = step + missing

    def steps_alike(self, step: int) -> int | None:
        """For how many steps the interval stays as it is now; None for ever."""
        return None if self._next is None else self._next - step

    def passed(self, step: int) -> None:
        """Go on with the usual interval after the first attempt."""
        if self._next is not None and step >= self._next:
            self._next = None
            for force, interval in self._intervals:
                force.setFrequency(interval)
