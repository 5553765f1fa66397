"""What can be known of a piece of code without running it."""

from __future__ import annotations
import __future__

import ast
import dis
import functools
import linecache
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType
from typing import Any

from asyncmd_jupyter import runtime
from asyncmd_jupyter.runtime import Runtime
from asyncmd_jupyter.sampling.graph_digest import pack
from asyncmd_jupyter.sampling.plain_values import plain

Codes = dict[tuple[str, int], list[CodeType]]
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda

_MOST_CODE = 4096
_MOST_FILES = 16
_MOST_ATTEMPTS = 100
_GLOBAL = frozenset({"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"})
_ATTRIBUTE = frozenset({"LOAD_ATTR", "LOAD_METHOD"})
_FUTURE = sum(getattr(__future__, name).compiler_flag for name in __future__.all_feature_names)


@dataclass(frozen=True)
class CodeFacts:
    """A function's code.

    Attributes
    ----------
    label : bytes
        What it does: the syntax tree, or the byte code where no source can be trusted.
    names : tuple of tuple of str
        Global names it reads, each with the attributes that it takes of them.
    imports : tuple of (str, int, tuple of str)
        Module, level and names of the import statements in it.
    """

    label: bytes
    names: tuple[tuple[str, ...], ...]
    imports: tuple[tuple[str, int, tuple[str, ...]], ...]


class CodeReader:
    """Reads code objects. They never change, so each is read once."""

    def __init__(self, _: Runtime | None = None) -> None:
        self._facts: dict[int, tuple[CodeType, CodeFacts]] = {}
        self._files: dict[tuple[str, int], _File] = {}
        self._lock = threading.Lock()

    @classmethod
    def current(cls) -> CodeReader:
        """The one of the current runtime."""
        return runtime.current().service(cls)

    def facts(self, code: CodeType, module: dict[str, Any]) -> CodeFacts:
        """All about `code`, whose globals are `module`."""
        known = self._facts.get(id(code))
        if known is not None:
            return known[1]
        tree = self._tree(code, module)
        names, imports = _references(code)
        facts = CodeFacts(code_label(code) if tree is None else tree_label(tree), names, imports)
        if len(self._facts) >= _MOST_CODE:
            self._facts.clear()
        self._facts[id(code)] = (code, facts)
        return facts

    def _tree(self, code: CodeType, module: dict[str, Any]) -> FunctionNode | None:
        """The syntax tree, if the source that is found really is that of `code`."""
        with self._lock:
            if (tree := self._tree_in(code, module)) is None:
                # The file was changed after it was read: perhaps it is this code's source now.
                linecache.checkcache(code.co_filename)
                tree = self._tree_in(code, module)
        return tree

    def _tree_in(self, code: CodeType, module: dict[str, Any]) -> FunctionNode | None:
        text = "".join(linecache.getlines(code.co_filename, module))
        key = (code.co_filename, code.co_flags & _FUTURE)
        file = self._files.get(key)
        if file is None or file.text != text:
            if len(self._files) >= _MOST_FILES:
                self._files.clear()
            file = self._files[key] = _File(text, *key)
        return file.tree(code)


class _File:
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
        key = (code.co_name, code.co_firstlineno)
        if code not in self._codes.get(key, ()) and code not in self._codes_of_cell.get(key, ()):
            return None
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
            for inner in _inner_codes(code):
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


def code_label(code: CodeType) -> bytes:
    """The byte code with all it needs, without names of files and numbers of lines."""
    counts = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags)
    names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    exceptions = getattr(code, "co_exceptiontable", b"")
    plain_parts = (sys.implementation.cache_tag, counts, names, code.co_code, exceptions)
    return pack(b"code", _certain(plain_parts), *(_constant(const) for const in code.co_consts))


def tree_label(tree: ast.AST) -> bytes:
    """The syntax tree without places in the file: hardly ever another in another Python."""
    parts: list[bytes] = []
    waiting: list[Any] = [tree]
    while waiting:
        item = waiting.pop()
        if isinstance(item, ast.AST):
            fields = [(name, value) for name, value in _fields(item) if value not in (None, [])]
            parts.append(" ".join([type(item).__name__, *(name for name, _ in fields)]).encode())
            waiting.extend(value for _, value in reversed(fields))
        elif isinstance(item, list):
            parts.append(b"list %d" % len(item))
            waiting.extend(reversed(item))
        else:
            parts.append(_certain(item))
    return pack(b"tree", *parts)


def _fields(node: ast.AST) -> Iterator[tuple[str, Any]]:
    for name, value in ast.iter_fields(node):
        if isinstance(node, ast.Constant) and name == "value":
            yield name, _Constant(value)
        elif name not in ("kind", "type_comment"):
            yield name, value


class _Constant:
    """Keeps a constant ``None`` apart from a field that is left out."""

    def __init__(self, value: Any) -> None:
        self.value = value


def _certain(value: Any) -> bytes:
    label = plain(value.value if isinstance(value, _Constant) else value)
    if label is None:
        raise TypeError(f"{value!r} is no constant of Python code")
    return label


def _constant(value: Any) -> bytes:
    if isinstance(value, CodeType):
        return code_label(value)
    if isinstance(value, tuple):
        return pack(b"tuple", *(_constant(part) for part in value))
    return _certain(value)


def _inner_codes(code: CodeType) -> Iterator[CodeType]:
    for const in code.co_consts:
        if isinstance(const, CodeType):
            yield const
            yield from _inner_codes(const)


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


def _references(
    code: CodeType,
) -> tuple[tuple[tuple[str, ...], ...], tuple[tuple[str, int, tuple[str, ...]], ...]]:
    names: set[tuple[str, ...]] = set()
    imports: set[tuple[str, int, tuple[str, ...]]] = set()
    for part in (code, *_inner_codes(code)):
        instructions = [i for i in dis.get_instructions(part) if i.opname not in _NO_MEANING]
        names.update(_chains(instructions))
        imports.update(_imports(instructions))
    return tuple(sorted(names)), tuple(sorted(imports))


_NO_MEANING = frozenset({"EXTENDED_ARG", "CACHE", "NOP", "PUSH_NULL"})


def _chains(instructions: list[dis.Instruction]) -> Iterator[tuple[str, ...]]:
    for index, instruction in enumerate(instructions):
        if instruction.opname in _GLOBAL and not _names_module(instruction):
            chain = [instruction.argval]
            for following in instructions[index + 1 :]:
                if following.opname not in _ATTRIBUTE:
                    break
                chain.append(following.argval)
            yield tuple(chain)


def _names_module(instruction: dis.Instruction) -> bool:
    # Each class statement asks for the name of its module, which means nothing here.
    return instruction.opname == "LOAD_NAME" and instruction.argval == "__name__"


def _imports(instructions: list[dis.Instruction]) -> Iterator[tuple[str, int, tuple[str, ...]]]:
    for index, instruction in enumerate(instructions):
        if instruction.opname == "IMPORT_NAME":
            level, names = (instructions[index - back].argval for back in (2, 1))
            yield instruction.argval, level, tuple(names or ())
