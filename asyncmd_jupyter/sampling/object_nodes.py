"""What Python objects are made of, as far as it can change what a function gives."""

from __future__ import annotations

import copyreg
import functools
import logging
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from types import (
    BuiltinFunctionType,
    ClassMethodDescriptorType,
    CodeType,
    FunctionType,
    GetSetDescriptorType,
    MappingProxyType,
    MemberDescriptorType,
    MethodDescriptorType,
    MethodType,
    MethodWrapperType,
    ModuleType,
    WrapperDescriptorType,
)
from typing import Any

import numpy as np

from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.sampling.code_facts import code_label
from asyncmd_jupyter.sampling.function_nodes import (
    Children,
    function_node,
    module_node,
    refuse_unknowable,
)
from asyncmd_jupyter.sampling.graph_digest import GraphError, Node, pack
from asyncmd_jupyter.sampling.libraries import Libraries
from asyncmd_jupyter.sampling.plain_values import plain
from asyncmd_jupyter.sampling.reduction import reduced

NO_MATTER = frozenset(
    {
        "__annotate__",
        "__annotate_func__",
        "__annotations__",
        "__annotations_cache__",
        "__dict__",
        "__doc__",
        "__firstlineno__",
        "__module__",
        "__qualname__",
        "__slotnames__",
        "__static_attributes__",
        "__weakref__",
        "_abc_impl",
    }
)


def leaf(value: Any) -> bytes | None:
    """Description of what refers to nothing else."""
    if isinstance(value, Trajectory):
        return b"trajectory %x" % value.trajectory_hash
    return plain(value)


def expand(value: Any) -> Node:
    """The node of an object that is no leaf.

    Raises
    ------
    GraphError
        Nothing reliable is known of it.
    """
    kind = type(value)
    if parts := getattr(kind, "_id_parts", None):
        return Node(b"trajectory function", [("part", part) for part in parts(value)])
    if known := by_reference(value):
        return known
    if kind in _NODES:
        return _NODES[kind](value)
    if isinstance(value, type):
        return _class_node(value)
    if isinstance(value, logging.Logger):
        return Node(b"logger")  # whatever it is called, it says something and gives nothing
    if isinstance(value, set | frozenset):
        elements: Children = [("element", element) for element in value]
        return Node(b"set", [*elements, ("class", kind)], ordered=False)
    if callable(inner := getattr(value, "py_func", None)):  # compiled by numba
        return Node(b"compiled", [("class", kind), ("compiled function", inner)])
    return _instance_node(value)


def by_reference(value: Any) -> Node | None:
    """The node of what a library has under a name."""
    try:
        module, name = value.__module__, value.__qualname__
    except Exception:  # an object may do anything when it is asked for an attribute
        return None
    if not isinstance(module, str) or not isinstance(name, str):
        return None
    libraries = Libraries.current()
    if not libraries.has_module(module):
        return None
    found: Any = sys.modules.get(module)
    for piece in name.split("."):
        found = getattr(found, piece, None)
    if found is not value:
        return None
    refuse_unknowable(value)
    return Node(pack(b"library", f"{module}.{name}".encode(), libraries.describe(module).encode()))


def _class_node(value: type) -> Node:
    bases: Children = [("base class", base) for base in value.__bases__]
    metaclass: Children = [] if type(value) is type else [("metaclass", type(value))]
    attributes: Children = [
        (f"attribute {name!r}", attribute)
        for name, attribute in sorted(vars(value).items())
        if name not in NO_MATTER
    ]
    return Node(pack(b"class", value.__name__.encode()), [*bases, *metaclass, *attributes])


def _instance_node(value: Any) -> Node:
    kind = type(value)
    try:
        reduced = _reduced(value)
    except Exception as error:
        raise GraphError(f"is a {kind.__name__}, whose state can't be known ({error})") from error
    if isinstance(reduced, str):
        return _named_node(value, reduced)
    make, arguments, state, items, entries = (*reduced, None, None, None)[:5]
    children: Children = [("class", kind), ("maker", make)]
    children += [(f"argument {index}", argument) for index, argument in enumerate(arguments)]
    children += _state(kind, state)
    children += [(f"item {index}", item) for index, item in enumerate(items or ())]
    if entries is not None:
        pairs = list(entries)
        children.append(("entries", pairs if isinstance(value, OrderedDict) else dict(pairs)))
    return Node(b"instance", children)


def _reduced(value: Any) -> Any:
    reducer = copyreg.dispatch_table.get(type(value))
    return reduced(value) if reducer is None else reducer(value)


