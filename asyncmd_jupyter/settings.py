"""Limits and paths as immutable values. The environment is read here and nowhere else."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from asyncmd_jupyter.machine import allowed_cores, allowed_files

_MOST_DAYS = 36_500
MOST_CORES = "ASYNCMD_MAX_CORES"


@dataclass(frozen=True)
class SlurmSettings:
    """How Slurm is asked, and how often.

    Attributes
    ----------
    sbatch_executable, squeue_executable, scancel_executable, sacct_executable, sinfo_executable,
    scontrol_executable
        Slurm's commands: names to be found on PATH, or paths.
    min_time_between_calls : float
        Seconds that pass at least between two looks at the queue. While nothing changes
        it is looked at less often.
    max_jobs : int, optional
        Jobs that are in the queue at the same time; the others wait in the kernel.
    exclude_nodes : tuple of str
        Nodes that no job shall use.
    cluster : str
        Which one, where there are several; the default one if empty.
    num_fails_for_broken_node : int
        A node that failed so often under jobs of ours is avoided from then on ...
    success_to_fail_ratio : int
        ... unless this many times more jobs ended well on it.
    job_arrays : bool
        Whether jobs that arrive together and are alike are submitted as one job array.
    max_submissions_per_minute : int, optional
        Calls of sbatch in any minute; an array counts as one.
    """

    sbatch_executable: str = "sbatch"
    squeue_executable: str = "squeue"
    scancel_executable: str = "scancel"
    sacct_executable: str = "sacct"
    sinfo_executable: str = "sinfo"
    scontrol_executable: str = "scontrol"
    min_time_between_calls: float = 2.0
    max_jobs: int | None = None
    exclude_nodes: tuple[str, ...] = ()
    cluster: str = ""
    num_fails_for_broken_node: int = 3
    success_to_fail_ratio: int = 50
    job_arrays: bool = True
    max_submissions_per_minute: int | None = None


@dataclass(frozen=True)
class Settings:
    """What a runtime may use and where it keeps its state.

    Attributes
    ----------
    state_dir : Path
        Folder of the job store; one for all kernels of a user.
    max_cores : int
        CPU cores that local jobs of all kernels of a user on this machine use together.
    most_cores : int, optional
        What `max_cores` may be at most, as an administrator says by the environment.
    max_processes : int
        Python functions and conversions that run at the same time.
    end_local_jobs_on_shutdown : bool
        Whether a clean shutdown of the kernel ends its local jobs. Without it they go
        on and are found again by ``%asyncmd attach`` or ``asyncmd jobs``.
    max_files_open : int
        Files that this process may have open, as far as this package decides.
    files_margin : int
        How many of them are left to other code.
    cancel_grace : timedelta
        Time between SIGTERM and SIGKILL when a job is cancelled.
    keep_ended_jobs : timedelta
        For how long jobs that have ended are kept in the job store; their folders stay.
    remove_good_folders : bool
        Whether the folders of jobs that have computed a part of a simulation well are removed at
        once, with script and output.
    provenance : bool
        Whether a record of where it comes from is written beside each trajectory.
    max_fruitless_parts : int
        Parts of a simulation that may be interrupted in a row without having got anywhere.
    slurm : SlurmSettings
        Everything about Slurm.
    """

    state_dir: Path
    max_cores: int
    max_processes: int
    most_cores: int | None = None
    end_local_jobs_on_shutdown: bool = False
    cancel_grace: timedelta = field(default=timedelta(seconds=5))
    keep_ended_jobs: timedelta = field(default=timedelta(days=90))
    remove_good_folders: bool = False
    max_fruitless_parts: int = 3
    provenance: bool = True
    max_files_open: int = field(default_factory=allowed_files)
    files_margin: int = 30
    slurm: SlurmSettings = field(default_factory=SlurmSettings)

    def __post_init__(self) -> None:
        if self.most_cores is not None and self.max_cores > self.most_cores:
            object.__setattr__(self, "max_cores", self.most_cores)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Defaults, changed by the ``ASYNCMD_*`` variables.

        ``ASYNCMD_STATE_DIR``, ``ASYNCMD_MAX_CORES``, ``ASYNCMD_MAX_PROCESSES``,
        ``ASYNCMD_END_JOBS_ON_SHUTDOWN`` (0 or 1), ``ASYNCMD_CANCEL_GRACE`` (seconds),
        ``ASYNCMD_KEEP_JOBS_DAYS``, ``ASYNCMD_REMOVE_GOOD_FOLDERS`` (0 or 1).

        Raises
        ------
        ValueError
            For a variable that holds no value of its kind.
        """
        env = os.environ if environ is None else environ
        cores = allowed_cores()
        most = _positive_int(env, MOST_CORES, 0) or None
        return cls(
            state_dir=_state_dir(env),
            max_cores=most or cores,
            most_cores=most,
            max_processes=_positive_int(env, "ASYNCMD_MAX_PROCESSES", max(1, cores // 4)),
            end_local_jobs_on_shutdown=_flag(env, "ASYNCMD_END_JOBS_ON_SHUTDOWN"),
            cancel_grace=timedelta(seconds=_positive_int(env, "ASYNCMD_CANCEL_GRACE", 5)),
            keep_ended_jobs=_days(env, "ASYNCMD_KEEP_JOBS_DAYS", 90),
            remove_good_folders=_flag(env, "ASYNCMD_REMOVE_GOOD_FOLDERS"),
        )


def _days(env: Mapping[str, str], name: str, default: int) -> timedelta:
    return timedelta(days=min(_positive_int(env, name, default), _MOST_DAYS))


def _state_dir(env: Mapping[str, str]) -> Path:
    if chosen := env.get("ASYNCMD_STATE_DIR"):
        return Path(chosen).expanduser().absolute()
    base = env.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(base).expanduser().absolute() / "asyncmd-jupyter"


def _positive_int(env: Mapping[str, str], name: str, default: int) -> int:
    text = env.get(name, "").strip()
    if not text:
        return default
    if not text.isdecimal() or int(text) < 1:
        raise ValueError(f"{name}={text!r} is not a whole number of at least 1.")
    return int(text)


def _flag(env: Mapping[str, str], name: str) -> bool:
    text = env.get(name, "0").strip()
    if text not in ("", "0", "1"):
        raise ValueError(f"{name}={text!r} is neither 0 nor 1.")
    return text == "1"
