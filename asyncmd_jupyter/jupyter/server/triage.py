"""Why a job failed, found out in a process that ends: a server stays without what that loads."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import suppress
from typing import Any

from asyncmd_jupyter.errors import JobError

_ASK = ("-m", "asyncmd_jupyter.cli", "why", "--json")
_SECONDS = 60.0


class Triage:
    """Asks for one job at a time, however many pages want to know."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()

    async def diagnose(self, job_id: str) -> dict[str, Any] | None:
        """What happened to a job, with what it means and what can be done.

        Parameters
        ----------
        job_id : str
            A job of the store.

        Returns
        -------
        dict or None
            The fields of a `Diagnosis`; None if all is well.

        Raises
        ------
        JobError
            It could not be found out.
        """
        async with self._turn:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *_ASK,
                job_id,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            try:
                async with asyncio.timeout(_SECONDS):
                    out, complaint = await process.communicate()
            except TimeoutError:
                raise JobError(f"Why job {job_id} failed was not found out in time.") from None
            finally:
                with suppress(ProcessLookupError):
                    process.kill()
        if process.returncode != 0:
            last = complaint.decode(errors="replace").strip().splitlines()[-1:]
            raise JobError(" ".join(last) or f"Why job {job_id} failed could not be found out.")
        diagnosis: dict[str, Any] | None = json.loads(out)[0]
        return diagnosis
