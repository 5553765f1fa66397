"""Tell Slurm to hold jobs that wait, or to let them go."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from asyncmd_jupyter.errors import SlurmError
from asyncmd_jupyter.jobs.model import JobRecord
from asyncmd_jupyter.jobs.slurm import commands
from asyncmd_jupyter.jobs.slurm.client import SlurmClient
from asyncmd_jupyter.jobs.slurm.queue import SlurmQueue
from asyncmd_jupyter.settings import SlurmSettings


class Holding:
    """Runs scontrol.

    Parameters
    ----------
    client : SlurmClient
    queue : SlurmQueue
        Tells which jobs wait.
    settings : callable
        Gives the settings in force.
    """

    def __init__(
        self, client: SlurmClient, queue: SlurmQueue, settings: Callable[[], SlurmSettings]
    ) -> None:
        self._client = client
        self._queue = queue
        self._settings = settings

    async def hold(self, jobs: Sequence[JobRecord]) -> None:
        """Hold jobs that wait.

        Raises
        ------
        SlurmError
            Slurm said no, or one of them has begun; none is held then.
        """
        # A plain hold by an administrator could not be released by a user.
        await self._change(jobs, "uhold")
        # Slurm takes it without a word for a job that runs, where it means nothing.
        snapshot = await self._queue.refresh()
        if snapshot is None:
            return
        waiting = set(snapshot.waiting(job.native_id for job in jobs if job.native_id))
        if begun := [job for job in jobs if job.native_id not in waiting]:
            if rest := [job for job in jobs if job.native_id in waiting]:
                await self._change(rest, "release")
            raise SlurmError(f"Slurm can't hold {names_of(begun)}: begun or ended already.")

    async def release(self, jobs: Sequence[JobRecord]) -> None:
        """Let jobs go; errors as for `hold`."""
        await self._change(jobs, "release")

    async def _change(self, jobs: Sequence[JobRecord], word: str) -> None:
        verb = word.removeprefix("u")
        ids = [job.native_id for job in jobs if job.native_id]
        if len(ids) < len(jobs):
            raise SlurmError(
                f"Slurm can't {verb} {names_of(jobs)}: whether it has come to the queue is not"
                " known yet. Try again in a moment."
            )
        for chunk in commands.in_chunks(ids):
            reply = await self._client.run(commands.scontrol(self._settings(), word, chunk))
            if reply.code != 0:
                raise SlurmError(f"Slurm can't {verb} {names_of(jobs)}: {reply.complaint}")


def names_of(jobs: Sequence[JobRecord]) -> str:
    """Tell which jobs are meant."""
    return ", ".join(f"{job.name} ({job.native_id or job.id})" for job in jobs)
