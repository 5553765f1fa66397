"""The launchers by name."""

from __future__ import annotations

from collections.abc import Iterable

from asyncmd_jupyter.jobs.launcher import Launcher
from asyncmd_jupyter.jobs.model import JobRecord


class Launchers(dict[str, Launcher]):
    """All registered launchers; asking for another one is a clear error."""

    def __missing__(self, name: str) -> Launcher:
        known = ", ".join(map(repr, self)) or "none"
        raise ValueError(f"There is no launcher {name!r}; known are {known}.")

    def of(self, job: JobRecord) -> Launcher:
        """The one that has the job."""
        return self[job.launcher]

    def grouped(self, jobs: Iterable[JobRecord]) -> list[tuple[Launcher, list[JobRecord]]]:
        """The jobs of each launcher, so that each is asked once."""
        groups: dict[str, list[JobRecord]] = {}
        for job in jobs:
            groups.setdefault(job.launcher, []).append(job)
        return [(self[name], members) for name, members in groups.items()]