def _named_node(value: Any, name: str) -> Node:
    module = getattr(value, "__module__", None) or type(value).__module__
    libraries = Libraries.current()
    if callable(inner := getattr(value, "__wrapped__", None)):
        return Node(b"wrapper", [("class", type(value)), ("wrapped function", inner)])
    if type(value).__module__ == "typing":
        return Node(pack(b"type variable", name.encode()))
    if not libraries.has_module(module):
        raise GraphError(
            f"is {type(value).__name__} {name}, of which nothing but the name is known"
        )
    return Node(pack(b"library", f"{module}.{name}".encode(), libraries.describe(module).encode()))


def _state(kind: type, state: Any) -> Iterator[tuple[str, Any]]:
    dicts = state if type(state) is tuple and len(state) == 2 else (state,)
    if not all(part is None or type(part) is dict for part in dicts):
        yield "state", state
        return
    for index, part in enumerate(dicts):
        for name, value in sorted((part or {}).items(), key=repr):
            if not isinstance(getattr(kind, str(name), None), functools.cached_property):
                yield f"{'slot' if index else 'attribute'} {name!r}", value


def _sequence(value: list[Any] | tuple[Any, ...]) -> Node:
    children = [(f"item {index}", item) for index, item in enumerate(value)]
    return Node(type(value).__name__.encode(), children)


def _mapping(value: Any) -> Node:
    entries = [
        (f"key {key!r}", item) if type(key) is str else ("entry", (key, item))
        for key, item in list(value.items())
    ]
    return Node(b"dict", entries, ordered=False)


def _object_array(value: Any) -> Node:
    shape = f"{value.dtype!r} {value.shape}".encode()
    return Node(pack(b"array", shape), _sequence(value.reshape(-1).tolist()).children)


def _method(value: Any) -> Node:
    return Node(b"method", [("function", value.__func__), ("bound object", value.__self__)])


def _compiled_function(value: Any) -> Node:
    owner = value.__self__
    if owner is None or isinstance(owner, ModuleType):
        raise GraphError(f"is compiled code ({value.__name__}), which can't be read")
    return Node(pack(b"compiled method", value.__name__.encode()), [("bound object", owner)])


def _descriptor(value: Any) -> Node:
    if not isinstance(value, MemberDescriptorType | GetSetDescriptorType):
        # Those of libraries were recognised before this.
        if not Libraries.current().has_module(value.__objclass__.__module__):
            raise GraphError(f"is compiled code ({value.__name__}), which can't be read")
        return Node(pack(b"descriptor", value.__name__.encode()), [("class", value.__objclass__)])
    return Node(pack(b"slot", value.__name__.encode()))


def _partial(value: functools.partial[Any]) -> Node:
    arguments: Children = [(f"argument {i}", argument) for i, argument in enumerate(value.args)]
    named: Children = [(f"argument {name!r}", v) for name, v in sorted(value.keywords.items())]
    return Node(b"partial", [("partial function", value.func), *arguments, *named])


def _property(value: property) -> Node:
    return Node(b"property", [("get", value.fget), ("set", value.fset), ("delete", value.fdel)])


def _wrapped(value: Any) -> Node:
    return Node(type(value).__name__.encode(), [("function", value.__func__)])


def _cached_property(value: Any) -> Node:
    return Node(b"cached_property", [("function", value.func)])


def _ufunc(value: np.ufunc) -> Node:
    for module in ("numpy", "scipy.special"):
        if getattr(sys.modules.get(module), value.__name__, None) is value:
            described = Libraries.current().describe(module)
            return Node(pack(b"ufunc", value.__name__.encode(), described.encode()))
    raise GraphError(f"is the ufunc {value.__name__}, whose code can't be read")


_NODES: dict[type, Callable[[Any], Node]] = {
    list: _sequence,
    tuple: _sequence,
    dict: _mapping,
    MappingProxyType: _mapping,
    np.ndarray: _object_array,
    FunctionType: function_node,
    ModuleType: module_node,
    MethodType: _method,
    MethodWrapperType: lambda value: Node(
        pack(b"method wrapper", value.__name__.encode()), [("bound object", value.__self__)]
    ),
    BuiltinFunctionType: _compiled_function,
    **dict.fromkeys(
        (
            ClassMethodDescriptorType,
            GetSetDescriptorType,
            MemberDescriptorType,
            MethodDescriptorType,
            WrapperDescriptorType,
        ),
        _descriptor,
    ),
    functools.partial: _partial,
    functools.cached_property: _cached_property,
    property: _property,
    staticmethod: _wrapped,
    classmethod: _wrapped,
    CodeType: lambda value: Node(code_label(value)),
    np.ufunc: _ufunc,
    # A lock can make a function wait, but not give anything else.
    type(threading.Lock()): lambda _: Node(b"lock"),
    type(threading.RLock()): lambda _: Node(b"lock"),
}
