"""What the cluster is called that Slurm's commands reach when they are not told which."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence

from asyncmd_jupyter.errors import JobError
from asyncmd_jupyter.jobs.model import JobRecord
from asyncmd_jupyter.jobs.slurm.client import SlurmClient
from asyncmd_jupyter.jobs.slurm.commands import show_configuration
from asyncmd_jupyter.jobs.slurm.parsing import parse_cluster_name
from asyncmd_jupyter.settings import SlurmSettings

_SECONDS = 5.0
_PAUSE_SECONDS = 30.0
_CONFIGURATION = "SLURM_CONF"


class HomeCluster:
    """Asks the controller once what it is called.

    Parameters
    ----------
    settings : callable
        Gives the settings in force.
    """

    def __init__(self, settings: Callable[[], SlurmSettings]) -> None:
        self._settings = settings
        self._client = SlurmClient(_SECONDS)
        self._names: dict[str, str] = {}
        self._not_before = 0.0

    async def name(self) -> str:
        """The name; empty as long as the controller does not tell it."""
        known = self._known()
        if known or time.monotonic() < self._not_before:
            return known
        configuration = os.environ.get(_CONFIGURATION, "")
        try:
            reply = await self._client.run(show_configuration(self._settings()))
        except (JobError, OSError):
            self._not_before = time.monotonic() + _PAUSE_SECONDS
            return ""
        found = parse_cluster_name(reply.out) if reply.code == 0 else ""
        if found:
            self._names[configuration] = found
        else:
            self._not_before = time.monotonic() + _PAUSE_SECONDS
        return found

    async def look_for(self, jobs: Sequence[JobRecord]) -> None:
        """Ask if it has to be known on which clusters jobs are."""
        chosen = self._settings().cluster
        if any(job.cluster not in ("", chosen) for job in jobs):
            await self.name()

    def option_for(self, job: JobRecord) -> str:
        """The cluster that has to be named to reach a job; empty for the default one."""
        chosen = self._settings().cluster
        if job.cluster in ("", chosen):
            return chosen
        return "" if job.cluster == self._known() else job.cluster

    def _known(self) -> str:
        return self._names.get(os.environ.get(_CONFIGURATION, ""), "")
