"""Trajectory files written so that every frame is on disk as soon as it is computed.

What a writer says of its success is not believed: the file has to be longer by one whole frame
afterwards, and is cut back to where it ended otherwise.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.engines.stepping.configuration import Configuration
from asyncmd_jupyter.files.disks import disk_of
from asyncmd_jupyter.files.retrying import is_transient
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


class _Appending:
    """A file that ends with a whole frame before and after each that is appended."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._end = path.stat().st_size

    @contextmanager
    def _one_frame_more(self, step: int) -> Iterator[int]:
        """Open the file to append one frame, without which it is left as it was."""
        descriptor = os.open(self._path, _APPEND)
        try:
            # What a writer left that failed, where it could not be cut off at once.
            _cut(descriptor, self._end)
            try:
                yield descriptor
            except OSError as error:
                raise _not_written(self._path, step, error) from error
            end = os.fstat(descriptor).st_size
            if not _is_whole(self._path, self._end):
                # Writers of XTC say nothing of a full disk.
                said = OSError(errno.ENOSPC, f"{end - self._end} bytes of it were")
                raise _not_written(self._path, step, said)
        except BaseException:
            with suppress(OSError):
                _cut(descriptor, self._end)
            raise
        finally:
            os.close(descriptor)
        self._end = end


class TrrOutput(_Appending):
    """TRR: positions and velocities in single precision."""

    def write(self, configuration: Configuration, step: int, time: float) -> None:
        """Append a frame and flush it."""
        frame = TrrFrame(
            step=step,
            time=time,
            box=_box(configuration),
            positions=configuration.positions,
            velocities=configuration.velocities,
        )
        appended = self._one_frame_more(step)
        with appended as descriptor, os.fdopen(os.dup(descriptor), "ab") as file:
            write_trr_frame(file, frame)
            file.flush()


class XtcOutput(_Appending):
    """XTC: positions to 0.001 nm."""

    def write(self, configuration: Configuration, step: int, time: float) -> None:
        """Append a frame and flush it."""
        from openmm.app.internal.xtc_utils import xtc_write_frame

        wrapped = np.array(step & 0xFFFFFFFF, dtype=np.uint32).astype(np.int32)
        with self._one_frame_more(step) as descriptor:
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


def _cut(descriptor: int, size: int) -> None:
    if os.fstat(descriptor).st_size > size:
        os.ftruncate(descriptor, size)


def _is_whole(path: Path, before: int) -> bool:
    """Whether there is one frame more."""
    try:
        added = index_frames(path, start_offset=before)
    except ValueError:
        return False
    return len(added) == 1 and not added.tail_bytes


def _not_written(path: Path, step: int, error: OSError) -> OSError:
    why = error.strerror or str(error)
    text = f"The frame of step {step} could not be written whole to {path} ({why})."
    if not is_transient(error):
        text += f" {disk_of(path)} or your share of it may be full"
    return OSError(error.errno, text)


def _name_of(descriptor: int, path: Path) -> str:
    """A name of an open file that leads nowhere else, where there is one (Linux)."""
    name = f"/proc/self/fd/{descriptor}"
    return name if os.path.exists(name) else str(path)  # noqa: PTH110


def _box(configuration: Configuration) -> NDArray[Any]:
    box = np.zeros((3, 3)) if configuration.box is None else configuration.box
    return np.asarray(box, dtype=np.float32)
