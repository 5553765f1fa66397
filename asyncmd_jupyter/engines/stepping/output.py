"""Trajectory files written so that every frame is on disk as soon as it is computed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.engines.stepping.configuration import Configuration
from asyncmd_jupyter.frames.xdr import TrrFrame, write_trr_frame


class Output(Protocol):
    """Appends frames to one file."""

    def write(self, configuration: Configuration, step: int, time: float) -> None:
        """Append a frame and flush it."""
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
        with self._path.open("ab") as file:
            write_trr_frame(file, frame)


class XtcOutput:
    """XTC: positions to 0.001 nm."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, configuration: Configuration, step: int, time: float) -> None:
        """Append a frame and flush it."""
        from openmm.app.internal.xtc_utils import xtc_write_frame

        wrapped = np.array(step & 0xFFFFFFFF, dtype=np.uint32).astype(np.int32)
        xtc_write_frame(
            os.fsencode(self._path),
            np.asarray(configuration.positions, dtype=np.float32),
            _box(configuration),
            np.float32(time),
            wrapped[()],
        )


def open_output(path: Path, keep: int) -> Output:
    """Open a trajectory file for appending behind its first `keep` bytes."""
    if path.exists():
        os.truncate(path, keep)
    return XtcOutput(path) if path.suffix == ".xtc" else TrrOutput(path)


def _box(configuration: Configuration) -> NDArray[Any]:
    box = np.zeros((3, 3)) if configuration.box is None else configuration.box
    return np.asarray(box, dtype=np.float32)
