"""Puts ``await`` before our magics that take time, where it can stand."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from IPython import get_ipython

from asyncmd_jupyter.jupyter.caller import is_within_a_cell, is_without_waiting
from asyncmd_jupyter.jupyter.parsers import SubCommand
from asyncmd_jupyter.jupyter.registry import find

MAGIC = "asyncmd"
_CALLS = {"run_line_magic": "line", "run_cell_magic": "cell"}
_HELP = {"-h", "--help"}


def takes_time(command: SubCommand, text: str) -> bool:
    """Whether the cell has to wait for a command with this text after it."""
    return command.awaited(text.split())


def await_magics(lines: list[str]) -> list[str]:
    """Put ``await`` before our magics that take time.

    A magic is an ordinary function call after IPython's own transformations; what
    ours returns then has to be awaited. This runs after them, for whole cells. Magics such
    as ``%%time`` let their cell be transformed, too, but can't await anything in it.
    """
    source = "".join(lines)
    if not any(f".{call}('" in source for call in _CALLS) or _nothing_can_wait():
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


def _nothing_can_wait() -> bool:
    shell: Any = get_ipython()
    is_off = shell is not None and not shell.autoawait
    return is_off or is_within_a_cell() or is_without_waiting()


def _calls(node: ast.AST, can_wait: bool = True) -> Iterator[ast.Call]:
    """Yield the calls that may be awaited where they stand."""
    for child in ast.iter_child_nodes(node):
        is_new = can_wait and not isinstance(node, ast.Await)
        if is_new and isinstance(child, ast.Call) and call_takes_time(child):
            yield child
        yield from _calls(child, _can_wait_in(child, can_wait))


def _can_wait_in(node: ast.AST, can_wait: bool) -> bool:
    match node:
        case ast.AsyncFunctionDef():
            return True
        case ast.FunctionDef() | ast.Lambda() | ast.ClassDef() | ast.GeneratorExp():
            return False
    return can_wait


def call_takes_time(call: ast.Call) -> bool:
    """Whether a call is that of a magic of ours, or of an alias of it, that takes time."""
    match call:
        case ast.Call(
            func=ast.Attribute(attr=attribute),
            args=[ast.Constant(value=str(magic)), ast.Constant(value=str(line)), *more],
        ) if attribute in _CALLS:
            words = _parameters(magic, _CALLS[attribute])
            body = more[0].value if more and isinstance(more[0], ast.Constant) else ""
            return words is not None and _line_takes_time(f"{words} {line}", str(body))
    return False


def _parameters(magic: str, kind: str) -> str | None:
    """What an alias of our magic puts before the line; None for other magics."""
    from IPython.core.magic import MagicAlias

    if magic == MAGIC:
        return ""
    shell: Any = get_ipython()
    alias = None if shell is None else shell.magics_manager.magics[kind].get(magic)
    if isinstance(alias, MagicAlias) and alias.magic_name == MAGIC:
        return alias.magic_params or ""
    return None


def _line_takes_time(line: str, body: str) -> bool:
    word, _, rest = line.strip().partition(" ")
    command = find(word or ("propagate" if body else "help"))
    is_help = bool(_HELP & set(rest.split()))
    return command is not None and not is_help and takes_time(command, f"{rest}\n{body}")
