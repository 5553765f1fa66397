"""Why a job failed, found out in a process that ends: a server stays without what that loads."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from asyncmd_jupyter.errors import JobError

# -P, and no folder of a project: whoever can write there could have modules of theirs imported.
_ASK = ("-P", "-m", "asyncmd_jupyter.cli", "why", "--json")
_NEUTRAL_FOLDER = "/"
_SECONDS = 60.0

# What Python, this package and Slurm's commands need; tokens of the server are not among it.
_KEPT = frozenset(
    {
        *("HOME", "USER", "LOGNAME", "PATH", "LD_LIBRARY_PATH", "LANG", "LANGUAGE", "TZ", "TMPDIR"),
        *("PYTHONHOME", "PYTHONUTF8", "VIRTUAL_ENV", "CONDA_PREFIX", "SLURM_CONF"),
    }
)
_KEPT_BEGINNINGS = ("LC_", "ASYNCMD_", "XDG_", "MUNGE_")


class Triage:
    """Asks for one job at a time, however many pages want to know.

    Parameters
    ----------
    state_dir : Path
        Where the store is.
    """

    def __init__(self, state_dir: Path) -> None:
        self._turn = asyncio.Lock()
        self._environment = _environment(os.environ, state_dir)

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
                cwd=_NEUTRAL_FOLDER,
                env=self._environment,
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


def _environment(environ: Mapping[str, str], state_dir: Path) -> dict[str, str]:
    kept = {
        name: value
        for name, value in environ.items()
        if name in _KEPT or name.startswith(_KEPT_BEGINNINGS)
    }
    folders = environ.get("PYTHONPATH", "").split(os.pathsep)
    absolute = os.pathsep.join(filter(os.path.isabs, folders))  # others depend on where one is
    paths = {"PYTHONPATH": absolute} if absolute else {}
    return {**kept, **paths, "ASYNCMD_STATE_DIR": str(state_dir)}
