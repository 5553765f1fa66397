"""Lets a cell with ``%asyncmd wait`` wait without blocking anything else."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Coroutine, Generator, Iterator
from contextlib import contextmanager
from typing import Any

from IPython.core.error import UsageError

from asyncmd_jupyter import runtime
from asyncmd_jupyter.jupyter.caller import Obstacle, is_in_nested_cell


class StoppedWaiting(asyncio.CancelledError):
    """The cell was interrupted; says so in one line instead of a traceback."""

    def __init__(self, text: str) -> None:
        super().__init__(text)

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


class FailedRunError(RuntimeError):
    """Runs that were waited for failed; the cell shows above how, so that it is not said again.

    Parameters
    ----------
    names : list of str
        Of the runs that failed.
    reason : str
        Of the first one, for programs that execute the notebook.
    """

    def __init__(self, names: list[str], reason: str) -> None:
        super().__init__(f"The run {names[0]!r} failed: {reason}")
        self._names = names

    def _render_traceback_(self) -> list[str]:
        names, what = self._names, "runs" if len(self._names) > 1 else "run"
        return [
            f"Failed, see above: the {what} {', '.join(names)}. "
            f"'%asyncmd why {names[0]}' says more."
        ]


class InnerError(Exception):
    """What is wrong in a cell that a magic such as ``%%capture`` runs, which hides usage errors."""

    def _render_traceback_(self) -> list[str]:
        return [f"UsageError: {self}"]


@contextmanager
def shown_errors() -> Iterator[None]:
    """Turn usage errors into such as are shown, where a magic of others hides them."""
    try:
        yield
    except UsageError as error:
        if not is_in_nested_cell():
            raise
        raise InnerError(str(error)) from error


_NOT_AWAITED = Obstacle("without 'await'", "write 'await' before it")


class Answer:
    """What a magic that takes time gives to the cell, which awaits it.

    Where nothing awaits it, it goes on by itself instead of never beginning.

    Parameters
    ----------
    command : str
        As the user wrote it.
    work : Coroutine, optional
        What is left to do, if anything.
    obstacle : Obstacle, optional
        Why nothing will await it.
    is_told : bool
        Whether it is said that it goes on by itself.
    """

    def __init__(
        self,
        command: str,
        work: Coroutine[Any, Any, Any] | None,
        obstacle: Obstacle | None = None,
        *,
        is_told: bool = True,
    ) -> None:
        self._command = command
        self._work = work
        self._is_told = is_told
        self._is_awaited = work is None
        self._task: asyncio.Task[Any] | None = None
        if obstacle is not None:
            self.go_on_alone(obstacle)
        else:
            asyncio.get_running_loop().call_soon(self.go_on_alone)

    def __await__(self) -> Generator[Any, None, Any]:
        """Wait for the end and give the result."""
        self._is_awaited = True
        work = _nothing() if self._work is None else self._work
        return (work if self._task is None else self._task).__await__()

    def go_on_alone(self, obstacle: Obstacle = _NOT_AWAITED) -> None:
        """Begin unless somebody waits already."""
        if self._is_awaited or self._work is None or self._task is not None:
            return
        if self._is_told:
            sys.stdout.write(
                f"{self._command} goes on in the background: nothing can wait for it "
                f"{obstacle.where}. To wait, {obstacle.instead}.\n"
            )
        self._task = runtime.start(_told(self._work), name=self._command)

    def _ipython_display_(self) -> None:
        """Show nothing: what there is to see is shown by the work."""


def carried_out_here(command: str, begin: Callable[[], Coroutine[Any, Any, Any] | None]) -> Any:
    """Do at once what a magic has to do where no event loop runs, as in a terminal.

    Raises
    ------
    UsageError
        In a thread: runs belong to another one's event loop.
    """
    from IPython.core.async_helpers import get_asyncio_loop

    if threading.current_thread() is not threading.main_thread():
        raise UsageError(
            f"{command} needs a running event loop, and this thread has none: write it in a cell."
        )
    work = begin()
    loop = get_asyncio_loop()  # type: ignore[no-untyped-call]
    return None if work is None else loop.run_until_complete(work)


async def _nothing() -> None:
    """Have nothing left to do."""


async def _told(work: Coroutine[Any, Any, Any]) -> Any:
    try:
        return await work
    except UsageError as error:
        sys.stderr.write(f"UsageError: {error}\n")
    except FailedRunError as error:
        sys.stderr.write(f"{error}\n")
    return None
