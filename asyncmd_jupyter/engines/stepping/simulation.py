"""The seam between the worker's loop and what takes the steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from asyncmd_jupyter.engines.stepping.checkpoint import Checkpoint
from asyncmd_jupyter.engines.stepping.configuration import Configuration


class Simulation(Protocol):
    """A system with its state; all in steps, ps, nm and kJ/mol."""

    @property
    def step_count(self) -> int:
        """MD steps since step 0 of the whole simulation."""
        ...

    @property
    def time(self) -> float:
        """Simulated time in ps."""
        ...

    @property
    def platform(self) -> str:
        """Where an exact state of this simulation can be read again."""
        ...

    def load(self, configuration: Configuration) -> None:
        """Take over positions, box and, where there are any, velocities."""
        ...

    def advance(self, n_steps: int) -> None:
        """Take MD steps."""
        ...

    def configuration(self) -> Configuration:
        """Positions, velocities and box now.

        Raises
        ------
        FloatingPointError
            If any of them is not finite.
        """
        ...

    def save(self) -> tuple[bytes, str]:
        """The exact state for the same platform and the portable one for any."""
        ...

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go on exactly where this platform allows it, with fresh noise elsewhere."""
        ...

    def draw_velocities(self) -> None:
        """Draw Maxwell-Boltzmann velocities that fulfil the constraints."""
        ...

    def fulfil_constraints(self) -> None:
        """Move positions and velocities onto the constraints."""
        ...

    def minimize(self, tolerance: float, max_iterations: int) -> None:
        """Go to the nearest minimum of the energy."""
        ...


@runtime_checkable
class KnowsEnergies(Protocol):
    """A simulation that can say what there is to be plotted of its physics."""

    def energies(self) -> Mapping[str, float]:
        """What the state has now: title of a column with its unit -> number.

        The titles are those of `energies.table`, where they are there, and never change.
        """
        ...


@runtime_checkable
class Described(Protocol):
    """A simulation that can say what it is."""

    def description(self) -> list[str]:
        """Program, system, integrator and where it is computed, a line for each."""
        ...


SimulationFactory = Callable[[dict[str, Any], int, Path], Simulation]
"""Makes a simulation from its physics, the number of the part, and the folder of the files."""
