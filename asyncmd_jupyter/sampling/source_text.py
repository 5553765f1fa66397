"""Which code was compiled from a text, and from which function in it."""

from __future__ import annotations
import __future__

import ast
import functools
from collections.abc import Iterator
from types import CodeType

Codes = dict[tuple[str, int], list[CodeType]]
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda

_MOST_ATTEMPTS = 100
FUTURE_FLAGS = sum(getattr(__future__, name).compiler_flag for name in __future__.all_feature_names)


class SourceText:
    """A source file, compiled once more to see which code really comes from it."""

    def __init__(self, text: str, filename: str, flags: int) -> None:
        self.text = text
        self._filename = filename
        self._flags = flags | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        self._trees: dict[int, list[FunctionNode]] = {}
        try:
            self._module = _parse(text, filename)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            self._module = ast.Module([], [])
        for node in ast.walk(self._module):
            if isinstance(node, FunctionNode):
                self._trees.setdefault(_first_line(node), []).append(node)

    def tree(self, code: CodeType) -> FunctionNode | None:
        """The tree of `code`; None if it does not come from this text."""
        key = (code.co_name, code.co_firstlineno)
        if code not in self._codes.get(key, ()) and code not in self._codes_of_cell.get(key, ()):
            return None
        return self.believed_tree(code)

    def believed_tree(self, code: CodeType) -> FunctionNode | None:
        """The tree of code that is known to come from this text."""
        found = [node for node in self._trees.get(code.co_firstlineno, ()) if _fits(node, code)]
        if len(found) > 1:
            found = [node for node in found if _encloses(node, code)]
        return min(found, key=_extent, default=None)

    @functools.cached_property
    def _codes(self) -> Codes:
        return self._compiled([self._module])

    @functools.cached_property
    def _codes_of_cell(self) -> Codes:
        # IPython compiles each statement by itself, from which other byte code may come.
        return self._compiled([ast.Module([statement], []) for statement in self._module.body])

    def _compiled(self, modules: list[ast.Module]) -> Codes:
        codes: Codes = {}
        for module in modules:
            try:
                code = compile(module, self._filename, "exec", flags=self._flags, dont_inherit=True)
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                continue
            for inner in inner_codes(code):
                codes.setdefault((inner.co_name, inner.co_firstlineno), []).append(inner)
        return codes


def _parse(text: str, filename: str) -> ast.Module:
    """Parse while other threads, say of a notebook, may do so too: Python 3.11 trips over it."""
    for _ in range(_MOST_ATTEMPTS):
        try:
            return ast.parse(text, filename)
        except SystemError:
            continue
    return ast.parse(text, filename)


def inner_codes(code: CodeType) -> Iterator[CodeType]:
    """All code within `code`, to any depth."""
    for const in code.co_consts:
        if isinstance(const, CodeType):
            yield const
            yield from inner_codes(const)


def _first_line(node: FunctionNode) -> int:
    decorators = [] if isinstance(node, ast.Lambda) else node.decorator_list
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _fits(node: FunctionNode, code: CodeType) -> bool:
    return code.co_name == ("<lambda>" if isinstance(node, ast.Lambda) else node.name)


def _extent(node: FunctionNode) -> tuple[int, int]:
    return (node.end_lineno or 0) - node.lineno, (node.end_col_offset or 0) - node.col_offset


def _encloses(node: FunctionNode, code: CodeType) -> bool:
    """Whether all instructions of a lambda lie in the body of `node`."""
    if not isinstance(node, ast.Lambda):
        return True
    body = node.body
    first, last = (body.lineno, body.col_offset), (body.end_lineno, body.end_col_offset)
    spans = [
        ((line, col), (end_line, end_col))
        for line, end_line, col, end_col in code.co_positions()
        if None not in (line, end_line, col, end_col) and (line, col) != (end_line, end_col)
    ]
    return bool(spans) and all(first <= begin and end <= last for begin, end in spans)
