"""Where an error was raised: by this package on purpose, or by somebody's function."""

from __future__ import annotations

import sysconfig
import traceback
from pathlib import Path

from asyncmd_jupyter.errors import AsyncMDError

_OURS = f"{Path(__file__).parents[1]}/"
_NAMES = ("stdlib", "platstdlib", "purelib", "platlib")
_INSTALLED = (_OURS, *(f"{sysconfig.get_path(name)}/" for name in _NAMES))
_FRAMES = 3
BLAME = "In the "
_WIDEST = 80


def is_on_purpose(error: BaseException | None) -> bool:
    """Whether a ``raise`` in this package raised it, so that its sentence says everything."""
    if not isinstance(error, ValueError | TypeError | AsyncMDError):
        return False
    frames = traceback.extract_tb(error.__traceback__)
    # Any other line, such as a call of int(), was not meant to fail.
    return bool(frames) and _is_ours(frames[-1]) and (frames[-1].line or "").startswith("raise ")


def told_place(error: BaseException) -> str:
    """Write the traceback that helps a user; nothing where only this package is in it."""
    frames = traceback.extract_tb(error.__traceback__)
    users = [frame for frame in frames if _is_users(frame)]
    if is_on_purpose(error):
        shown = users[-_FRAMES:]
        if not shown:
            return ""
    elif users and not _is_users(frames[-1]):
        shown = [*users[1 - _FRAMES :], frames[-1]]
    else:
        shown = frames[-_FRAMES:]
    head = ["Traceback (most recent call last):\n"] if shown else []
    told = traceback.format_exception_only(error)
    return "".join([*head, *traceback.format_list(shown), *told])


def blame(error: Exception, culprit: str) -> None:
    """Note in an error of somebody's function where it comes from.

    Parameters
    ----------
    error : Exception
    culprit : str
        Such as ``condition folded``.
    """
    if isinstance(error, AsyncMDError) or is_on_purpose(error) or _blamed(error):
        return
    users = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_users(frame)]
    error.add_note(f"{BLAME}{culprit}{_line_of(users[-1]) if users else ''}")


def told_error(error: BaseException) -> str:
    """Write what went wrong; errors of other kinds may say nothing without their name."""
    blamed = _blamed(error)
    says_enough = isinstance(error, AsyncMDError | ValueError | TypeError | OSError) and not blamed
    if says_enough and str(error):
        return str(error)
    said = f"{type(error).__name__}: {error}".rstrip(": .")
    return ". ".join([said, *blamed]) if blamed else f"{type(error).__name__}: {error}"


def _blamed(error: BaseException) -> list[str]:
    notes = (str(note) for note in getattr(error, "__notes__", ()))
    return [note for note in notes if note.startswith(BLAME)]


def _line_of(frame: traceback.FrameSummary) -> str:
    code = f": {frame.line[:_WIDEST]}" if frame.line else ""
    return f", line {frame.lineno} of {frame.name}{code}"


def _is_ours(frame: traceback.FrameSummary) -> bool:
    return frame.filename.startswith(_OURS)


def _is_users(frame: traceback.FrameSummary) -> bool:
    """Whether it is a cell or a file of the user rather than something installed."""
    return not frame.filename.startswith((*_INSTALLED, "<frozen "))
