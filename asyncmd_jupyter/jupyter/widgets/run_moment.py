"""A run as it is at one moment, and all that its view says of it. Pure functions.

Head, plot and jobs are told from the same snapshot, so that none contradicts another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from asyncmd_jupyter.jupyter.runlike import RunLike
from asyncmd_jupyter.jupyter.widgets.gathering import tracks_of
from asyncmd_jupyter.jupyter.widgets.scene import Scene
from asyncmd_jupyter.jupyter.widgets.words import no_jobs
from asyncmd_jupyter.sampling.progress import RunSnapshot, WalkerSnapshot


@dataclass(frozen=True)
class RunMoment:
    """What is true of a run at one moment.

    Attributes
    ----------
    run : RunSnapshot
    scene : Scene
        The frames and what the conditions said of them, of the same moment.
    """

    run: RunSnapshot
    scene: Scene

    @classmethod
    def of(cls, run: RunLike) -> RunMoment:
        """Take a picture of a run; copies no frames."""
        snapshot = run.snapshot()
        return cls(snapshot, Scene(tuple(tracks_of(run, snapshot))))

    @property
    def has_ended(self) -> bool:
        """Whether nothing of the run will change any more."""
        return self.run.state.is_final

    @cached_property
    def walkers(self) -> Mapping[str, WalkerSnapshot]:
        """Those that have a job, by its id."""
        return by_job([self.run])

    @property
    def no_jobs(self) -> str:
        """What is said where the table of jobs has no rows."""
        return no_jobs(self.run)


def by_job(runs: Sequence[RunSnapshot]) -> Mapping[str, WalkerSnapshot]:
    """The walkers of runs by the ids of their newest jobs."""
    return {w.job_id: w for run in runs for w in run.walkers if w.job_id is not None}
