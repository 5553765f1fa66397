"""Bring back the runs of a folder after a kernel restart."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from asyncmd_jupyter.errors import AsyncMDError, OtherKernelError
from asyncmd_jupyter.jobs.manager import JobManager
from asyncmd_jupyter.jobs.model import JobRecord
from asyncmd_jupyter.sampling.progress import RunState
from asyncmd_jupyter.sampling.run import new_walker
from asyncmd_jupyter.sampling.run_memory_pickle import RunMemoryError, load_spec
from asyncmd_jupyter.sampling.run_memory_walker import StoredWalker
from asyncmd_jupyter.sampling.run_record import Found, RunRecord, look_for_records
from asyncmd_jupyter.sampling.run_spec import RunSpec
from asyncmd_jupyter.sampling.running import RUN_TAG, Run
from asyncmd_jupyter.sampling.runs import Runs
from asyncmd_jupyter.sampling.walker import Walker

__all__ = ["Attached", "RunMemoryError", "attach_runs"]

Place = tuple[Path, str, str]  # folder of a run, its name and the index of a walker


@dataclass(frozen=True)
class Attached:
    """What was brought back.

    Attributes
    ----------
    runs : tuple of Run
        Those that this kernel did not have before, oldest first.
    problems : tuple of str
        A sentence for each run that could not be brought back: why, and how to go on.
    taken : tuple of str
        A sentence for each run that was taken from a kernel that may live: which, and from whom.
    here : tuple of str
        Names of the runs of the folder that this kernel had before.
    """

    runs: tuple[Run, ...] = ()
    problems: tuple[str, ...] = ()
    taken: tuple[str, ...] = ()
    here: tuple[str, ...] = ()


async def attach_runs(
    folder: str | os.PathLike[str] = ".",
    names: Collection[str] | None = None,
    *,
    trust: bool = False,
    force: bool = False,
) -> Attached:
    """Bring back every run of a folder and of its sub-folders.

    Runs that had not ended go on: jobs that are still there are followed, walkers that had
    ended are read and not computed again. A walker whose job was cancelled while no kernel
    followed it stays cancelled. Ended runs are there to be looked at. Runs that this kernel
    has are kept, those of other living kernels are left to them.

    Parameters
    ----------
    folder : path
        That holds the folders of the runs.
    names : collection of str, optional
        Only runs with these names; all by default.
    trust : bool
        Whether runs are brought back that this user has not started in this folder: bringing
        back runs the code that whoever made the folder has put there.
    force : bool
        Whether runs of kernels that may live are taken over, with their jobs, such as those on
        machines that can't be seen from here. A kernel that does live lets go of them as soon
        as it notices.

    Raises
    ------
    NotADirectoryError, FileNotFoundError
        There is no such folder.
    ValueError
        There is no run of a name.
    """
    found = await asyncio.to_thread(look_for_records, folder)
    records = _wanted(found, folder, names)
    given_up = await _given_up(records)
    runs, problems, taken, here = [], list(found.problems), [], []
    for record in records:
        is_others = record.is_active_elsewhere
        try:
            run = await _brought_back(record, given_up, trust=trust, force=force)
        except (AsyncMDError, ValueError, TypeError, OSError) as error:
            problems.append(_told(record, error))
            continue
        if run is None:
            here.append(record.name)
        else:
            runs.append(run)
            taken += [_taken_from(record)] if is_others else []
    return Attached(tuple(runs), tuple(problems), tuple(taken), tuple(here))


def _taken_from(record: RunRecord) -> str:
    kernel = record.kernel
    return (
        f"The run {record.name!r} in {str(record.folder.parent)!r} was taken over from the kernel "
        f"with the process {kernel.process.pid} on {kernel.host}."
    )


def _wanted(
    found: Found, folder: str | os.PathLike[str], names: Collection[str] | None
) -> list[RunRecord]:
    if names is None:
        return list(found.records)
    known = {record.name for record in found.records}
    if missing := [name for name in names if name not in known]:
        there = ", ".join(sorted(known)) or "none"
        raise ValueError(
            f"There is no run {missing[0]!r} in {os.fspath(folder)!r}; those that are there: "
            f"{there}."
        )
    return [record for record in found.records if record.name in names]


async def _given_up(records: Iterable[RunRecord]) -> set[Place]:
    """Walkers that wait for a kernel, although somebody has cancelled their newest job."""
    records = list(records)
    if all(record.state.is_final for record in records):
        return set()
    newest: dict[Place, JobRecord] = {}
    runs = {record.name for record in records}
    for job in await JobManager.current().history(runs=runs):  # the newest first
        run, walker = job.tags.get(RUN_TAG), job.tags.get("walker")
        if run is not None and walker is not None:
            newest.setdefault((job.command.cwd, run, walker), job)
    return {place for place, job in newest.items() if job.was_given_up}


async def _brought_back(
    record: RunRecord, given_up: set[Place], *, trust: bool, force: bool
) -> Run | None:
    """The run; None if this kernel has it."""
    if _is_here(record, force=force):
        return None
    spec = await asyncio.to_thread(load_spec, record, trust=trust)
    if _is_here(record, force=force):  # another task was quicker
        return None
    if force:
        tags = {RUN_TAG: record.name}
        await JobManager.current().attach(tags, folder=record.folder, force=True)
    run = Run(spec, record)
    walkers = list(_walkers(run, spec, record, given_up))
    run.conditions = record.conditions
    if not record.state.is_final or any(isinstance(walker, Walker) for walker in walkers):
        run.walkers = walkers
        await run.take_over(force=force)
        if _is_here(record, force=force):
            return None
    Runs.current().add(run)
    run.begin(walkers, known=True)
    return run


def _is_here(record: RunRecord, *, force: bool) -> bool:
    mine = next((run for run in Runs.current().all() if run.id == record.name), None)
    if mine is not None:
        if mine.workdir.resolve() == record.folder.resolve():
            return True
        raise RunMemoryError(
            f"The run {record.name!r} in {str(record.folder.parent)!r} was not brought back: this "
            f"kernel has another one of that name, in {str(mine.workdir.parent)!r}. Bring it back "
            "in another kernel."
        )
    if not force and record.is_active_elsewhere:
        kernel = record.kernel
        raise RunMemoryError(
            f"The run {record.name!r} in {str(record.folder.parent)!r} is left alone: the kernel "
            f"that started it (process {kernel.process.pid} on {kernel.host}) "
            + (
                "goes on with it. Work there, or shut that kernel down first."
                if kernel.is_here
                else "can't be seen from here. If it has ended, take the run over with "
                "%asyncmd attach --force, or attach_runs(…, force=True)."
            )
        )
    return False


def _walkers(
    run: Run, spec: RunSpec, record: RunRecord, given_up: set[Place]
) -> Iterator[Walker | StoredWalker]:
    kinds = record.error_kinds or ("",) * len(record.walkers)
    for stored, kind in zip(record.walkers, kinds, strict=True):
        if stored.state.is_final and kind != OtherKernelError.__name__:
            yield StoredWalker(spec, stored, kind, run.changed)
        elif (record.folder, record.name, str(stored.index)) in given_up:
            ended = replace(stored, state=RunState.CANCELLED)
            yield StoredWalker(spec, ended, "", run.changed)
        else:
            is_held = stored.state is RunState.HELD
            yield new_walker(run, stored.index, continuation=True, is_held=is_held, known=stored)


def _told(record: RunRecord, error: Exception) -> str:
    if isinstance(error, RunMemoryError):
        return str(error)
    if isinstance(error, OtherKernelError):
        return f"The run {record.name!r} in {str(record.folder.parent)!r} is left alone: {error}"
    return (
        f"The run {record.name!r} in {str(record.folder.parent)!r} can't be brought back by itself:"
        f" {error} Go on with it by hand: start_run(…, name={record.name!r}, continuation=True)."
    )
