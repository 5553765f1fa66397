"""The checkpoints of a GROMACS simulation that are on disk, and which one to go on from."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from asyncmd_jupyter.engines.files import EngineFiles
from asyncmd_jupyter.engines.gromacs.checkpoint import Checkpoint, has_its_end, read_checkpoint
from asyncmd_jupyter.errors import EngineError
from asyncmd_jupyter.files.writing import name_beside

START_ANOTHER = " Start another simulation from the last frame of its parts instead."

_NONE = Checkpoint(part=0, step=-1, time=0.0)
# ``mdrun`` says the first before it writes, so that once tells nothing of what came of it.
_BEGINS_CHECKPOINT, _HAS_ENDED = b"Writing checkpoint, step", b"Finished mdrun"


def previous_checkpoint(files: EngineFiles) -> Path:
    """The checkpoint before the last one: ``mdrun`` renames that first, then the new one."""
    return files.workdir / f"{files.deffnm}_prev.cpt"


def first_checkpoint(files: EngineFiles) -> Path:
    """The checkpoint that the last part began from.

    On a full disk ``mdrun`` puts an empty file in the place of a checkpoint, and the next time
    of the one before, too. No simulation has files of this ending.
    """
    return files.workdir / f"{files.deffnm}.cpt.begin"


def keep_first_checkpoint(files: EngineFiles) -> None:
    """Keep the checkpoint that a part will begin from, under another name, without a copy."""
    checkpoint = files.path("cpt")
    if not checkpoint.exists():
        first_checkpoint(files).unlink(missing_ok=True)
        return
    beside = name_beside(first_checkpoint(files))
    try:
        os.link(checkpoint, beside, follow_symlinks=False)
    except OSError:  # there are file systems without links
        first_checkpoint(files).unlink(missing_ok=True)
        return
    try:
        beside.replace(first_checkpoint(files))
    finally:
        # Two names of one file are not renamed to each other.
        with suppress(FileNotFoundError):
            beside.unlink()


def forget_checkpoints(files: EngineFiles) -> None:
    """Remove checkpoints of parts that are gone, which would be gone on from."""
    files.path("cpt").unlink(missing_ok=True)
    first_checkpoint(files).unlink(missing_ok=True)
    if not _is_others(previous_checkpoint(files)):
        previous_checkpoint(files).unlink(missing_ok=True)


def newest_checkpoint(files: EngineFiles) -> tuple[Path | None, Checkpoint]:
    """The checkpoint to go on from: an earlier one where the last one is missing or torn.

    Raises
    ------
    EngineError
        None of those that are there can be read.
    """
    there = _checkpoints(files)
    if not there:
        return None, _NONE
    readable, problems = {}, []
    for file in there:
        try:
            readable[file] = read_checkpoint(file)
        except EngineError as error:
            problems.append(str(error))
    if not readable and had_checkpoint(files):
        raise EngineError(" ".join(problems) + START_ANOTHER)
    if not readable:  # the first one was not written to its end
        return None, _NONE
    # A version of GROMACS that ends its files otherwise ends all of them so.
    whole = [file for file in readable if has_its_end(file)]
    best = max(whole, key=lambda file: readable[file].step) if whole else next(iter(readable))
    return best, readable[best]


def _checkpoints(files: EngineFiles) -> list[Path]:
    """Those that are there, the last one first."""
    earlier = previous_checkpoint(files), first_checkpoint(files)
    last = [path for path in (files.path("cpt"),) if path.exists()]
    # Before its first checkpoint a simulation can only have one that an earlier one has left.
    if not had_checkpoint(files):
        return last
    return last + [path for path in earlier if path.exists() and not _is_others(path)]


def _is_others(previous: Path) -> bool:
    """Whether it is the checkpoint of a simulation that is named so."""
    return previous.with_suffix(".tpr").exists() and previous.suffix == ".cpt"


def had_checkpoint(files: EngineFiles) -> bool:
    """Whether its logs say that there was a checkpoint at some time."""
    logs = files.parts("log")
    return max(logs, default=0) > 1 or any(_tells_of_checkpoint(path) for path in logs.values())


def _tells_of_checkpoint(log: Path) -> bool:
    text = log.read_bytes()
    return text.count(_BEGINS_CHECKPOINT) > 1 or _HAS_ENDED in text
