"""Caches of values under the name that downstream packages import."""

from asyncmd_jupyter.frames.cache import ValueCaches
from asyncmd_jupyter.frames.h5py_store import H5pyStore
from asyncmd_jupyter.frames.memory_store import MemoryStore
from asyncmd_jupyter.frames.npz_beside import NpzStore
from asyncmd_jupyter.frames.npz_store import npz_cache_path
from asyncmd_jupyter.frames.value_store import ValueStore

__all__ = [
    "H5pyStore",
    "MemoryStore",
    "NpzStore",
    "ValueCaches",
    "ValueStore",
    "npz_cache_path",
]
