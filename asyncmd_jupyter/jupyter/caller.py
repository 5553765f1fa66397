"""Where a magic is called from, and whether anything can wait there."""

from __future__ import annotations

import ast
import asyncio
import inspect
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import FrameType
from typing import Any

from IPython.core.interactiveshell import InteractiveShell

_MAGICS = {
    InteractiveShell.run_line_magic.__code__: "%",
    InteractiveShell.run_cell_magic.__code__: "%%",
}
_EXECUTES = InteractiveShell.run_code.__code__
_BLOCKS = InteractiveShell.run_cell.__code__
_STARTS_LOOP = asyncio.BaseEventLoop.run_until_complete.__code__
_IS_ASYNC = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


@dataclass(frozen=True)
class Obstacle:
    """Why what a magic returns will not be awaited.

    Attributes
    ----------
    where : str
        Such as ``"inside %%time"``.
    instead : str
        What to write to wait.
    """

    where: str
    instead: str


_BY_OTHER_CODE = Obstacle("in code that another cell runs", "give it a cell of its own")
_DROPPED = Obstacle("without 'await'", "write 'await get_ipython().run_line_magic(...)'")
_JUST_LOADED = Obstacle(
    "in the cell that loads the extension", "give '%load_ext asyncmd_jupyter' a cell of its own"
)


def is_within_a_cell() -> bool:
    """Whether code of a cell is being executed, so that a magic in it asks."""
    return any(frame.f_code is _EXECUTES for frame in _frames())


def is_without_waiting() -> bool:
    """Whether a cell is run by code that can't wait for it: an event loop runs already."""
    return has_loop() and any(frame.f_code is _BLOCKS for frame in _frames())


def is_in_nested_cell() -> bool:
    """Whether a magic of others runs a cell of its own that is being executed."""
    frames = list(_frames())
    cells = [n for n, frame in enumerate(frames) if frame.f_code is _EXECUTES]
    return len(cells) > 1 and _outer_magic(frames[cells[0] :]) is not None


def is_within_a_magic() -> bool:
    """Whether a magic of others is being executed."""
    return _outer_magic(_frames()) is not None


def obstacle(*, is_just_loaded: bool = False) -> Obstacle | None:
    """Why nobody will wait for the magic that is being called; None if somebody may.

    Only what is certain counts: a value that is assigned or returned may be awaited later.

    Parameters
    ----------
    is_just_loaded : bool
        Whether the extension was loaded in the cell that is being executed.
    """
    frames = list(_frames())
    calls = [n for n, frame in enumerate(frames) if frame.f_code in _MAGICS]
    if not calls or len(frames) == calls[0] + 1:
        return None
    caller, outer = frames[calls[0] + 1], frames[calls[0] + 1 :]
    call = _call_in(caller)
    parent = getattr(call, "parent", None)
    if isinstance(parent, ast.Await):
        return None
    if (name := _outer_magic(outer)) is not None:
        return Obstacle(f"inside {name}", "give it a cell of its own")
    if sum(frame.f_code is _EXECUTES for frame in outer) > 1:
        return _BY_OTHER_CODE
    if not isinstance(parent, ast.Expr):
        return None
    return _in_cell(call, is_just_loaded) if _is_cell(caller) else _in_function(caller)


def _is_cell(frame: FrameType) -> bool:
    return frame.f_code.co_name == "<module>"


def _in_cell(call: ast.Call, is_just_loaded: bool) -> Obstacle:
    from asyncmd_jupyter.jupyter.awaiting import call_takes_time

    if not _shell_waits():
        return Obstacle("while %autoawait is off", "switch it on with '%autoawait asyncio'")
    if not call_takes_time(call):
        return _DROPPED
    # We would have put 'await' there, had we been asked.
    return _JUST_LOADED if is_just_loaded else _BY_OTHER_CODE


def _in_function(frame: FrameType) -> Obstacle:
    code = frame.f_code
    if not code.co_flags & inspect.CO_OPTIMIZED:
        return Obstacle(f"in the class {code.co_name}", "write the line in the cell itself")
    if code.co_flags & _IS_ASYNC:
        return _DROPPED
    return Obstacle(
        f"in {code.co_name}(), which is not 'async def'",
        "make that 'async def' and await it, or write the line in the cell itself",
    )


def _outer_magic(frames: Iterable[FrameType]) -> str | None:
    for frame in frames:
        if (sign := _MAGICS.get(frame.f_code)) is not None:
            return f"{sign}{frame.f_locals.get('magic_name', '')}"
    return None


def _call_in(frame: FrameType) -> Any:
    """The call that a frame is at, with its ``parent``; None where there is no source."""
    import executing

    return executing.Source.executing(frame).node


def _frames() -> Iterator[FrameType]:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        yield frame
        frame = frame.f_back


def loop_ends_with_cell() -> bool:
    """Whether the event loop was started for this cell, as IPython does in a terminal."""
    codes = [frame.f_code for frame in _frames()]
    return _STARTS_LOOP in codes and _BLOCKS in codes[codes.index(_STARTS_LOOP) :]


def _shell_waits() -> bool:
    from IPython import get_ipython

    shell: Any = get_ipython()
    return shell is not None and bool(shell.autoawait)


def has_loop() -> bool:
    """Whether an event loop runs in this thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
