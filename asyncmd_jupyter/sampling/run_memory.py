"""Bring back the runs of a folder after a kernel restart."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass

from asyncmd_jupyter.errors import AsyncMDError, OtherKernelError
from asyncmd_jupyter.sampling.progress import RunState
from asyncmd_jupyter.sampling.run import new_walker
from asyncmd_jupyter.sampling.run_memory_pickle import RunMemoryError, load_spec
from asyncmd_jupyter.sampling.run_memory_walker import StoredWalker
from asyncmd_jupyter.sampling.run_record import RunRecord, look_for_records
from asyncmd_jupyter.sampling.run_spec import RunSpec
from asyncmd_jupyter.sampling.running import Run
from asyncmd_jupyter.sampling.runs import Runs
from asyncmd_jupyter.sampling.walker import Walker

__all__ = ["Attached", "RunMemoryError", "attach_runs"]


@dataclass(frozen=True)
class Attached:
    """What was brought back.

    Attributes
    ----------
    runs : tuple of Run
        Those that this kernel did not have before, oldest first.
    problems : tuple of str
        A sentence for each run that could not be brought back: why, and how to go on.
    """

    runs: tuple[Run, ...] = ()
    problems: tuple[str, ...] = ()


async def attach_runs(folder: str | os.PathLike[str] = ".") -> Attached:
    """Bring back every run of a folder and of its sub-folders.

    Runs that had not ended go on: jobs that are still there are followed, walkers that had
    ended are read and not computed again. Ended runs are there to be looked at. Runs that
    this kernel has are kept, those of other living kernels are left to them.

    Parameters
    ----------
    folder : path
        That holds the folders of the runs.

    Raises
    ------
    NotADirectoryError, FileNotFoundError
        There is no such folder.
    """
    found = await asyncio.to_thread(look_for_records, folder)
    runs, problems = [], list(found.problems)
    for record in found.records:
        try:
            run = await _brought_back(record)
        except (AsyncMDError, ValueError, TypeError, OSError) as error:
            problems.append(_told(record, error))
        else:
            runs += [run] if run is not None else []
    return Attached(tuple(runs), tuple(problems))


async def _brought_back(record: RunRecord) -> Run | None:
    """The run; None if this kernel has it."""
    if _is_here(record):
        return None
    spec = await asyncio.to_thread(load_spec, record)
    if _is_here(record):  # another task was quicker
        return None
    run = Run(spec, record)
    walkers = list(_walkers(run, spec, record))
    run.conditions = record.conditions
    if any(isinstance(walker, Walker) for walker in walkers):
        run.walkers = walkers
        await run.take_over()
        if _is_here(record):
            return None
    Runs.current().add(run)
    run.begin(walkers, known=True)
    return run


def _is_here(record: RunRecord) -> bool:
    mine = next((run for run in Runs.current().all() if run.id == record.name), None)
    if mine is not None:
        if mine.workdir.resolve() == record.folder.resolve():
            return True
        raise RunMemoryError(
            f"The run {record.name!r} in {str(record.folder.parent)!r} was not brought back: this "
            f"kernel has another one of that name, in {str(mine.workdir.parent)!r}. Bring it back "
            "in another kernel."
        )
    if record.is_active_elsewhere:
        kernel = record.kernel
        raise RunMemoryError(
            f"The run {record.name!r} in {str(record.folder.parent)!r} is left alone: the kernel "
            f"that started it (process {kernel.process.pid} on {kernel.host}) "
            + (
                "goes on with it. Work there, or shut that kernel down first."
                if kernel.is_here
                else "can't be seen from here. If it has ended, go on with "
                f"start_run(…, name={record.name!r}, continuation=True)."
            )
        )
    return False


def _walkers(run: Run, spec: RunSpec, record: RunRecord) -> Iterator[Walker | StoredWalker]:
    kinds = record.error_kinds or ("",) * len(record.walkers)
    for stored, kind in zip(record.walkers, kinds, strict=True):
        if stored.state.is_final and kind != OtherKernelError.__name__:
            yield StoredWalker(spec, stored, kind, run.changed)
        else:
            is_held = stored.state is RunState.HELD
            yield new_walker(run, stored.index, continuation=True, is_held=is_held)


def _told(record: RunRecord, error: Exception) -> str:
    if isinstance(error, RunMemoryError):
        return str(error)
    if isinstance(error, OtherKernelError):
        return f"The run {record.name!r} in {str(record.folder.parent)!r} is left alone: {error}"
    return (
        f"The run {record.name!r} in {str(record.folder.parent)!r} can't be brought back by itself:"
        f" {error} Go on with it by hand: start_run(…, name={record.name!r}, continuation=True)."
    )
