"""Jobs of functions that an earlier kernel has left: taken over, so that none runs twice."""

from __future__ import annotations

import asyncio
import functools

from asyncmd_jupyter import runtime
from asyncmd_jupyter.jobs.manager import Job, JobManager
from asyncmd_jupyter.jobs.model import JobRecord, JobState
from asyncmd_jupyter.sampling.single_flight import SingleFlight
from asyncmd_jupyter.sampling.slurm_function_files import (
    FUNCTION_TAG,
    TRAJECTORY_TAG,
    remove_folders,
)


class LeftJobs:
    """Knows the jobs of dead kernels, by the function and the trajectory.

    They are looked for once for each function, before its first job here: the store may
    hold thousands.
    """

    def __init__(self, _: runtime.Runtime | None = None) -> None:
        self._left: dict[str, dict[str, Job]] = {}

    @classmethod
    def current(cls) -> LeftJobs:
        """The one of the current runtime."""
        return runtime.current().service(cls)

    async def take(self, function_id: str, trajectory: str) -> Job | None:
        """The job that computes these values already, at most once."""
        if function_id not in self._left:
            look = functools.partial(self._look, function_id)
            await SingleFlight.current().run(("jobs left", function_id), look)
        return self._left[function_id].pop(trajectory, None)

    async def _look(self, function_id: str) -> None:
        manager = JobManager.current()
        await manager.attach({FUNCTION_TAG: function_id})
        known = [
            record
            for record in reversed(manager.records())
            if record.tags.get(FUNCTION_TAG) == function_id
        ]
        await asyncio.to_thread(remove_folders, filter(_never_began, known))
        self._left[function_id] = {
            record.tags[TRAJECTORY_TAG]: manager.job(record.id)
            for record in known
            if _is_of_use(record)
        }


def _never_began(record: JobRecord) -> bool:
    return record.state is JobState.CANCELLED and record.started is None


def _is_of_use(record: JobRecord) -> bool:
    # Those whose values were fetched have no folder any more.
    is_done = record.state is JobState.DONE and record.folder.is_dir()
    return is_done or not record.state.is_final
