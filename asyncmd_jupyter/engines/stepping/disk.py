"""What the files of a simulation say about it."""

from __future__ import annotations

import os
from pathlib import Path

from asyncmd_jupyter.engines.files import EngineFiles
from asyncmd_jupyter.engines.plan import OnDisk
from asyncmd_jupyter.engines.stepping.checkpoint import Progress, read_progress
from asyncmd_jupyter.errors import EngineError
from asyncmd_jupyter.frames.xdr import index_frames, truncate_to_whole_frames


def read_disk(files: EngineFiles, traj_type: str) -> OnDisk:
    """How far the simulation has come.

    Raises
    ------
    FileNotFoundError
        If nothing of this name was prepared.
    EngineError
        If there are parts but no checkpoint to go on from.
    """
    progress = _progress(files)
    parts = {n: path for n, path in files.parts(traj_type).items() if path.stat().st_size}
    if progress is not None:
        return _on_disk(progress, parts)
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


def mend_parts(files: EngineFiles, traj_type: str, *, keep_after_checkpoint: bool = True) -> None:
    """Cut off what an interrupted worker left behind its last whole frame.

    Frames behind the checkpoint count as results until the simulation goes on; it will
    compute them again, so they have to go then.
    """
    progress = _progress(files)
    for number, path in files.parts(traj_type).items():
        if keep_after_checkpoint or progress is None or number < progress.part:
            if path.stat().st_size:
                truncate_to_whole_frames(path)
        else:
            _cut_back(path, progress.size if number == progress.part else 0)


def _cut_back(path: Path, size: int) -> None:
    if path.stat().st_size > size:  # a file that is touched has to be read again
        os.truncate(path, size)


def _progress(files: EngineFiles) -> Progress | None:
    checkpoint = files.path("cpt")
    return read_progress(checkpoint) if checkpoint.exists() else None


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
