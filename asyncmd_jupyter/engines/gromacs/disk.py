"""What the files of a GROMACS simulation say about it."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from asyncmd_jupyter.engines.files import EngineFiles
from asyncmd_jupyter.engines.gromacs.checkpoint import Checkpoint, read_checkpoint
from asyncmd_jupyter.engines.plan import OnDisk
from asyncmd_jupyter.errors import EngineError
from asyncmd_jupyter.frames.xdr import FrameIndex, truncate_to_whole_frames

logger = logging.getLogger(__name__)

_CHECKPOINT_WORDS = (b"Writing checkpoint, step", b"Finished mdrun")


def read_disk(files: EngineFiles, traj_type: str, nstout: int) -> OnDisk:
    """How far the simulation has come.

    Raises
    ------
    FileNotFoundError
        If nothing of this name was prepared.
    EngineError
        If there are parts but no checkpoint to go on from.
    """
    if not files.path("tpr").exists():
        raise FileNotFoundError(
            f"Nothing named {files.deffnm!r} was prepared in {str(files.workdir)!r}: use prepare()."
        )
    parts = [path for path in files.parts(traj_type).values() if path.stat().st_size]
    last = parts[-1] if parts else None
    checkpoint = _checkpoint(files)
    if checkpoint is None:
        _refuse_lost_checkpoint(files)
        return OnDisk(last_trajectory=last)
    frames = checkpoint.step // nstout + 1 if parts else 0
    return OnDisk(checkpoint.step, checkpoint.part + 1, frames, last)


def mend_parts(files: EngineFiles, traj_type: str, nstout: int) -> None:
    """Cut off what an interrupted ``mdrun`` left behind its last whole frame.

    Also the frame that it writes where it is stopped goes, unless it is one of those every
    `nstout` steps: times between frames are equal, and going on computes it again.
    """
    for path in _open_ended(files, traj_type):
        index = truncate_to_whole_frames(path)
        _keep(path, index, _n_on_grid(index, nstout))


def drop_after_checkpoint(files: EngineFiles) -> None:
    """Cut off the frames behind the checkpoint, which going on will compute again."""
    checkpoint = _checkpoint(files)
    if checkpoint is None:
        _refuse_lost_checkpoint(files)
        checkpoint = Checkpoint(part=0, step=-1, time=0.0)
    for traj_type in ("xtc", "trr"):
        for number, path in files.parts(traj_type).items():
            if number > checkpoint.part:
                path.unlink()
            elif number == checkpoint.part and path.stat().st_size:
                index = truncate_to_whole_frames(path)
                _keep(path, index, int((index.steps <= checkpoint.step).sum()))


def _checkpoint(files: EngineFiles) -> Checkpoint | None:
    path = files.path("cpt")
    return read_checkpoint(path) if path.exists() else None


def _refuse_lost_checkpoint(files: EngineFiles) -> None:
    """Tell a simulation that was killed before its first checkpoint from one that lost it."""
    logs = files.parts("log")
    written = any(_tells_of_checkpoint(path) for path in logs.values())
    if written or max(logs, default=0) > 1:
        raise EngineError(
            f"{files.path('cpt')} is missing, so that the parts of {files.deffnm!r} can't be gone "
            f"on from. {files.deffnm}_prev.cpt may be an older one; without any, start another "
            "simulation from their last frame."
        )
    if logs:
        logger.warning(
            "%s was ended before its first checkpoint: it begins again at step 0.", files.key
        )


def _tells_of_checkpoint(log: Path) -> bool:
    text = log.read_bytes()
    return any(words in text for words in _CHECKPOINT_WORDS)


def _open_ended(files: EngineFiles, traj_type: str) -> list[Path]:
    """Parts of which somebody may have been writing when it was interrupted."""
    parts = list(files.parts(traj_type).values())
    return [path for path in parts[-2:] if path.stat().st_size]


def _n_on_grid(index: FrameIndex, nstout: int) -> int:
    n_frames = len(index)
    return n_frames - bool(n_frames and index.steps[-1] % nstout)


def _keep(path: Path, index: FrameIndex, n_frames: int) -> None:
    if n_frames < len(index):
        os.truncate(path, int(index.offsets[n_frames]))
