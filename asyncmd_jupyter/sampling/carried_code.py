"""Pickles by value, in which code takes along where it comes from.

Ids of functions are made of the text of their code. A code object holds only the name of a file,
which another process may not have, which may have been edited since, and which whatever pickles
the code may replace. So the text itself goes with the code, and code keeps the name it had.
"""

from __future__ import annotations

import io
import linecache
import marshal
import pickle
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import cloudpickle

from asyncmd_jupyter.sampling.code_facts import CodeReader, Origin
from asyncmd_jupyter.sampling.reduction import reduced, remark_of


def dumps(value: Any) -> bytes:
    """Pickle `value`, functions that can't be imported elsewhere by their code."""
    with io.BytesIO() as file:
        _Pickler(file).dump(value)
        return file.getvalue()


def loads(pickled: bytes) -> Any:
    """What `dumps` was given; ids of functions in it are found as they were there."""
    return pickle.loads(pickled)  # noqa: S301 - callers know who wrote it


def restored_code(marshalled: bytes, origin: Origin) -> CodeType:
    """Code as it was before it was pickled; for `loads`."""
    code: CodeType = marshal.loads(marshalled)  # noqa: S302 - part of the pickle
    CodeReader.current().learn(code, origin)
    if origin.text is not None and not Path(origin.filename).exists():
        lines = origin.text.splitlines(keepends=True)
        entry = (len(origin.text), None, lines, origin.filename)
        linecache.cache.setdefault(origin.filename, entry)  # for tracebacks
    return code


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]
    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        self._modules: dict[int, dict[str, Any]] = {}

    def reducer_override(self, value: Any) -> Any:
        if type(value) is CodeType:
            return self._reduced(value)
        if type(value) is FunctionType:
            self._modules[id(value.__code__)] = value.__globals__
        found = super().reducer_override(value)
        return reduced(value) if found is NotImplemented and remark_of(type(value)) else found

    def _reduced(self, code: CodeType) -> Any:
        origin = CodeReader.current().origin(code, self._modules.get(id(code), {}))
        return restored_code, (marshal.dumps(code), origin)
