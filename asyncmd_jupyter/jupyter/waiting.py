"""Lets a cell with ``%asyncmd wait`` wait without blocking anything else."""

from __future__ import annotations

import ast
import asyncio
import sys
from collections.abc import Coroutine, Generator, Iterator
from contextlib import suppress
from typing import Any

from asyncmd_jupyter.jupyter.parsers import SubCommand
from asyncmd_jupyter.jupyter.registry import find

_MAGICS = ("run_line_magic", "run_cell_magic")
_MARKS = tuple(f".{magic}('asyncmd', " for magic in _MAGICS)


def takes_time(command: SubCommand, text: str) -> bool:
    """Whether the cell has to wait for a command with this text after it."""
    return command.awaited(text.split())


def await_magics(lines: list[str]) -> list[str]:
    """Put ``await`` before our magics that take time.

    A magic is an ordinary function call after IPython's own transformations; what
    ours returns then has to be awaited. This runs after them, for whole cells.
    """
    source = "".join(lines)
    if not any(mark in source for mark in _MARKS):
        return lines
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return lines
    rows = [line.encode() for line in source.splitlines(keepends=True)]
    for call in sorted(_calls(tree), key=lambda c: (c.lineno, c.col_offset), reverse=True):
        row, column = call.lineno - 1, call.col_offset
        rows[row] = rows[row][:column] + b"await " + rows[row][column:]
    return [row.decode() for row in rows]


def _calls(node: ast.AST) -> Iterator[ast.Call]:
    """Yield the calls that may be awaited where they stand."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.Lambda | ast.ClassDef | ast.Await):
            continue
        if isinstance(child, ast.Call) and _takes_time(child):
            yield child
        yield from _calls(child)


def _takes_time(call: ast.Call) -> bool:
    match call:
        case ast.Call(
            func=ast.Attribute(attr=magic),
            args=[ast.Constant(value="asyncmd"), ast.Constant(value=str(line)), *more],
        ) if magic in _MAGICS:
            body = more[0].value if more and isinstance(more[0], ast.Constant) else ""
            return _line_takes_time(line, str(body))
    return False


def _line_takes_time(line: str, body: str) -> bool:
    word, _, rest = line.strip().partition(" ")
    command = find(word or ("propagate" if body else "help"))
    is_help = bool({"-h", "--help"} & set(rest.split()))
    return command is not None and not is_help and takes_time(command, f"{rest}\n{body}")


class StoppedWaiting(asyncio.CancelledError):
    """The cell was interrupted; says so in one line instead of a traceback."""

    def __init__(self, names: list[str]) -> None:
        runs = f"The run {names[0]!r} goes" if len(names) == 1 else "The runs go"
        super().__init__(f"No longer waiting. {runs} on; '%asyncmd cancel' would end it.")

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


class Answer:
    """What a magic that takes time gives to the cell, which awaits it.

    A cell that was read before the extension was loaded, as it is when ``%load_ext`` stands
    in the same one, awaits nothing. There it goes on by itself instead of never beginning.

    Parameters
    ----------
    command : str
        As the user wrote it.
    work : Coroutine
    """

    def __init__(self, command: str, work: Coroutine[Any, Any, Any]) -> None:
        self._command = command
        self._work = work
        self._is_awaited = False
        self._task: asyncio.Task[Any] | None = None
        with suppress(RuntimeError):
            asyncio.get_running_loop().call_soon(self._go_on_alone)

    def __await__(self) -> Generator[Any, None, Any]:
        """Wait for the end and give the result."""
        self._is_awaited = True
        return (self._work if self._task is None else self._task).__await__()

    def _go_on_alone(self) -> None:
        if self._is_awaited:
            return
        sys.stdout.write(
            f"{self._command} goes on in the background. Cells wait for it when the line "
            "'%load_ext asyncmd_jupyter' has a cell of its own.\n"
        )
        self._task = asyncio.get_running_loop().create_task(self._told())

    async def _told(self) -> Any:
        from IPython.core.error import UsageError

        try:
            return await self._work
        except UsageError as error:
            sys.stderr.write(f"UsageError: {error}\n")
            return None
        except FailedRunError as error:
            sys.stderr.write(f"{error}\n")
            return None

    def _ipython_display_(self) -> None:
        """Show nothing: what there is to see is shown by the work."""
