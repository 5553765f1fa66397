"""What the files of a GROMACS simulation say about it."""

from __future__ import annotations

import logging
from pathlib import Path

from asyncmd_jupyter.engines.aside import set_parts_aside
from asyncmd_jupyter.engines.files import EngineFiles
from asyncmd_jupyter.engines.gromacs.checkpoint import Checkpoint
from asyncmd_jupyter.engines.gromacs.checkpoint_files import (
    START_ANOTHER,
    had_checkpoint,
    newest_checkpoint,
    previous_checkpoint,
)
from asyncmd_jupyter.engines.plan import OnDisk
from asyncmd_jupyter.errors import EngineError
from asyncmd_jupyter.files.reading import read_bytes
from asyncmd_jupyter.files.writing import cut, write_bytes
from asyncmd_jupyter.frames.xdr import FrameIndex, index_frames, truncate_to_whole_frames

logger = logging.getLogger(__name__)

_LARGEST_CHECKPOINT = 2**36  # twelve numbers of eight bytes for each of half a billion atoms


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
    file, checkpoint = newest_checkpoint(files)
    if file is None:
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
    """Make room for the steps behind the checkpoint, which going on will compute again.

    Frames of the part that has written it are cut off; parts after it are set aside.
    """
    file, checkpoint = newest_checkpoint(files)
    if file is None:
        _refuse_lost_checkpoint(files)
    elif file != files.path("cpt"):
        _put_back(files, file, checkpoint)
    set_parts_aside(files, checkpoint.part, _continues_from(file, checkpoint))
    for traj_type in ("xtc", "trr"):
        path = files.parts(traj_type).get(checkpoint.part)
        if path is not None and path.stat().st_size:
            index = truncate_to_whole_frames(path)
            _keep(path, index, int((index.steps <= checkpoint.step).sum()))


def _put_back(files: EngineFiles, earlier: Path, checkpoint: Checkpoint) -> None:
    """Let ``mdrun`` find a checkpoint before the last one, which stays where it is."""
    file = files.path("cpt")
    problem = "torn" if file.exists() else "missing"
    indices = [index_frames(path) for t in ("xtc", "trr") for path in files.parts(t).values()]
    last = max((int(index.steps[-1]) for index in indices if len(index)), default=0)
    logger.warning(
        "%s is %s: mdrun was killed while it was replaced, or the disk was full. It goes on from "
        "%s at step %d, so that the %d steps up to the last frame on disk are computed again.",
        file,
        problem,
        earlier.name,
        checkpoint.step,
        max(0, last - checkpoint.step),
    )
    write_bytes(file, read_bytes(earlier, limit=_LARGEST_CHECKPOINT))


def _refuse_lost_checkpoint(files: EngineFiles) -> None:
    """Tell a simulation that was killed before its first checkpoint from one that lost it.

    Only a log can say that there was none.
    """
    if had_checkpoint(files):
        raise EngineError(
            f"{files.path('cpt')} is missing, and so is {previous_checkpoint(files).name}: the "
            f"parts of {files.deffnm!r} can't be gone on from.{START_ANOTHER}"
        )
    if without_log := _parts_without_log(files):
        raise EngineError(
            f"{files.path('cpt')} is missing, and {without_log[0].name} has no log that says "
            f"whether there ever was one: the parts of {files.deffnm!r} can't be gone on from. "
            f"Bring the checkpoint back if it was moved or removed.{START_ANOTHER}"
        )


def _parts_without_log(files: EngineFiles) -> list[Path]:
    logs = {number for number, log in files.parts("log").items() if log.stat().st_size}
    frames = (part for kind in ("xtc", "trr") for part in files.parts(kind).items())
    return [path for number, path in frames if number not in logs and path.stat().st_size]


def _continues_from(file: Path | None, checkpoint: Checkpoint) -> str:
    if file is None:
        return "was ended before its first checkpoint and begins again at step 0"
    return f"goes on from its checkpoint of part {checkpoint.part} at step {checkpoint.step}"


def _open_ended(files: EngineFiles, traj_type: str) -> list[Path]:
    """Parts of which somebody may have been writing when it was interrupted."""
    parts = list(files.parts(traj_type).values())
    return [path for path in parts[-2:] if path.stat().st_size]


def _n_on_grid(index: FrameIndex, nstout: int) -> int:
    n_frames = len(index)
    return n_frames - bool(n_frames and index.steps[-1] % nstout)


def _keep(path: Path, index: FrameIndex, n_frames: int) -> None:
    if n_frames < len(index):
        cut(path, int(index.offsets[n_frames]))
