"""What the files of a simulation say about it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from asyncmd_jupyter.engines.aside import set_parts_aside
from asyncmd_jupyter.engines.energies.text import ENDING
from asyncmd_jupyter.engines.files import EngineFiles
from asyncmd_jupyter.engines.plan import OnDisk
from asyncmd_jupyter.engines.stepping.checkpoint import Progress, checked_progress, previous
from asyncmd_jupyter.engines.stepping.energies import cut_rows
from asyncmd_jupyter.errors import EngineError
from asyncmd_jupyter.files.reading import read_bytes
from asyncmd_jupyter.files.writing import cut, write_bytes
from asyncmd_jupyter.frames.xdr import index_frames, truncate_to_whole_frames

logger = logging.getLogger(__name__)

_LARGEST_CHECKPOINT = 2**36
_START_ANOTHER = "Start another simulation from the last frame of its parts instead."


def read_disk(files: EngineFiles, traj_type: str) -> OnDisk:
    """How far the simulation has come.

    Raises
    ------
    FileNotFoundError
        If nothing of this name was prepared.
    EngineError
        If there are parts but no checkpoint to go on from.
    """
    found = _newest(files, traj_type)
    parts = {n: path for n, path in files.parts(traj_type).items() if path.stat().st_size}
    if found is not None:
        return _on_disk(found.progress, parts)
    if parts and not _had_only_begun(files, parts):
        raise EngineError(
            f"{files.path('cpt')} is missing, so that the parts of {files.deffnm!r} can't be gone "
            "on from. Start another simulation from their last frame instead."
        )
    if not files.path("start.npz").exists():
        raise FileNotFoundError(
            f"Nothing named {files.deffnm!r} was prepared in {str(files.workdir)!r}: use prepare()."
        )
    return OnDisk()


def _had_only_begun(files: EngineFiles, parts: dict[int, Path]) -> bool:
    """Whether a worker was killed between the frame it starts with and its first checkpoint."""
    begun = files.path("start.npz").exists() and list(parts) == [1]
    return begun and len(index_frames(parts[1])) <= 1


def mend_parts(files: EngineFiles, traj_type: str) -> None:
    """Cut off what an interrupted worker left behind its last whole frame.

    Frames behind the checkpoint count as results until the simulation goes on.
    """
    for path in files.parts(traj_type).values():
        if path.stat().st_size:
            truncate_to_whole_frames(path)


def drop_after_checkpoint(files: EngineFiles, traj_type: str) -> None:
    """Make room for the steps behind the checkpoint, which going on will compute again.

    Frames and energies of the part that has written it are cut off; parts after it are set aside.

    Raises
    ------
    EngineError
        There is no checkpoint to go on from.
    """
    mend_parts(files, traj_type)
    found = _newest(files, traj_type)
    if found is None:
        read_disk(files, traj_type)  # refuses parts that have lost their checkpoint
        set_parts_aside(files, 0, "was ended before its first checkpoint and begins again")
        return
    if found.problem:
        _put_back(files, traj_type, found)
    progress = found.progress
    set_parts_aside(
        files,
        progress.part,
        f"goes on from its checkpoint of part {progress.part} at step {progress.step}",
    )
    part = files.parts(traj_type).get(progress.part)
    if part is not None and part.stat().st_size > progress.size:
        cut(part, progress.size)  # a file that is touched has to be read again
    cut_rows(files.part(progress.part, ENDING), progress.step)


def forget_checkpoints(files: EngineFiles) -> None:
    """Remove checkpoints of parts that are gone, which would be gone on from."""
    for path in (files.path("cpt"), previous(files.path("cpt"))):
        path.unlink(missing_ok=True)


@dataclass(frozen=True)
class _Found:
    """The checkpoint to go on from, and what is wrong with the last one if it is not that."""

    path: Path
    progress: Progress
    problem: str = ""


def _newest(files: EngineFiles, traj_type: str) -> _Found | None:
    """The checkpoint to go on from: the one before the last where that is missing or damaged.

    Raises
    ------
    EngineError
        None of those that are there can be used.
    """
    last, before = files.path("cpt"), previous(files.path("cpt"))
    if not (last.exists() or before.exists()):
        return None
    try:
        return _Found(last, _usable(last, files, traj_type))
    except FileNotFoundError:
        problem = f"{last} is missing."
    except EngineError as error:
        problem = str(error)
    try:
        return _Found(before, _usable(before, files, traj_type), problem)
    except FileNotFoundError:
        raise EngineError(
            f"{problem} There is none before it: the parts of {files.deffnm!r} can't be gone on "
            f"from. {_START_ANOTHER}"
        ) from None
    except EngineError as error:
        raise EngineError(f"{problem} Of the one before it: {error} {_START_ANOTHER}") from error


def _usable(checkpoint: Path, files: EngineFiles, traj_type: str) -> Progress:
    """Read how far a checkpoint has come, if its frames are there or were taken away."""
    progress = checked_progress(checkpoint)
    part = files.part(progress.part, traj_type)
    size = part.stat().st_size if part.exists() else progress.size
    if size < progress.size:
        raise EngineError(
            f"{part} has {size} bytes, but had {progress.size} when {checkpoint.name} was written: "
            "frames are lost."
        )
    return progress


def _put_back(files: EngineFiles, traj_type: str, found: _Found) -> None:
    """Let the worker find the checkpoint before the last one, which stays where it is."""
    indices = [index_frames(path) for path in files.parts(traj_type).values()]
    last = max((int(index.steps[-1]) for index in indices if len(index)), default=0)
    logger.warning(
        "%s It goes on from %s at step %d, so that the %d steps up to the last frame on disk are "
        "computed again.",
        *(found.problem, found.path.name, found.progress.step),
        max(0, last - found.progress.step),
    )
    write_bytes(files.path("cpt"), read_bytes(found.path, limit=_LARGEST_CHECKPOINT))


def _on_disk(progress: Progress, parts: dict[int, Path]) -> OnDisk:
    earlier = [path for number, path in parts.items() if number < progress.part]
    return OnDisk(
        steps=progress.step,
        next_part=progress.part + (1 if progress.frames else 0),
        frames=progress.frames + sum(len(index_frames(path)) for path in earlier),
        last_trajectory=list(parts.values())[-1] if parts else None,
        platform=progress.platform,
        time=progress.time,
    )
