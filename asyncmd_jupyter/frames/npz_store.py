"""Values of functions in npz files beside the trajectories."""

from __future__ import annotations

import logging
import mmap
import os
import secrets
import stat
import threading
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

from numpy.typing import NDArray

from asyncmd_jupyter.files.locking import locked
from asyncmd_jupyter.files.writing import new_file
from asyncmd_jupyter.frames.npz_foreign import ForeignFileError, beside_foreign, is_foreign
from asyncmd_jupyter.frames.npz_format import (
    ENTRY_BYTES,
    LOCAL_BYTES,
    TAIL_BYTES,
    Member,
    Record,
    Tail,
    directory_offset,
    member_name,
    pack_record,
    parse_directory,
    parse_record,
    walk_records,
)

logger = logging.getLogger(__name__)

_DIRECTORIES_KEPT = 256


def npz_cache_path(trajectory_files: Sequence[str | os.PathLike[str]]) -> Path:
    """Tell where the values of a trajectory are kept."""
    first = Path(trajectory_files[0])
    several = "_MULTIPART" if len(trajectory_files) > 1 else ""
    return first.with_name(f".{first.name}{several}_asyncmd_cv_cache.npz")


_Members: TypeAlias = dict[bytes, tuple[int, Member]]


@dataclass
class _Directory:
    """The directory of one file, as of one of its generations."""

    inode: int
    tail: Tail
    members: _Members = field(default_factory=dict)

    def leads_to(self, inode: int, tail: Tail) -> bool:
        """Whether members were only added since."""
        added = tail.n_members - self.tail.n_members
        return (
            inode == self.inode
            and tail.directory == self.tail.directory
            and added == tail.generation - self.tail.generation
            and added >= 0
        )


class _TornError(Exception):
    """A cache file is no archive of ours, or not a whole one."""


class NpzFiles:
    """Reads and writes cache files, and remembers their directories.

    Every method may be called from any thread, and by any number of processes at once.
    Where a file of another program has the name, ours is kept beside it.
    """

    def __init__(self) -> None:
        self._directories: OrderedDict[Path, _Directory] = OrderedDict()
        self._mutex = threading.Lock()
        self._met_foreign = False

    def load(self, path: Path, trajectory_hash: int, function_id: str) -> NDArray[Any] | None:
        """Read the values of one function; None if there are none."""
        name = member_name(trajectory_hash, function_id)

        def choose(members: _Members) -> list[Member]:
            return [members[name][1]] if name in members else []

        for place in (path, beside_foreign(path)):
            for record in self._read(place, name, choose):
                if record.function_id == function_id:
                    return record.values()
        return None

    def store(
        self, path: Path, trajectory_hash: int, function_id: str, values: NDArray[Any]
    ) -> None:
        """Add the values of one function, or replace them if they differ."""
        try:
            self._store(path, trajectory_hash, function_id, values)
        except ForeignFileError:
            self._say_foreign(path)
            self._store(beside_foreign(path), trajectory_hash, function_id, values)

    def _store(
        self, path: Path, trajectory_hash: int, function_id: str, values: NDArray[Any]
    ) -> None:
        name = member_name(trajectory_hash, function_id)
        data = pack_record(name, function_id, values)
        with locked(path, write=True) as file:
            try:
                directory = self._directory(path, file)
            except _TornError:
                if is_foreign(file):
                    raise ForeignFileError(f"{path} is a file of another program.") from None
                _write_anew(path, file, _salvage(file), data)
                return
            position, known = directory.members.get(name, (None, None))
            old = _read_at(file, known.n_bytes, known.offset) if known else b""
            if old == data:
                return
            free = directory.tail.directory - directory.tail.members_end
            if len(data) > free or (known and not _parsed([old], name)):
                members = (member for _, member in directory.members.values())
                _write_anew(path, file, _bytes_of(file, members), data)
            else:
                _append(file, directory.tail, data, position)

    def items(self, path: Path, trajectory_hash: int) -> list[tuple[str, NDArray[Any]]]:
        """List the ids and values of all functions of one trajectory."""
        prefix = _prefix(trajectory_hash)

        def choose(members: _Members) -> list[Member]:
            return [member for name, (_, member) in members.items() if name.startswith(prefix)]

        found: dict[str, Record] = {}
        for place in (beside_foreign(path), path):
            found |= {record.function_id: record for record in self._read(place, prefix, choose)}
        return [(function_id, record.values()) for function_id, record in found.items()]

    def clear(self, path: Path, trajectory_hash: int) -> None:
        """Remove the values of one trajectory, and the file when nothing else is in it."""
        for place in (path, beside_foreign(path)):
            if place.exists():
                self._clear(place, trajectory_hash)

    def _clear(self, path: Path, trajectory_hash: int) -> None:
        prefix = _prefix(trajectory_hash)
        with locked(path, write=True) as file:
            if is_foreign(file):
                return
            kept = [
                record for record in _salvage(file) if not record.startswith(prefix, LOCAL_BYTES)
            ]
            if kept:
                _write_anew(path, file, kept[:-1], kept[-1])
            else:
                path.unlink(missing_ok=True)

    def _say_foreign(self, path: Path) -> None:
        if not self._met_foreign:
            self._met_foreign = True
            logger.warning(
                "%s was written by another program and is left as it is; our values are kept "
                "in %s. The same is done wherever there is such a file.",
                path,
                beside_foreign(path).name,
            )

    def _read(
        self, path: Path, prefix: bytes, choose: Callable[[_Members], list[Member]]
    ) -> list[Record]:
        try:
            with locked(path, write=False) as file:
                try:
                    chosen = choose(self._directory(path, file).members)
                except _TornError:
                    return _parsed(_salvage(file), prefix)
                return _parsed(_bytes_of(file, chosen), prefix)
        except FileNotFoundError:
            return []

    def _directory(self, path: Path, file: int) -> _Directory:
        """Read what is new in the directory since the last time."""
        found = os.fstat(file)
        end = _read_at(file, TAIL_BYTES, max(0, found.st_size - TAIL_BYTES))
        tail = Tail.unpack(end, found.st_size)
        if tail is None:
            raise _TornError
        with self._mutex:
            known = self._directories.pop(path, None)
            if known is None or not known.leads_to(found.st_ino, tail):
                known = _Directory(found.st_ino, replace(tail, n_members=0, checksum=0))
            first = known.tail.directory_end
            entries = _read_at(file, tail.directory_end - first, first)
            if zlib.crc32(entries, known.tail.checksum) != tail.checksum:
                raise _TornError
            for position, member in enumerate(parse_directory(entries), known.tail.n_members):
                known.members[member.name] = (position, member)
            known.tail = tail
            self._directories[path] = known
            while len(self._directories) > _DIRECTORIES_KEPT:
                self._directories.popitem(last=False)
        return known


