"""What a run was asked for: enough to begin it again, elsewhere or from another start."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from asyncmd_jupyter.counts import as_count
from asyncmd_jupyter.engines.base import MDEngine, StartingConfiguration
from asyncmd_jupyter.sampling.conditions import Condition


@dataclass(frozen=True)
class RunSpec:
    """The order that a run carries out.

    With `dataclasses.replace` it becomes the order for another run.

    Attributes
    ----------
    engine : MDEngine
        Each walker gets a clone.
    start : Trajectory, path or None
        All walkers begin at its first frame.
    until : tuple of Condition
        With the names that are shown.
    name : str
        Of the run, its folder and its files.
    workdir : Path
        Absolute folder that holds the run's folder.
    n_walkers : int
    mode : str
        ``any`` or ``all``.
    max_steps : int or None
        MD steps after which a walker gives up.
    walltime_per_part : float
        Hours.
    campaign : str
        Name of the group it belongs to; may be empty.
    starts : tuple of Trajectory or path
        One for each walker, where they do not begin alike; then `start` is not used.
    velocities : str or None
        ``keep`` those of the start, drawn where it has none, or draw ``new`` ones for each
        walker; see `MDEngine.prepare`. None if nothing was said: they are kept, unless all
        walkers would compute the same.
    """

    engine: MDEngine
    start: StartingConfiguration
    until: tuple[Condition, ...]
    name: str
    workdir: Path
    n_walkers: int = 1
    mode: str = "any"
    max_steps: int | None = None
    walltime_per_part: float = 24.0
    campaign: str = ""
    starts: tuple[StartingConfiguration, ...] = ()
    velocities: str | None = None

    def __post_init__(self) -> None:
        for name in ("n_walkers", "max_steps"):
            number = as_count(getattr(self, name))
            if number is not None:  # what is wrong with another one is said when it is checked
                object.__setattr__(self, name, number)

    @property
    def folder(self) -> Path:
        """The run's folder."""
        return self.workdir / self.name

    def deffnm(self, walker: int) -> str:
        """What the names of a walker's files begin with."""
        return self.name if self.n_walkers == 1 else f"{self.name}_{walker}"

    def start_of(self, walker: int) -> StartingConfiguration:
        """Where a walker begins."""
        return self.starts[walker] if self.starts else self.start
