"""The files that belong to the parts of one simulation, and taking them away."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from asyncmd_jupyter.engines.base import MDEngine
from asyncmd_jupyter.engines.command import FILES_TAG
from asyncmd_jupyter.engines.files import EngineFiles
from asyncmd_jupyter.errors import EngineError
from asyncmd_jupyter.frames.provenance_file import ENDING as RECORD
from asyncmd_jupyter.jobs.manager import JobManager
from asyncmd_jupyter.sampling.run_folder import remove_file_or_scratch

TRAJECTORIES = "trajectories"

_OFFSETS = re.compile(r"_offsets\.(npz|lock)")
_CACHES = re.compile(r"(_MULTIPART)?_asyncmd(_jupyter)?_cv_cache\.npz(\.new)?")


async def remove_files_of_parts(
    engine: MDEngine,
    files: EngineFiles,
    *,
    endings: Sequence[str] | None,
    offsets: bool,
    caches: bool,
) -> None:
    """Remove files of the parts; see `TrajectoryPropagator.remove_parts`."""
    wanted = None if endings is None else _checked(endings, engine)
    await _wait_for_writers(files)
    await asyncio.to_thread(_remove, engine, files, wanted, offsets, caches)


def _checked(endings: Sequence[str], engine: MDEngine) -> list[str]:
    is_list = isinstance(endings, Sequence) and not isinstance(endings, str)
    if not is_list or not all(isinstance(ending, str) for ending in endings):
        raise TypeError(f"file_endings_to_remove={endings!r} has to be a list of endings.")
    made = [engine.output_traj_type if e == TRAJECTORIES else e.removeprefix(".") for e in endings]
    if wrong := [ending for ending in made if not ending or "/" in ending]:
        raise ValueError(f"file_endings_to_remove holds {wrong[0]!r}, which can end no file name.")
    return made


async def _wait_for_writers(files: EngineFiles) -> None:
    manager = JobManager.current()
    for job in await manager.unfinished({FILES_TAG: files.key}):
        if not (job.record.cancel_requested and manager.is_followed(job)):
            raise EngineError(
                f"Job {job.id} ({job.record.name}) still writes parts of {files.deffnm!r} in "
                f"{str(files.workdir)!r}: wait for it, or end it with 'asyncmd cancel {job.id}'."
            )
        await job.wait()


def _remove(
    engine: MDEngine, files: EngineFiles, endings: Sequence[str] | None, offsets: bool, caches: bool
) -> None:
    trajectories = engine.files_of_parts(files.workdir, files.deffnm, engine.output_traj_type)
    patterns = [pattern for pattern, on in ((_OFFSETS, offsets), (_CACHES, caches)) if on]
    # What belongs to a trajectory goes first: without that it could not be found any more.
    beside = _kept_beside(trajectories, patterns)
    wanted = _all(engine, files) if endings is None else _with(endings, engine, files)
    for path in [*beside, *wanted]:
        with suppress(FileNotFoundError):
            remove_file_or_scratch(path)


def _with(endings: Sequence[str], engine: MDEngine, files: EngineFiles) -> list[Path]:
    # A record goes together with the file that it is about.
    with_records = [each for ending in endings for each in (ending + RECORD, ending)]
    found = (engine.files_of_parts(files.workdir, files.deffnm, end) for end in with_records)
    return [path for paths in found for path in paths]


def _all(engine: MDEngine, files: EngineFiles) -> list[Path]:
    # Of live looks and of functions that need earlier frames.
    scratch = re.compile(rf"\.{re.escape(files.deffnm)}\.part\d{{4,}}\.(live(-\w+)?|joined-\w+)")
    left = [path for path in files.workdir.iterdir() if scratch.fullmatch(path.name)]
    endings = dict.fromkeys((engine.output_traj_type, *engine.endings_of_parts))
    extra = engine.extra_files_of_parts(files.workdir, files.deffnm)
    return [*left, *_with(list(endings), engine, files), *extra]


def _kept_beside(trajectories: Sequence[Path], patterns: Sequence[re.Pattern[str]]) -> list[Path]:
    folders = {path.parent for path in trajectories}
    hidden = [path for folder in folders for path in folder.iterdir() if path.name[0] == "."]
    beginnings = tuple(f".{path.name}" for path in trajectories)
    return [
        path
        for path in hidden
        for beginning in beginnings
        if path.name.startswith(beginning)
        and any(pattern.fullmatch(path.name[len(beginning) :]) for pattern in patterns)
    ]
