"""Run jobs through Slurm, each on its own cluster.

One home may be seen by several clusters, each of which gives the same numbers to other jobs. So
each job is looked for, ended and held on the cluster that has taken it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from asyncmd_jupyter.jobs.core_hours import Budget
from asyncmd_jupyter.jobs.model import JobRecord, Status, Submitted
from asyncmd_jupyter.jobs.slurm.cluster import SlurmCluster
from asyncmd_jupyter.jobs.slurm.guard import Guard
from asyncmd_jupyter.jobs.slurm.home_cluster import HomeCluster
from asyncmd_jupyter.jobs.slurm.options import check_directives, check_options
from asyncmd_jupyter.jobs.slurm.verdict import Grace
from asyncmd_jupyter.settings import SlurmSettings


class SlurmLauncher:
    """Hands each job to the cluster that is meant, and asks that one about it.

    Parameters
    ----------
    settings : callable
        Gives the settings in force.
    is_wanted : callable
        Whether a job, by its id, shall still be started; ends a submission that is tried again.
    waits : bool
        Whether each poll waits for the queue's answer and looks for some seconds at what is
        not clear yet, for those who look only once.
    grace : Grace
        How long to wait for what may come late.
    budget : Budget, optional
        Of core hours.
    stop : callable
        Asks jobs to stop cleanly, when the budget is used up.
    on_the_way : callable
        Gives the ids of jobs that will be submitted soon.
    """

    name = "slurm"
    is_local = False

    def __init__(
        self,
        settings: Callable[[], SlurmSettings],
        is_wanted: Callable[[str], bool] = lambda _: True,
        *,
        waits: bool = False,
        grace: Grace | None = None,
        budget: Budget | None = None,
        stop: Callable[[Sequence[JobRecord]], object] = lambda _: None,
        on_the_way: Callable[[], Collection[str]] = tuple,
    ) -> None:
        self._settings = settings
        self._home = HomeCluster(settings)
        self._guard = Guard(budget, stop)
        self._clusters: dict[str, SlurmCluster] = {}
        self._new_cluster = partial(
            SlurmCluster, is_wanted=is_wanted, waits=waits, grace=grace, on_the_way=on_the_way
        )

    def check(self, job: JobRecord) -> None:
        """Raise ValueError for options that are no use."""
        check_options(job.resources.options)
        check_directives(job.command.template)

    async def cluster(self) -> str:
        """The name of the cluster that gets the next job; empty if nobody can tell."""
        return self._settings().cluster or await self._home.name()

    async def submit(self, job: JobRecord) -> Submitted:
        """Put the job into the queue; the native id is Slurm's."""
        await self._guard.check()
        return await self._cluster(self._settings().cluster).submit(job)

    async def poll(self, jobs: Sequence[JobRecord]) -> Mapping[str, Status]:
        """Look at files, at the queue when it is time, and into accounting when it must be."""
        self._guard.look_when_due(jobs)
        await self._home.look_for(jobs)
        polls = [cluster.poll(group) for cluster, group in self._grouped(jobs)]
        statuses: dict[str, Status] = {}
        for found in await asyncio.gather(*polls):
            statuses |= found
        return statuses

    async def cancel(self, jobs: Sequence[JobRecord]) -> None:
        """End the jobs with one scancel; polling repeats it if it can't be delivered now."""
        await self._home.look_for(jobs)
        await asyncio.gather(*(each.cancel(group) for each, group in self._grouped(jobs)))

    async def ask_to_stop(self, jobs: Sequence[JobRecord]) -> None:
        """Jobs that have not begun are cancelled, the others asked as soon as they can hear."""
        await self._home.look_for(jobs)
        await asyncio.gather(*(each.ask_to_stop(group) for each, group in self._grouped(jobs)))

    async def signal(self, jobs: Sequence[JobRecord], number: int) -> None:
        """Hand a signal to jobs that run."""
        await self._home.look_for(jobs)
        await asyncio.gather(*(each.signal(group, number) for each, group in self._grouped(jobs)))

    async def hold(self, jobs: Sequence[JobRecord]) -> None:
        """``scontrol uhold`` of jobs that have not begun."""
        await self._home.look_for(jobs)
        for cluster, group in self._grouped(jobs):
            await cluster.hold(group)

    async def release(self, jobs: Sequence[JobRecord]) -> None:
        """``scontrol release``."""
        await self._home.look_for(jobs)
        for cluster, group in self._grouped(jobs):
            await cluster.release(group)

    def end_now(self, jobs: Sequence[JobRecord]) -> Mapping[str, Status]:
        """Cancel the jobs and say how those ended that did so at once."""
        statuses: dict[str, Status] = {}
        for cluster, group in self._grouped(jobs):
            statuses |= cluster.end_now(group)
        return statuses

    def _grouped(
        self, jobs: Sequence[JobRecord]
    ) -> Iterator[tuple[SlurmCluster, Sequence[JobRecord]]]:
        groups: dict[str, list[JobRecord]] = {}
        for job in jobs:
            groups.setdefault(self._home.option_for(job), []).append(job)
        return ((self._cluster(name), group) for name, group in groups.items())

    def _cluster(self, name: str) -> SlurmCluster:
        """The one that Slurm's commands reach with a name as their option, or without one."""
        if name not in self._clusters:
            self._clusters[name] = self._new_cluster(
                lambda: replace(self._settings(), cluster=name)
            )
        return self._clusters[name]
