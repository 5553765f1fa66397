"""Tells within microseconds that nothing has changed of which the id of a function is made.

The id itself is made by looking at everything a function uses, which takes some hundred
times as long. A watch remembers which objects were found where. It knows the usual kinds
of objects; there is none for a function that uses others, whose id is then made each time.
"""

from __future__ import annotations

import builtins
import copyreg
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import is_
from pathlib import PurePath
from types import BuiltinFunctionType, CellType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from asyncmd_jupyter.errors import AsyncMDError
from asyncmd_jupyter.sampling.code_facts import CodeReader
from asyncmd_jupyter.sampling.graph_digest import GraphError
from asyncmd_jupyter.sampling.libraries import Libraries
from asyncmd_jupyter.sampling.object_nodes import NO_MATTER, by_reference, expand

Check = Callable[[], bool]

_ABSENT = object()
_MOST_OBJECTS = 500
_MOST_ARRAY_BYTES = 4096
_IMMUTABLE = (
    *(type(None), bool, int, float, complex, str, bytes, range),
    *(type(Ellipsis), type(NotImplemented), BuiltinFunctionType),
)


class Watch:
    """Knows whether some values, and all that they refer to, are still the same."""

    __slots__ = ("_checks", "_lookups")

    def __init__(self, lookups: list[tuple[Any, Any, Any]], checks: list[Check]) -> None:
        self._lookups = lookups
        self._checks = checks

    @classmethod
    def of(cls, *values: Any) -> Watch | None:
        """Look at the values now; None if there is anything that can't be watched."""
        walk = _Walk()
        try:
            walk.visit_all(values)
        except (_UnwatchableError, GraphError, AsyncMDError, RecursionError):
            return None
        except Exception:  # an object may do anything when it is asked for an attribute
            return None
        return cls(walk.lookups, walk.checks)

    def holds(self) -> bool:
        """Whether everything is as it was."""
        try:
            for mapping, key, expected in self._lookups:
                if mapping.get(key, _ABSENT) is not expected:
                    return False
            return all(check() for check in self._checks)
        except (RuntimeError, ValueError, AttributeError):
            return False  # changed while we looked, or a closure variable was deleted


class _UnwatchableError(Exception):
    """Something of which changes can't be noticed quickly."""


