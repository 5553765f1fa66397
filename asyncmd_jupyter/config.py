"""Limits and caches of this process. All can be changed at any time, also during runs."""

from __future__ import annotations

import ast
import builtins
import sys
import warnings
from collections.abc import Sequence
from dataclasses import replace
from types import FrameType
from typing import TYPE_CHECKING, Any

from asyncmd_jupyter import runtime
from asyncmd_jupyter.counts import as_count
from asyncmd_jupyter.errors import JobError
from asyncmd_jupyter.frames.cache import ValueCaches
from asyncmd_jupyter.jobs.core_hours import Budget, core_hours
from asyncmd_jupyter.jobs.slurm.configuring import changed_slurm_settings, granted_core_hours
from asyncmd_jupyter.machine import allowed_cores, allowed_files
from asyncmd_jupyter.sampling.overview import Overview
from asyncmd_jupyter.settings import MOST_CORES, SlurmSettings

if TYPE_CHECKING:
    import h5py

__all__ = [
    "deregister_h5py_cache",
    "end_jobs_on_shutdown",
    "register_h5py_cache",
    "set_all_slurm_settings",
    "set_max_cores",
    "set_max_files_open",
    "set_max_fruitless_parts",
    "set_max_process",
    "set_provenance",
    "set_slurm_max_jobs",
    "set_slurm_settings",
    "set_trajectory_cache_type",
    "show_config",
]

_NOT_KNOWN = "not known, see below"


