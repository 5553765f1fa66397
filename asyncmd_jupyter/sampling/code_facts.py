"""What can be known of a piece of code without running it."""

from __future__ import annotations

import ast
import dis
import linecache
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType
from typing import Any, NamedTuple

from asyncmd_jupyter import runtime
from asyncmd_jupyter.runtime import Runtime
from asyncmd_jupyter.sampling.graph_digest import pack
from asyncmd_jupyter.sampling.libraries import Libraries
from asyncmd_jupyter.sampling.plain_values import plain
from asyncmd_jupyter.sampling.source_text import (
    FUTURE_FLAGS,
    FunctionNode,
    SourceText,
    inner_codes,
)

_MOST_CODE = 4096
_MOST_FILES = 16
_GLOBAL = frozenset({"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"})
_ATTRIBUTE = frozenset({"LOAD_ATTR", "LOAD_METHOD"})


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
    text : str or None
        The whole text it was compiled from; None where that is not known for sure.
    """

    label: bytes
    names: tuple[tuple[str, ...], ...]
    imports: tuple[tuple[str, int, tuple[str, ...]], ...]
    text: str | None


class Origin(NamedTuple):
    """Where a piece of code comes from.

    Attributes
    ----------
    filename : str
        What it was compiled as.
    text : str or None
        See `CodeFacts`; not needed of libraries.
    """

    filename: str
    text: str | None


class CodeReader:
    """Reads code objects. They never change, so each is read once."""

    def __init__(self, _: Runtime | None = None) -> None:
        self._facts: dict[int, tuple[CodeType, CodeFacts]] = {}
        self._files: dict[tuple[str, int], SourceText] = {}
        # Code is equal whatever its file is called, which others may have replaced meanwhile.
        self._learned: dict[CodeType, Origin] = {}
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
        text, tree = self._read(code, module)
        label = code_label(code) if tree is None else tree_label(tree)
        facts = CodeFacts(label, *_references(code), text)
        if len(self._facts) >= _MOST_CODE:
            self._facts.clear()
        self._facts[id(code)] = (code, facts)
        return facts

    def origin(self, code: CodeType, module: dict[str, Any]) -> Origin:
        """Where `code`, whose globals are `module`, comes from: what `learn` takes elsewhere."""
        filename = self.filename(code)
        is_known = Libraries.current().has_file(filename)
        return Origin(filename, None if is_known else self.facts(code, module).text)

    def learn(self, code: CodeType, origin: Origin) -> None:
        """Believe what another process knew of `code` and of all code in it."""
        for part in (code, *inner_codes(code)):
            self._learned[part] = origin

    def filename(self, code: CodeType) -> str:
        """What `code` was compiled as, whatever a library that carried it made of that."""
        learned = self._learned_of(code)
        return code.co_filename if learned is None else learned.filename

    def _learned_of(self, code: CodeType) -> Origin | None:
        return self._learned.get(code) if self._learned else None

    def _read(self, code: CodeType, module: dict[str, Any]) -> _Reading:
        """Text and syntax tree, if the text that is found really is that of `code`."""
        with self._lock:
            learned = self._learned_of(code)
            if learned is not None and learned.text is not None:
                file = self._file(learned.text, code)
                return _Reading(file.text, file.believed_tree(code))
            found = self._find(code, module)
            if found.tree is None:
                # The file was changed after it was read: perhaps it is this code's source now.
                linecache.checkcache(code.co_filename)
                found = self._find(code, module)
        return found

    def _find(self, code: CodeType, module: dict[str, Any]) -> _Reading:
        file = self._file("".join(linecache.getlines(code.co_filename, module)), code)
        tree = file.tree(code)
        return _Reading(None if tree is None else file.text, tree)

    def _file(self, text: str, code: CodeType) -> SourceText:
        key = (code.co_filename, code.co_flags & FUTURE_FLAGS)
        file = self._files.get(key)
        if file is None or file.text != text:
            if len(self._files) >= _MOST_FILES:
                self._files.clear()
            file = self._files[key] = SourceText(text, *key)
        return file


class _Reading(NamedTuple):
    text: str | None
    tree: FunctionNode | None


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


def _references(
    code: CodeType,
) -> tuple[tuple[tuple[str, ...], ...], tuple[tuple[str, int, tuple[str, ...]], ...]]:
    names: set[tuple[str, ...]] = set()
    imports: set[tuple[str, int, tuple[str, ...]]] = set()
    for part in (code, *inner_codes(code)):
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
