"""Lets a cell with ``%asyncmd wait`` wait without blocking anything else."""

from __future__ import annotations

import ast
from collections.abc import Iterator

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
