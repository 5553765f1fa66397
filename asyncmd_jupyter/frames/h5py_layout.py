"""Values of functions within an HDF5 file.

Below the group that was registered::

    asyncmd/TrajectoryFunctionValueCache/<hash of the trajectory>/FunctionIDs/<name>
                                                                 /FunctionValues/<name>

The name of a pair is a digest of the function's id, which is written last, together with
a checksum of the values: a pair counts only when name, id and checksum fit. So a pair that
was not written to its end is none, and what other programs keep here is never taken for ours.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import h5py

Group: TypeAlias = "h5py.Group"

ROOT = "asyncmd/TrajectoryFunctionValueCache"
IDS = "FunctionIDs"
VALUES = "FunctionValues"
# What h5py raises for files that are damaged, incomplete or closed meanwhile.
UNUSABLE = (OSError, RuntimeError, LookupError, ValueError, TypeError, AttributeError)
_CHECKSUM = "checksum"
_NAME = re.compile("[0-9a-f]{32}")
_HASH = re.compile("[0-9]{1,20}")


def read_pair(group: Group, trajectory_hash: int, function_id: str) -> NDArray[Any] | None:
    """Read the values of a function; None if there are none that are whole."""
    try:
        cache = group[f"{ROOT}/{trajectory_hash}"]
        found = _read(cache, pair_name(function_id))
    except UNUSABLE:
        return None
    return found[1] if found and found[0] == function_id else None


def read_pairs(group: Group, trajectory_hash: int) -> Iterator[tuple[str, NDArray[Any]]]:
    """Read all ids and values of one trajectory that are whole."""
    try:
        cache = group[f"{ROOT}/{trajectory_hash}"]
        names = [name for name in cache[IDS] if _NAME.fullmatch(name)]
    except UNUSABLE:
        return
    for name in names:
        try:
            found = _read(cache, name)
        except UNUSABLE:
            continue
        if found and pair_name(found[0]) == name:
            yield found


def write_pair(group: Group, trajectory_hash: int, function_id: str, values: NDArray[Any]) -> None:
    """Add or replace the values of a function. The caller flushes the file.

    Raises
    ------
    OSError
        If the file takes no values.
    """
    try:
        _write(group, trajectory_hash, function_id, values)
    except UNUSABLE:
        if not _set_damage_aside(group, trajectory_hash):
            raise
        _write(group, trajectory_hash, function_id, values)


def remove_pairs(group: Group, trajectory_hash: int) -> None:
    """Remove all that we wrote of one trajectory, and the groups that are empty then."""
    if (path := f"{ROOT}/{trajectory_hash}") not in group:
        return
    cache = group[path]
    for part in (cache[key] for key in (IDS, VALUES) if key in cache):
        for name in [name for name in part if _NAME.fullmatch(name)]:
            del part[name]
    for key in (IDS, VALUES):
        if key in cache and not len(cache[key]):
            del cache[key]
    if not len(cache):
        del group[path]


def trajectory_hashes(group: Group) -> list[int]:
    """Trajectories for which there may be values."""
    return [int(name) for name in group.get(ROOT, ()) if _HASH.fullmatch(name)]


def pair_name(function_id: str) -> str:
    """Name a pair after the id."""
    return hashlib.blake2b(function_id.encode(), digest_size=16).hexdigest()


def _read(cache: Group, name: str) -> tuple[str, NDArray[Any]] | None:
    entry = cache[IDS][name]
    function_id = entry.asstr()[()]
    values = np.asarray(cache[VALUES][name][()])
    if entry.attrs[_CHECKSUM] != _checksum(function_id, values):
        return None
    return function_id, values


def _write(group: Group, trajectory_hash: int, function_id: str, values: NDArray[Any]) -> None:
    name = pair_name(function_id)
    cache = group.require_group(f"{ROOT}/{trajectory_hash}")
    ids, arrays = cache.require_group(IDS), cache.require_group(VALUES)
    if name in ids:
        if _is_same(cache, name, function_id, values):
            return
        del ids[name]
    if name in arrays:
        del arrays[name]
    arrays.create_dataset(name, data=values)
    ids.create_dataset(name, data=function_id).attrs[_CHECKSUM] = _checksum(function_id, values)


def _is_same(cache: Group, name: str, function_id: str, values: NDArray[Any]) -> bool:
    try:
        return cache[IDS][name].attrs[_CHECKSUM] == _checksum(function_id, values) and (
            _read(cache, name) is not None
        )
    except UNUSABLE:
        return False


def _checksum(function_id: str, values: NDArray[Any]) -> int:
    head = repr((function_id, values.dtype.str, values.shape)).encode()
    return zlib.crc32(np.ascontiguousarray(values).tobytes(), zlib.crc32(head))


def _set_damage_aside(group: Group, trajectory_hash: int) -> bool:
    """Rename what can't be used any more, so that a new group gets its name."""
    root, name = group.get(ROOT), str(trajectory_hash)
    if root is None or name not in root or _is_sound(root, name):
        return False
    number = 1
    while (aside := f"{name}.damaged.{number}") in root:
        number += 1
    root.move(name, aside)
    return True


def _is_sound(root: Group, name: str) -> bool:
    try:
        cache = root[name]
        for part in (cache[key] for key in (IDS, VALUES) if key in cache):
            for entry in part:
                part[entry]
    except UNUSABLE:
        return False
    return True
