"""Trajectory files written so that every frame is on disk as soon as it is computed.

What a writer says of its success is not believed: the file has to be longer by one whole frame
afterwards, and is cut back to where it ended otherwise.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.engines.stepping.configuration import Configuration
from asyncmd_jupyter.files.disks import disk_of
from asyncmd_jupyter.files.writing import create, cut
from asyncmd_jupyter.frames.xdr import TrrFrame, index_frames, write_trr_frame

_APPEND = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Output(Protocol):
    """Appends frames to one file."""

    def write(self, configuration: Configuration, step: int, time: float) -> None:
        """Append a frame and flush it.

        Raises
        ------
        OSError
            The file ends with the frame before.
        """
        ...


class TrrOutput:
    """TRR: positions and velocities in single precision."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, configuration: Configuration, step: int, time: float) -> None:
        """Append a frame and flush it."""
        frame = TrrFrame(
            step=step,
            time=time,
            box=_box(configuration),
            positions=configuration.positions,
            velocities=configuration.velocities,
        )
        appended = _one_frame_more(self._path, step)
        with appended as descriptor, os.fdopen(os.dup(descriptor), "ab") as file:
            write_trr_frame(file, frame)
            file.flush()


class XtcOutput:
    """XTC: positions to 0.001 nm."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, configuration: Configuration, step: int, time: float) -> None:
        """Append a frame and flush it."""
        from openmm.app.internal.xtc_utils import xtc_write_frame

        wrapped = np.array(step & 0xFFFFFFFF, dtype=np.uint32).astype(np.int32)
        with _one_frame_more(self._path, step) as descriptor:
            xtc_write_frame(
                os.fsencode(_name_of(descriptor, self._path)),
                np.asarray(configuration.positions, dtype=np.float32),
                _box(configuration),
                np.float32(time),
                wrapped[()],
            )


def open_output(path: Path, keep: int) -> Output:
    """Open a trajectory file for appending behind its first `keep` bytes.

    Raises
    ------
    ForeignFileError
        A link or something else than a file has its name.
    """
    if os.path.lexists(path):
        cut(path, keep)
    else:
        create(path).close()
    return XtcOutput(path) if path.suffix == ".xtc" else TrrOutput(path)


@contextmanager
def _one_frame_more(path: Path, step: int) -> Iterator[int]:
    """Open a file to append one frame, without which it is left as it was."""
    descriptor = os.open(path, _APPEND)
    before = os.fstat(descriptor).st_size
    try:
        try:
            yield descriptor
        except OSError as error:
            raise _not_written(path, step, error.errno, error.strerror or str(error)) from error
        if not _is_whole(path, before):
            # Writers of XTC say nothing of a full disk.
            n_bytes = os.fstat(descriptor).st_size - before
            raise _not_written(path, step, errno.ENOSPC, f"{n_bytes} bytes of it were")
    except BaseException:
        os.ftruncate(descriptor, before)
        raise
    finally:
        os.close(descriptor)


def _is_whole(path: Path, before: int) -> bool:
    """Whether there is one frame more."""
    try:
        added = index_frames(path, start_offset=before)
    except ValueError:
        return False
    return len(added) == 1 and not added.tail_bytes


def _not_written(path: Path, step: int, number: int | None, why: str) -> OSError:
    text = f"The frame of step {step} could not be written whole to {path} ({why})."
    return OSError(number, f"{text} {disk_of(path)} or your share of it may be full")


def _name_of(descriptor: int, path: Path) -> str:
    """A name of an open file that leads nowhere else, where there is one (Linux)."""
    name = f"/proc/self/fd/{descriptor}"
    return name if os.path.exists(name) else str(path)  # noqa: PTH110


def _box(configuration: Configuration) -> NDArray[Any]:
    box = np.zeros((3, 3)) if configuration.box is None else configuration.box
    return np.asarray(box, dtype=np.float32)