def set_max_process(num: int | None = None, max_num: int | None = None) -> None:
    """Limit the Python functions and conversions that run at the same time.

    What waits begins at once when the limit is raised; a lower limit holds for what
    begins later.

    Parameters
    ----------
    num : int, optional
        A quarter of the cores if not given, at least 1.
    max_num : int, optional
        Upper limit of it.

    Raises
    ------
    ValueError
        For a number below 1.
    """
    number = max(1, allowed_cores() // 4) if num is None else _count("num", num)
    if max_num is not None:
        number = min(number, _count("max_num", max_num))
    runtime.current().change_settings(max_processes=number)


def set_max_cores(num: int | None = None) -> None:
    """Limit the CPU cores that local jobs use together; all of the machine's if not given.

    Local jobs of your other kernels on this machine count, too: they share the job store.

    Raises
    ------
    ValueError
        For a number below 1.

    Warns
    -----
    UserWarning
        If ``ASYNCMD_MAX_CORES``, by which administrators limit it, is less than `num`; that is
        the limit then.
    """
    cores = allowed_cores() if num is None else _count("num", num)
    most = runtime.current().settings.most_cores
    if num is not None and most is not None and cores > most:
        warnings.warn(
            f"num={cores} is more than the {most} that {MOST_CORES} allows on this machine; the "
            f"limit is {most}.",
            stacklevel=2,
        )
    runtime.current().change_settings(max_cores=cores)


def set_max_fruitless_parts(num: int = 3) -> None:
    """Bound how often a simulation is started again that gets nowhere.

    A part that a time limit, a lost node or a more important job has ended is gone on with,
    as often as it takes, if it left at least one step. What ends `num` times in a row
    without a step is an error.

    Raises
    ------
    ValueError
        For a number below 1.
    """
    runtime.current().change_settings(max_fruitless_parts=_count("num", num))


def set_max_files_open(num: int | None = None, margin: int = 30) -> None:
    """Limit the files that functions and conversions have open at the same time.

    Each function on a trajectory counts with the trajectory's files, its structure, the
    cache, and, in a process of its own, the connection to that. What would exceed the
    limit waits, but one always runs. Jobs are started one after the other and their
    output goes to files that this process does not keep open, so they need no limit.

    Parameters
    ----------
    num : int, optional
        Files that this process may have open, as many as the system allows it if not
        given.
    margin : int
        How many of them are left to everything else: notebook, plots, your own code.

    Raises
    ------
    ValueError
        Unless both are whole numbers and `num` is more than the margin, which is 0 or more.

    Warns
    -----
    UserWarning
        If the system allows less than `num`; that is the limit then.
    """
    allowed = allowed_files()
    kept = _count("margin", margin, least=0)
    number = allowed if num is None else _count("num", num)
    if number > allowed:
        warnings.warn(
            f"num={number} is more than the {allowed} files that the system lets this process "
            f"open (see ulimit -n); the limit is {allowed}.",
            stacklevel=2,
        )
        number = allowed
    if number <= kept:
        raise ValueError(f"num={number} has to be more than margin={kept}.")
    runtime.current().change_settings(max_files_open=number, files_margin=kept)


def set_trajectory_cache_type(
    cache_type: str, copy_content: bool = True, clear_old_cache: bool = False
) -> None:
    """Choose where values of functions are kept, at once and for all living trajectories.

    Parameters
    ----------
    cache_type : str
        ``npz``: in a file beside the first trajectory file, the default. ``h5py``: in the
        files given to `register_h5py_cache`. ``memory``: for as long as a `Trajectory` of
        that content lives. In any case.
    copy_content : bool
        Whether values of the living trajectories are copied to the new cache.
    clear_old_cache : bool
        Whether they are removed from the others.

    Raises
    ------
    ValueError
        For another type; if values would be left in memory only.
    """
    ValueCaches.current().use(cache_type, copy_content, clear_old_cache)


def register_h5py_cache(
    h5py_group: h5py.Group | h5py.File,
    copy_h5py: bool = False,
    copy_content: bool = True,
    clear_old_cache: bool = False,
) -> None:
    """Keep values of functions in an HDF5 file; switches the cache type to h5py.

    Several can be registered: all are searched, and the one registered last that can be
    written gets new values. While there is none, new values are kept in memory, and the
    next one registered takes them over. You open and close the file; deregister it first.

    Unlike npz files, an HDF5 file can be written by one process at a time only, and what
    a killed process was just writing may be lost.

    Parameters
    ----------
    h5py_group : h5py.Group or h5py.File
        May be read-only. Values go to ``asyncmd/TrajectoryFunctionValueCache`` in it.
    copy_h5py : bool
        Whether everything in the other registered files is copied to this one.
    copy_content : bool
        Whether values of living trajectories in caches of other types are copied.
    clear_old_cache : bool
        Whether what is copied by these two is removed where it was.

    Raises
    ------
    TypeError
        For anything but a file or group of h5py.
    ValueError
        If it is closed, or read-only where something shall be copied to it.
    """
    ValueCaches.current().register_h5py(
        h5py_group,
        copy_h5py=copy_h5py,
        copy_content=copy_content,
        clear_old_cache=clear_old_cache,
    )


def deregister_h5py_cache(h5py_group: h5py.Group | h5py.File) -> None:
    """Stop using an HDF5 file, which may be closed already. The cache type stays.

    Raises
    ------
    ValueError
        If it is not registered.
    """
    ValueCaches.current().deregister_h5py(h5py_group)


def end_jobs_on_shutdown(end: bool = True) -> None:
    """Say whether local jobs end when this kernel is shut down or restarted.

    Without it they go on and can be taken back. A kernel that is killed never ends them.
    """
    runtime.current().change_settings(end_local_jobs_on_shutdown=bool(end))


def set_provenance(record: bool = True) -> None:
    """Say whether a record of where it comes from is written beside each new trajectory.

    See `Trajectory.provenance`. Records that are there already stay.
    """
    runtime.current().change_settings(provenance=bool(record))


def set_slurm_max_jobs(num: int | None) -> None:
    """Limit the jobs that are in Slurm's queue at the same time; the others wait here.

    Parameters
    ----------
    num : int or None
        None for as many as Slurm takes.

    Raises
    ------
    ValueError
        For a number below 1.
    """
    most = None if num is None else _count("num", num)
    slurm = replace(runtime.current().settings.slurm, max_jobs=most)
    runtime.current().change_settings(slurm=slurm)


def set_slurm_settings(
    *,
    sinfo_executable: str | None = None,
    sacct_executable: str | None = None,
    sbatch_executable: str | None = None,
    scancel_executable: str | None = None,
    squeue_executable: str | None = None,
    scontrol_executable: str | None = None,
    min_time_between_sacct_calls: float | None = None,
    num_fails_for_broken_node: int | None = None,
    success_to_fail_ratio: int | None = None,
    exclude_nodes: Sequence[str] | None = None,
    cluster: str | None = None,
    job_arrays: bool | None = None,
    max_submissions_per_minute: float | None = None,
    core_hours: float | None = None,
) -> None:
    """Change how Slurm is used; what is not given stays as it is.

    Parameters
    ----------
    sinfo_executable, sacct_executable, sbatch_executable, scancel_executable, squeue_executable,
    scontrol_executable
        Names or paths of Slurm's commands.
    min_time_between_sacct_calls : float
        Seconds between two looks at the queue, at least. While nothing changes there are
        fewer. Accounting is asked only about jobs that have vanished, as rarely.
    num_fails_for_broken_node : int
        A node that failed under so many jobs is avoided ...
    success_to_fail_ratio : int
        ... unless this many times more jobs ended well on it. A command that ends with an
        error is never a node's fault.
    exclude_nodes : sequence of str
        Nodes that no job shall use, also lists such as ``n[1-3,7]``; an empty one for none.
    cluster : str
        Which one, where there are several; empty for the default one.
    job_arrays : bool
        Whether jobs that arrive together and ask for the same are submitted as one array.
    max_submissions_per_minute : int
        Calls of sbatch in any minute, an array counts as one; what is more waits. ``inf`` for
        no limit, the default.
    core_hours : float
        Budget for the jobs in Slurm of all your kernels with this job store together, counted
        from when the first one was set and kept until ``inf`` ends it. When it is used up
        nothing is submitted any more, and jobs are asked to save their work and stop.

    Raises
    ------
    ValueError
        For a value that can't be meant; nothing is changed then.
    """
    given = {name: value for name, value in locals().items() if value is not None}
    budget = given.pop("core_hours", None)
    hours = None if budget is None else granted_core_hours(budget)
    slurm = changed_slurm_settings(runtime.current().settings.slurm, given)
    if budget is not None:
        Budget.current().grant(hours)
    runtime.current().change_settings(slurm=slurm)


def set_all_slurm_settings(
    *,
    sinfo_executable: str = "sinfo",
    sacct_executable: str = "sacct",
    sbatch_executable: str = "sbatch",
    scancel_executable: str = "scancel",
    squeue_executable: str = "squeue",
    scontrol_executable: str = "scontrol",
    min_time_between_sacct_calls: float = 2.0,
    num_fails_for_broken_node: int = 3,
    success_to_fail_ratio: int = 50,
    exclude_nodes: Sequence[str] | None = None,
    cluster: str = "",
    job_arrays: bool = True,
    max_submissions_per_minute: float | None = None,
) -> None:
    """Change how Slurm is used; what is not given gets its default.

    The limit on jobs and the budget of core hours stay as they are.

    Parameters
    ----------
    sinfo_executable, sacct_executable, sbatch_executable, scancel_executable, squeue_executable
    scontrol_executable, min_time_between_sacct_calls, num_fails_for_broken_node
    success_to_fail_ratio, exclude_nodes, cluster, job_arrays, max_submissions_per_minute
        As for `set_slurm_settings`.

    Raises
    ------
    ValueError
        For a value that can't be meant; nothing is changed then.
    """
    given = {**locals(), "exclude_nodes": exclude_nodes or ()}
    defaults = SlurmSettings(max_jobs=runtime.current().settings.slurm.max_jobs)
    runtime.current().change_settings(slurm=changed_slurm_settings(defaults, given))


def show_config() -> Overview:
    """Return everything that is in force; reads well in a notebook and printed.

    A script that does nothing with it gets it printed, where no prompt would show it.
    """
    caches = ValueCaches.current()
    settings = runtime.current().settings
    shown = Overview(settings, caches.type, caches.h5py_sources, *_core_hours())
    if not _is_at_a_prompt() and _is_dropped_by(sys._getframe(1)):
        sys.stdout.write(f"{shown}\n")
    return shown


def _is_at_a_prompt() -> bool:
    return hasattr(sys, "ps1") or hasattr(builtins, "__IPYTHON__")


def _is_dropped_by(caller: FrameType) -> bool:
    """Whether nothing is done with what the call returns that a frame is at."""
    import executing

    call = executing.Source.executing(caller).node
    return call is None or isinstance(getattr(call, "parent", None), ast.Expr)


def _core_hours() -> tuple[str, str]:
    """What was used, and what keeps it from being known, which hides no setting."""
    try:
        return str(core_hours()), ""
    except JobError as error:
        return _NOT_KNOWN, str(error)
    except (ValueError, TypeError, LookupError, AttributeError, OSError) as error:
        return _NOT_KNOWN, (
            f"The job store in {str(runtime.current().settings.state_dir)!r} is damaged: something "
            f"in it is not as this package writes it ({error}). Move it away, or choose another "
            "folder with ASYNCMD_STATE_DIR."
        )


def _count(name: str, value: Any, least: int = 1) -> int:
    number = as_count(value)
    if number is None or number < least:
        raise ValueError(f"{name}={value!r} has to be a whole number of at least {least}.")
    return number
