"""What a function uses: its code, and by name whatever that refers to."""

from __future__ import annotations

import builtins
import importlib
import importlib.util
from collections.abc import Iterator
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

from asyncmd_jupyter.sampling.code_facts import CodeReader
from asyncmd_jupyter.sampling.graph_digest import GraphError, Node, pack
from asyncmd_jupyter.sampling.libraries import Libraries

Children = list[tuple[str, Any]]

_UNKNOWABLE = (eval, exec, globals, __import__, importlib.import_module)
_ABSENT = object()


def function_node(function: FunctionType) -> Node:
    """A function in Python: of the user with all it uses, of a library by its version."""
    libraries, reader = Libraries.current(), CodeReader.current()
    module = str(function.__globals__.get("__name__", ""))
    kept = [*_closure(function), *_defaults(function), *_attributes(function)]
    if libraries.has_file(reader.filename(function.__code__)):
        if _is_single_dispatch(function):
            return Node(b"singledispatch", [("registered function", dict(function.registry))])  # type: ignore[attr-defined]
        place = f"{module} {function.__qualname__} {function.__code__.co_firstlineno}"
        return Node(
            pack(b"library function", libraries.describe(module).encode(), place.encode()), kept
        )
    facts = reader.facts(function.__code__, function.__globals__)
    used = [child for chain in facts.names for child in _named(function, chain)]
    imported = [child for found in facts.imports for child in _imported(function, *found)]
    return Node(pack(b"function", facts.label), [*kept, *used, *imported])


def module_node(module: ModuleType) -> Node:
    """A module as a whole: needed where a function does more than name its attributes."""
    libraries = Libraries.current()
    if libraries.has_module(module.__name__):
        described = libraries.describe(module.__name__)
        return Node(pack(b"library module", module.__name__.encode(), described.encode()))
    names = sorted(name for name in vars(module) if not name.startswith("__"))
    return Node(b"module", [(f"attribute {name!r}", getattr(module, name)) for name in names])


def refuse_unknowable(value: Any) -> None:
    """What runs code that nobody sees beforehand leaves nothing to derive an id from."""
    if any(value is unknowable for unknowable in _UNKNOWABLE):
        raise GraphError(f"calls {value.__name__}(), so what it uses can't be known")


def _closure(function: FunctionType) -> Iterator[tuple[str, Any]]:
    cells = function.__closure__ or ()
    for name, cell in zip(function.__code__.co_freevars, cells, strict=True):
        try:
            yield f"closure variable {name!r}", cell.cell_contents
        except ValueError:
            yield f"unset closure variable {name!r}", None


def _defaults(function: FunctionType) -> Iterator[tuple[str, Any]]:
    for index, value in enumerate(function.__defaults__ or ()):
        yield f"default {index}", value
    for name, value in sorted((function.__kwdefaults__ or {}).items()):
        yield f"default of {name!r}", value


def _attributes(function: FunctionType) -> Iterator[tuple[str, Any]]:
    for name, value in sorted(vars(function).items()):
        yield f"attribute {name!r}", value


def _is_single_dispatch(function: FunctionType) -> bool:
    return function.__globals__.get("__name__") == "functools" and hasattr(function, "registry")


def _named(function: FunctionType, chain: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    name, *attributes = chain
    value = function.__globals__.get(name, _ABSENT)
    if value is _ABSENT:
        yield _builtin(name)
        return
    piece = name
    while attributes and isinstance(value, ModuleType):
        if Libraries.current().has_module(value.__name__):
            refuse_unknowable(vars(value).get(attributes[0]))
            break
        attribute = attributes.pop(0)
        piece = f"{piece}.{attribute}"
        value = getattr(value, attribute, _ABSENT)
    yield (f"unset global {piece!r}", None) if value is _ABSENT else (f"global {piece!r}", value)


def _builtin(name: str) -> tuple[str, Any]:
    value = getattr(builtins, name, _ABSENT)
    if value is _ABSENT:
        return f"unset global {name!r}", None
    refuse_unknowable(value)
    if isinstance(value, BuiltinFunctionType | type):
        return f"builtin {name!r}", None
    return f"global {name!r}", value


def _imported(
    function: FunctionType, module: str, level: int, names: tuple[str, ...]
) -> Iterator[tuple[str, Any]]:
    absolute = _absolute(function, module, level)
    libraries = Libraries.current()
    if libraries.has_module(absolute):
        yield f"import of {absolute}", libraries.describe(absolute)
        return
    found = _load(absolute)
    if found is None:
        yield f"missing module {absolute}", None
    elif names:
        for name in names:
            value = getattr(found, name, _ABSENT)
            yield (
                f"import of {absolute}.{name}",
                _load(f"{absolute}.{name}") if value is _ABSENT else value,
            )
    else:
        yield f"import of {absolute}", found
        yield f"package of {absolute}", _load(absolute.partition(".")[0])


def _absolute(function: FunctionType, module: str, level: int) -> str:
    package = function.__globals__.get("__package__") or ""
    try:
        return importlib.util.resolve_name("." * level + module, package)
    except ImportError:
        return module


def _load(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        return None
    except Exception as error:
        raise GraphError(f"imports {name}, which fails: {error}") from error