def _prefix(trajectory_hash: int) -> bytes:
    return f"{trajectory_hash:016x}-".encode()


def _append(file: int, tail: Tail, data: bytes, position: int | None) -> None:
    """Add a member; at every moment the file is whole or can be salvaged."""
    record = parse_record(data)
    assert record is not None  # noqa: S101 - we have just packed it
    entry = record.entry(tail.members_end)
    new = replace(tail, members_end=tail.members_end + len(data), generation=tail.generation + 1)
    _write_at(file, data, tail.members_end)
    if position is None:
        checksum = zlib.crc32(entry, tail.checksum)
        new = replace(new, n_members=tail.n_members + 1, checksum=checksum)
        _write_at(file, entry + new.pack(), tail.directory_end)
    else:
        entries = bytearray(_read_at(file, tail.n_members * ENTRY_BYTES, tail.directory))
        entries[position * ENTRY_BYTES : (position + 1) * ENTRY_BYTES] = entry
        new = replace(new, checksum=zlib.crc32(entries))
        _write_at(file, entries + new.pack(), tail.directory)


def _write_anew(path: Path, file: int, others: Iterable[bytes], newest: bytes) -> None:
    """Replace the file by one with what is whole, and with as much free space again."""
    entries = bytearray()
    with new_file(path, overwrite=True) as new:
        os.fchmod(new.fileno(), stat.S_IMODE(os.fstat(file).st_mode))
        for record, data in _without_doubles(others, newest):
            entries += record.entry(new.tell())
            new.write(data)
        tail = Tail(
            n_members=len(entries) // ENTRY_BYTES,
            directory=directory_offset(new.tell()),
            members_end=new.tell(),
            generation=secrets.randbits(48),  # inode numbers are used again
            checksum=zlib.crc32(entries),
        )
        new.seek(tail.directory)
        new.write(entries + tail.pack())


def _without_doubles(others: Iterable[bytes], newest: bytes) -> Iterator[tuple[Record, bytes]]:
    last = parse_record(newest)
    for data in others:
        record = parse_record(data)
        if record and record.is_whole and last and record.name != last.name:
            yield record, data
    if last:
        yield last, newest


def _salvage(file: int) -> list[bytes]:
    """Find the members of a file without trusting its directory."""
    if not os.fstat(file).st_size:
        return []
    found: dict[bytes, bytes] = {}
    with mmap.mmap(file, 0, access=mmap.ACCESS_READ) as mapped, memoryview(mapped) as view:
        for start, record in walk_records(view):
            if record.is_whole:
                found[record.name] = bytes(view[start : start + record.n_bytes])
    return list(found.values())


def _parsed(records: Iterable[bytes], prefix: bytes) -> list[Record]:
    found = (parse_record(data) for data in records)
    return [r for r in found if r is not None and r.is_whole and r.name.startswith(prefix)]


def _bytes_of(file: int, members: Iterable[Member]) -> Iterator[bytes]:
    return (_read_at(file, member.n_bytes, member.offset) for member in members)


def _read_at(file: int, n_bytes: int, offset: int) -> bytes:
    """Read so many bytes, fewer only at the end of the file."""
    data = os.pread(file, n_bytes, offset)
    while len(data) < n_bytes and (more := os.pread(file, n_bytes - len(data), offset + len(data))):
        data += more
    return data


def _write_at(file: int, data: bytes | bytearray, offset: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(file, view, offset)
        view, offset = view[written:], offset + written
