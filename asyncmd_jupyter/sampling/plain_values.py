"""Exact descriptions of values that refer to nothing else."""

from __future__ import annotations

import hashlib
import struct
from pathlib import PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.sampling.graph_digest import pack


def plain(value: Any) -> bytes | None:
    """What a value is, to the last bit; None if it is of no plain kind.

    Only exact types count: a subclass may behave differently.
    """
    kind = type(value)
    if kind in (type(None), bool, int, type(Ellipsis), type(NotImplemented)):
        return f"{kind.__name__} {value:x}".encode() if kind is int else repr(value).encode()
    if kind is float:
        return b"float" + struct.pack("<d", value)
    if kind is complex:
        return b"complex" + struct.pack("<dd", value.real, value.imag)
    if kind is str:
        text: str = value
        return b"str" + text.encode("utf-8", "surrogatepass")
    if kind in (bytes, bytearray):
        return kind.__name__.encode() + b" " + bytes(value)
    return _composed(value)


def _composed(value: Any) -> bytes | None:
    if type(value) in (tuple, frozenset):
        parts = [plain(part) for part in value]
        if None in parts:
            return None
        known = [part for part in parts if part is not None]
        return pack(
            type(value).__name__.encode(), *(known if type(value) is tuple else sorted(known))
        )
    if type(value) in (range, slice):
        parts = [plain(part) for part in (value.start, value.stop, value.step)]
        return None if None in parts else pack(type(value).__name__.encode(), *filter(None, parts))
    if isinstance(value, PurePath) and type(value).__module__.startswith("pathlib"):
        return b"path" + str(value).encode("utf-8", "surrogateescape")
    return _numpy(value)


def _numpy(value: Any) -> bytes | None:
    if isinstance(value, np.dtype):
        return None if value.hasobject else b"dtype" + _layout(value).encode()
    if isinstance(value, np.generic) and not value.dtype.hasobject:
        return pack(b"scalar", _layout(value.dtype).encode(), value.tobytes())
    if type(value) in (np.ndarray, np.memmap) and not value.dtype.hasobject:
        return _array(value)
    return None


def _array(value: NDArray[Any]) -> bytes:
    content = hashlib.blake2b(digest_size=32)
    if value.nbytes:
        content.update(np.ascontiguousarray(value).reshape(-1).view(np.uint8).data)
    layout = repr((_layout(value.dtype), value.shape)).encode()
    return pack(b"array", layout, content.digest())


def _layout(dtype: np.dtype[Any]) -> str:
    return repr(dtype) if dtype.names else dtype.str
