"""Lets a cell with ``%asyncmd wait`` wait without blocking anything else."""

from __future__ import annotations

import ast
import asyncio
import sys
from collections.abc import Coroutine, Generator, Iterator
from contextlib import suppress
from typing import Any

from asyncmd_jupyter.jupyter.parsers import SUBCOMMANDS

_AWAITED = frozenset(command.name for command in SUBCOMMANDS if command.awaited)
_MARK = ".run_line_magic('asyncmd', '"


def await_line_magics(lines: list[str]) -> list[str]:
    """Put ``await`` before our magics that take time.

    A line magic is an ordinary function call after IPython's own transformations; what
    ours returns then has to be awaited. This runs after them, for whole cells.
    """
    source = "".join(lines)
    if not any(f"{_MARK}{name}" in source for name in _AWAITED):
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
        if isinstance(child, ast.Call) and _is_ours(child):
            yield child
        yield from _calls(child)


def _is_ours(call: ast.Call) -> bool:
    match call:
        case ast.Call(
            func=ast.Attribute(attr="run_line_magic"),
            args=[ast.Constant(value="asyncmd"), ast.Constant(value=str(line))],
        ):
            words = line.split()
            return bool(words) and words[0] in _AWAITED
    return False


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

    def _ipython_display_(self) -> None:
        """Show nothing: what there is to see is shown by the work."""
