"""Tell Slurm to hold jobs that wait, or to let them go."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from asyncmd_jupyter.errors import SlurmError
from asyncmd_jupyter.jobs.model import JobRecord
from asyncmd_jupyter.jobs.slurm import commands
from asyncmd_jupyter.jobs.slurm.client import SlurmClient
from asyncmd_jupyter.settings import SlurmSettings


class Holding:
    """Runs scontrol.

    Parameters
    ----------
    client : SlurmClient
    settings : callable
        Gives the settings in force.
    """

    def __init__(self, client: SlurmClient, settings: Callable[[], SlurmSettings]) -> None:
        self._client = client
        self._settings = settings

    async def change(self, jobs: Sequence[JobRecord], word: str) -> None:
        """Let Slurm ``hold`` or ``release`` jobs.

        Raises
        ------
        SlurmError
            It said no, for example because one of them runs already.
        """
        ids = [job.native_id for job in jobs if job.native_id]
        if len(ids) < len(jobs):
            raise SlurmError(
                f"Slurm can't {word} {_names(jobs)}: whether it has come to the queue is not known "
                "yet. Try again in a moment."
            )
        for chunk in commands.in_chunks(ids):
            reply = await self._client.run(commands.scontrol(self._settings(), word, chunk))
            # It ends well with one id that it does not like among others.
            if reply.code != 0 or reply.err.strip():
                raise SlurmError(f"Slurm can't {word} {_names(jobs)}: {reply.complaint}")


def _names(jobs: Sequence[JobRecord]) -> str:
    return ", ".join(f"{job.name} ({job.native_id or job.id})" for job in jobs)
