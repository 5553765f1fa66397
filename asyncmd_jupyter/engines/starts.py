"""Whether a simulation that is continued was begun from the start that is given now."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.engines.base import StartingConfiguration
from asyncmd_jupyter.frames.provenance_parents import Parent, record_of_parent
from asyncmd_jupyter.frames.read import read_xdr_frame
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.frames.xdr import index_frames

START = "start.npz"

# Half the last digit of XTC and GRO files, and of velocities in GRO files, with some room for
# single precision in large boxes.
_POSITIONS = 0.00055  # nm
_VELOCITIES = 0.000055  # nm/ps
# By how much programs move atoms before they write the first frame, such as onto constraints.
_FIRST_FRAME = 0.05  # nm


@dataclass(frozen=True)
class Start:
    """A configuration with which a simulation begins.

    Attributes
    ----------
    positions : NDArray
        nm, shape (n_atoms, 3).
    velocities : NDArray or None
        nm/ps, shape (n_atoms, 3).
    box : NDArray or None
        Box vectors as rows in nm, shape (3, 3).
    is_first_frame : bool
        Whether it is what a program wrote first, so that its velocities tell nothing.
    """

    positions: NDArray[Any]
    velocities: NDArray[Any] | None = None
    box: NDArray[Any] | None = None
    is_first_frame: bool = False

    def difference_to(self, given: Start) -> str:
        """What `given` says that this does not, in words; empty if nothing.

        The same frame in a format of lower precision is the same start. One without
        velocities is the same as the same frame with them, but not the other way round: a
        simulation that began without has drawn others.
        """
        if self.positions.shape != given.positions.shape:
            return f"{len(self.positions)} atoms there, {len(given.positions)} here"
        shift = self._shift(given)
        if shift > (_FIRST_FRAME if self.is_first_frame else _POSITIONS):
            return f"positions differ by up to {shift:.3g} nm"
        if self.box is not None and given.box is not None:
            change = _largest(self.box - given.box)
            if change > (_FIRST_FRAME if self.is_first_frame else _POSITIONS):
                return f"box vectors differ by up to {change:.3g} nm"
        return "" if self.is_first_frame else self._other_velocities(given)

    def _shift(self, given: Start) -> float:
        moved = np.asarray(given.positions, float) - self.positions
        if self.is_first_frame and self.box is not None and np.any(self.box):
            # Programs put atoms where they like among the images.
            moved -= np.round(moved @ np.linalg.inv(self.box)) @ self.box
        return _largest(moved)

    def _other_velocities(self, given: Start) -> str:
        if given.velocities is None:
            return ""
        if self.velocities is None:
            return "its velocities were drawn there, and are given here"
        change = _largest(self.velocities - given.velocities)
        return f"velocities differ by up to {change:.3g} nm/ps" if change > _VELOCITIES else ""


def _largest(change: NDArray[Any]) -> float:
    return float(np.abs(change).max(initial=0.0))


def first_frame(path: Path | None) -> Start | None:
    """What the first part of a simulation begins with, where that is its start."""
    if path is None or not path.exists():
        return None
    index = index_frames(path)
    if not len(index) or index.steps[0] != 0:
        return None
    frame = read_xdr_frame(path, index, 0)
    if frame.positions is None:
        return None
    return Start(frame.positions, None, frame.box, is_first_frame=True)


def read_if_possible(read: Callable[[], Start | None]) -> Start | None:
    """What can be read; None where a file is gone or damaged, so that nothing can be told."""
    with suppress(OSError, ValueError):
        return read()
    return None


def name_of(start: StartingConfiguration) -> str:
    """A start as an error names it."""
    if start is None:
        return "the engine's own configuration"
    paths = start.paths if isinstance(start, Trajectory) else (Path(start),)
    return ", ".join(str(path) for path in paths)


def recorded_name(prepared: Path) -> str:
    """The start of a simulation, as the record beside `prepared` names it."""
    record = record_of_parent(prepared) or {}
    parents = [Parent.from_json(parent) for parent in record.get("parents", [])]
    if not parents:
        return f"the one kept in {prepared}"
    return replace(parents[0], file=parents[0].absolute or parents[0].file).describe()
