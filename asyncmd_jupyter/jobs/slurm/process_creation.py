"""Make and submit a process in one call."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Any

from asyncmd_jupyter.jobs.slurm.process import SlurmProcess


async def create_slurmprocess_submit(
    jobname: str,
    sbatch_script: str | PathLike[str],
    workdir: str | PathLike[str] | None = None,
    time: float | None = None,
    sbatch_options: Mapping[str, Any] | None = None,
    stdfiles_removal: str | bool = "success",
    stdin: str | PathLike[str] | None = None,
) -> SlurmProcess:
    """Make a `SlurmProcess` and submit it.

    Parameters
    ----------
    jobname, sbatch_script, workdir, time, sbatch_options, stdfiles_removal
        As for `SlurmProcess`.
    stdin
        As for `SlurmProcess.submit`.

    Raises
    ------
    SlurmSubmissionError
        Slurm refused the job, or there is no Slurm.
    ValueError, TypeError, FileNotFoundError
        Something can't be meant.
    """
    process = SlurmProcess(
        jobname,
        sbatch_script,
        workdir=workdir,
        time=time,
        sbatch_options=sbatch_options,
        stdfiles_removal=stdfiles_removal,
    )
    await process.submit(stdin=stdin)
    return process
