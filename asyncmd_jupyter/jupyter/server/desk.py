"""Everything that the handlers of one server share."""

from __future__ import annotations

import os
from functools import partial
from typing import Any

from asyncmd_jupyter.jobs.model import JobRecord
from asyncmd_jupyter.jobs.store import JobStore
from asyncmd_jupyter.jupyter.server.actions import Actions
from asyncmd_jupyter.jupyter.server.board import Board
from asyncmd_jupyter.jupyter.server.logs import read_log
from asyncmd_jupyter.jupyter.server.looking import Looker
from asyncmd_jupyter.jupyter.server.options import Options
from asyncmd_jupyter.jupyter.server.places import Places
from asyncmd_jupyter.jupyter.server.poll import SharedPoll
from asyncmd_jupyter.jupyter.server.queue import UserQueue
from asyncmd_jupyter.jupyter.server.run_actions import RunActions
from asyncmd_jupyter.jupyter.server.slurm_actions import Outcome
from asyncmd_jupyter.jupyter.server.threads import in_daemon
from asyncmd_jupyter.jupyter.server.triage import Triage
from asyncmd_jupyter.jupyter.server.validation import OTHERS_PREFIX, RefusedError
from asyncmd_jupyter.settings import Settings

_STATE_DIR = ("ASYNCMD_STATE_DIR", "XDG_STATE_HOME")


class Desk:
    """Looks, acts and reads logs for all pages of a server.

    Parameters
    ----------
    options : Options
    root : str
        Folder that the server shows; empty if it shows none of this machine.
    """

    def __init__(self, options: Options, root: str) -> None:
        self.options = options
        settings, problems = _settings()
        self._store = JobStore(settings.state_dir)
        self._queue = queue = UserQueue(settings.slurm, options)
        may_touch_others = options.show_other_jobs
        self._actions = Actions(self._store, settings, queue, may_touch_others=may_touch_others)
        self._looker = Looker(self._store, settings, queue, options, Places(root), problems)
        self._run_actions = RunActions(settings.state_dir, lambda: self._looker.runs)
        self._triage = Triage(settings.state_dir)
        self.poll = SharedPoll(self._look, options.poll_interval)

    async def do(self, verb: str, ids: list[str]) -> list[Outcome]:
        """Cancel, hold, release or requeue jobs."""
        try:
            return await self._actions.do(verb, ids)
        finally:
            self.poll.wake()

    async def do_with_runs(self, verb: str, keys: list[str]) -> list[Outcome]:
        """Let kernels hold or release their runs."""
        try:
            return await in_daemon(self._run_actions.do, verb, keys)
        finally:
            self.poll.wake()

    async def log(self, job_id: str, stream: str, n_lines: int) -> dict[str, Any]:
        """The end of an output of a job of ours."""
        record = await self._record(job_id)
        limit = self.options.log_limit
        return await in_daemon(read_log, record, stream, n_lines, limit)

    async def why(self, job_id: str) -> dict[str, Any] | None:
        """What happened to a job of ours; None if nothing is wrong with it."""
        return await self._triage.diagnose((await self._record(job_id)).id)

    async def _record(self, job_id: str) -> JobRecord:
        if job_id.startswith(OTHERS_PREFIX):
            raise RefusedError(404, f"Where the job {job_id} writes is not known.")
        records = await in_daemon(partial(self._store.find, ids=[job_id]))
        if not records:
            raise RefusedError(404, f"There is no job {job_id}.")
        return records[0]

    async def close(self) -> None:
        """End all streams, and what is asked for them."""
        await self._queue.close()
        await self.poll.close()

    async def _look(self, others: bool) -> Board:
        return await self._looker.look(others=others)


def _settings() -> tuple[Settings, tuple[str, ...]]:
    """The settings; without those of the environment, where one of them is wrong."""
    try:
        return Settings.from_environment(), ()
    except ValueError as error:
        kept = {name: os.environ[name] for name in _STATE_DIR if name in os.environ}
        return Settings.from_environment(kept), (str(error),)
