"""Where frames come from: files with frame numbers, and the records these have."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asyncmd_jupyter.frames.provenance_file import Mark, read_record


@dataclass(frozen=True)
class Parent:
    """Frames of one file that something was made of.

    Attributes
    ----------
    file : str
        Path as seen from the folder of the record.
    absolute : str
        Path at the time of the record.
    id : str
        Of the file's own record, empty if it had none.
    mark : Mark or None
        By which the file is recognised.
    n_frames : int
        Frames that were taken.
    frame, last_frame : int or None
        First and last of them, counted in the file; backwards if the last is smaller.
    step, last_step : int or None
    time, last_time : float or None
        In ps.
    """

    file: str
    absolute: str
    id: str = ""
    mark: Mark | None = None
    n_frames: int = 1
    frame: int | None = 0
    last_frame: int | None = 0
    step: int | None = None
    last_step: int | None = None
    time: float | None = None
    last_time: float | None = None

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Parent:
        """Take what a record holds."""
        frames = content.get("frames")
        span = frames if isinstance(frames, Mapping) else {}
        numbers: dict[str, Any] = {name: _number(span.get(name)) for name in _SPAN}
        return cls(
            file=str(content["file"]),
            absolute=str(content.get("absolute", "")),
            id=str(content.get("id", "")),
            mark=Mark.from_json(content),
            n_frames=int(_number(span.get("count")) or 0),
            **numbers,
        )

    def to_json(self) -> dict[str, Any]:
        """Give what a record holds."""
        found: dict[str, Any] = {"file": self.file, "absolute": self.absolute}
        if self.id:
            found["id"] = self.id
        if self.mark is not None:
            found |= self.mark.to_json()
        span = {name: getattr(self, name) for name in _SPAN}
        known = {name: value for name, value in span.items() if value is not None}
        return found | {"frames": {"count": self.n_frames, **known}}

    def places(self, folder: Path) -> tuple[Path, ...]:
        """Where the file may be, for a record in `folder`."""
        near = Path(os.path.normpath(folder / self.file))
        return tuple(dict.fromkeys((near, Path(self.absolute)) if self.absolute else (near,)))

    def lies_in(self, frames: Any) -> bool:
        """Whether what a record says of its frames has the time and step of these."""
        if not isinstance(frames, Mapping) or self.step is None or self.time is None:
            return False
        ends = [_number(frames.get(name)) for name in _ENDS]
        first_step, last_step, first_time, last_time = ends
        if first_step is None or last_step is None or first_time is None or last_time is None:
            return False
        slack = 1e-4 * max(1.0, abs(self.time))  # XTC and TRR files hold single precision
        in_time = first_time - slack <= self.time <= last_time + slack
        return first_step <= self.step <= last_step and in_time

    def describe(self) -> str:
        """Say it in one line."""
        if self.frame is None:
            which = "last frame" if self.step is None else f"step {self.step}"
        elif self.n_frames == 1:
            which = f"frame {self.frame}"
        else:
            which = f"frames {self.frame} to {self.last_frame}"
        time = "" if self.time is None else f", {self.time:g} ps"
        if self.n_frames > 1 and self.time is not None and self.last_time is not None:
            time = f", {self.time:g} to {self.last_time:g} ps"
        return f"{which} of {self.file}{time}"


_ENDS = ("first_step", "last_step", "first_time", "last_time")
_SPAN = ("frame", "last_frame", "step", "last_step", "time", "last_time")


def _number(value: Any) -> int | float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number and math.isfinite(value) else None


def record_of_parent(file: str | os.PathLike[str]) -> dict[str, Any] | None:
    """The record of a file that something is made of, if it can be believed.

    Only sizes are compared: parents are many, and hashing them all would be slow.
    """
    try:
        content = read_record(file)
        mark = content and Mark.from_json(content.get("content"))
        if not mark or mark.size != os.stat(file).st_size:  # noqa: PTH116
            return None
    except (OSError, ValueError):
        return None
    return content


def marked(file: str | os.PathLike[str], record: Mapping[str, Any] | None) -> Mark | None:
    """The mark of a file: as its record says, else from the file itself."""
    known = None if record is None else Mark.from_json(record.get("content"))
    try:
        return known or Mark.of(file)
    except (OSError, ValueError):
        return None


def as_parent(
    file: str | os.PathLike[str],
    folder: Path,
    record: Mapping[str, Any] | None,
    *,
    grows: bool = False,
    **span: Any,
) -> Parent:
    """Name frames of a file for a record in `folder`; one that grows can't be marked yet."""
    path = os.path.abspath(file)  # noqa: PTH100 - keeps symbolic links
    near = os.path.relpath(path, folder)
    made = str(record.get("id", "")) if record else ""
    mark = None if grows and record is None else marked(path, record)
    return Parent(near, path, made, mark, **span)
