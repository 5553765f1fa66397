"""What jobs of other kernels use of this machine's cores, and who came first. Pure logic."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class RunningJob:
    """A job of another kernel that uses cores of this machine."""

    job_id: str
    owner: str
    cores: int


@dataclass(frozen=True)
class WaitingJob:
    """A job of another kernel that waits for cores of this machine.

    Attributes
    ----------
    owner : str
    submitted : float
        Seconds since 1970.
    cores : int
    """

    owner: str
    submitted: float
    cores: int


@dataclass(frozen=True)
class OtherKernels:
    """The jobs of all other kernels of this user on this machine at one moment.

    Attributes
    ----------
    running : tuple of RunningJob
    waiting : tuple of WaitingJob
        The oldest first, those that are held left out.
    """

    running: tuple[RunningJob, ...] = ()
    waiting: tuple[WaitingJob, ...] = ()

    @property
    def used(self) -> int:
        """Cores in use."""
        return sum(job.cores for job in self.running)

    @property
    def n_parties(self) -> int:
        """Jobs that run or want to; where cores are shared, each counts."""
        return len(self.running) + len(self.waiting)

    def ahead(self, submitted: float, passed_over: Collection[str] = ()) -> int:
        """Cores for which jobs wait that came before a moment.

        Parameters
        ----------
        submitted : float
        passed_over : collection of str
            Kernels that had their turn and did not take it.
        """
        return sum(
            job.cores
            for job in self.waiting
            if job.submitted < submitted and job.owner not in passed_over
        )


class Turns:
    """Lets kernels that came first have their turn, but not for ever.

    A kernel takes cores as often as it looks after its jobs. One that does not, because a cell
    keeps it busy, it was stopped or its own limit is lower, must not keep cores idle.

    Parameters
    ----------
    patience : float
        Seconds for which cores are left to a kernel that came first.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._since: dict[str, float] = {}
        self._passed_over: set[str] = set()
        self._running: dict[str, frozenset[str]] = {}

    @property
    def is_anybody_due(self) -> bool:
        """Whether cores are left to somebody just now."""
        return bool(self._since.keys() - self._passed_over)

    def passed_over(self, others: OtherKernels, now: float) -> frozenset[str]:
        """Kernels that had their turn and did not take it, until they start something again."""
        waiting = {job.owner for job in others.waiting}
        for owner in waiting:
            runs = frozenset(job.job_id for job in others.running if job.owner == owner)
            if not runs <= self._running.get(owner, runs):
                self._forget(owner)
            self._running[owner] = runs
        for owner in self._running.keys() - waiting:
            self._forget(owner)
            del self._running[owner]
        late = {owner for owner, since in self._since.items() if now - since > self._patience}
        self._passed_over |= late
        return frozenset(self._passed_over)

    def left_to(self, others: OtherKernels, submitted: float, now: float) -> None:
        """Note that a job could start, were it not for those that came before it."""
        for job in others.waiting:
            if job.submitted < submitted:
                self._since.setdefault(job.owner, now)

    def nothing_is_free(self) -> None:
        """Note that nobody could start anything, so that nobody is late."""
        self._since.clear()

    def _forget(self, owner: str) -> None:
        self._since.pop(owner, None)
        self._passed_over.discard(owner)