class _Walk:
    def __init__(self) -> None:
        self.lookups: list[tuple[Any, Any, Any]] = []
        self.checks: list[Check] = []
        self._seen: dict[int, Any] = {}

    def visit_all(self, values: Iterable[Any]) -> None:
        waiting = list(values)
        while waiting:
            value = waiting.pop()
            if type(value) in _IMMUTABLE or id(value) in self._seen:
                continue
            self._seen[id(value)] = value
            if len(self._seen) > _MOST_OBJECTS:
                raise _UnwatchableError
            waiting.extend(self._visit(value))

    def _visit(self, value: Any) -> Iterable[Any]:
        """Watch one object; gives those it refers to."""
        kind = type(value)
        if kind in (tuple, frozenset):
            return value  # type: ignore[no-any-return]
        if by_reference(value):
            return ()  # something of a library, known by its name and version
        if visit := _VISITS.get(kind):
            return visit(self, value)
        if isinstance(value, np.dtype | np.generic | PurePath):
            return ()
        if not expand(value).children:
            return ()  # such as a whole library
        if kind is type:
            return self._visit_class(value)
        return self._visit_instance(value)

    def _visit_list(self, value: list[Any]) -> Iterable[Any]:
        items = tuple(value)
        self.checks.append(lambda: len(value) == len(items) and all(map(is_, value, items)))
        return items

    def _visit_dict(self, value: Mapping[Any, Any]) -> Iterable[Any]:
        keys, items = tuple(value), tuple(value.values())

        def is_same() -> bool:
            return (
                len(value) == len(keys)
                and all(map(is_, value.values(), items))
                and all(map(is_, value, keys))
            )

        self.checks.append(is_same)
        return (*keys, *items)

    def _visit_array(self, value: np.ndarray[Any, Any]) -> Iterable[Any]:
        if value.dtype.hasobject or value.nbytes > _MOST_ARRAY_BYTES:
            raise _UnwatchableError
        dtype, shape, data = value.dtype, value.shape, value.tobytes()
        self.checks.append(
            lambda: value.tobytes() == data and value.dtype == dtype and value.shape == shape
        )
        return ()

    def _visit_function(self, value: FunctionType) -> Iterable[Any]:
        code, defaults, keyword_defaults = (
            value.__code__,
            value.__defaults__,
            value.__kwdefaults__,
        )
        self.checks.append(
            lambda: (
                value.__code__ is code
                and value.__defaults__ is defaults
                and value.__kwdefaults__ is keyword_defaults
            )
        )
        kept = [defaults, keyword_defaults, *(value.__closure__ or ())]
        if value.__dict__:
            kept.append(value.__dict__)
        else:
            self.checks.append(lambda: not value.__dict__)
        if not Libraries.current().has_file(CodeReader.current().filename(code)):
            kept.extend(self._used_by(value))
        elif hasattr(value, "registry"):
            raise _UnwatchableError
        return kept

    def _used_by(self, function: FunctionType) -> Iterator[Any]:
        facts = CodeReader.current().facts(function.__code__, function.__globals__)
        libraries = Libraries.current()
        if not all(libraries.has_module(module) for module, *_ in facts.imports):
            raise _UnwatchableError
        for name, *attributes in facts.names:
            value = self._look_up(function.__globals__, name)
            if value is _ABSENT:
                self._look_up(vars(builtins), name)
                continue
            while attributes and _is_module_of_user(value):
                value = self._look_up(vars(value), attributes.pop(0))
            if value is _ABSENT or _is_module_of_user(value):
                raise _UnwatchableError
            yield value

    def _look_up(self, mapping: dict[str, Any], name: str) -> Any:
        value = mapping.get(name, _ABSENT)
        self.lookups.append((mapping, name, value))
        return value

    def _visit_cell(self, value: CellType) -> Iterable[Any]:
        content = value.cell_contents
        self.checks.append(lambda: value.cell_contents is content)
        return (content,)

    def _visit_class(self, value: type) -> Iterable[Any]:
        bases = value.__bases__
        self.checks.append(lambda: value.__bases__ is bases)
        attributes = [item for name, item in vars(value).items() if name not in NO_MATTER]
        self._visit_dict(vars(value))
        return (*bases, *attributes)

    def _visit_instance(self, value: Any) -> Iterable[Any]:
        kind = type(value)
        if not _keeps_all_in_its_dict(kind):
            raise _UnwatchableError
        self.checks.append(lambda: type(value) is kind)
        return (kind, vars(value))


_VISITS: dict[type, Callable[[_Walk, Any], Iterable[Any]]] = {
    list: _Walk._visit_list,
    dict: _Walk._visit_dict,
    np.ndarray: _Walk._visit_array,
    FunctionType: _Walk._visit_function,
    CellType: _Walk._visit_cell,
    MethodType: lambda _, value: (value.__func__, value.__self__),
    functools.partial: lambda _, value: (value.func, value.args, value.keywords),
    property: lambda _, value: (value.fget, value.fset, value.fdel),
    staticmethod: lambda _, value: (value.__func__,),
    classmethod: lambda _, value: (value.__func__,),
}


def _is_module_of_user(value: Any) -> bool:
    return isinstance(value, ModuleType) and not Libraries.current().has_module(value.__name__)


def _keeps_all_in_its_dict(kind: type) -> bool:
    """Whether instances are of Python classes of the user, pickled as Python does it."""
    own = kind.__mro__[:-1]
    libraries = Libraries.current()
    return (
        kind not in copyreg.dispatch_table
        and not any(libraries.has_module(one.__module__) for one in own)
        and not any(_OWN_PICKLING.intersection(vars(one)) for one in own)
    )


_OWN_PICKLING = frozenset(
    {
        "__slots__",
        "__reduce__",
        "__reduce_ex__",
        "__getstate__",
        "__getnewargs__",
        "__getnewargs_ex__",
        "_id_parts",
        "py_func",
    }
)
