"""An npz file to which an array is added at the same cost however many it holds.

A zip archive ends with the directory of its members, so adding one usually means writing
the whole directory again. Here the members and the directory grow into separate spaces::

    member, member, … | free space | directory, tail

A new member goes into the free space, its directory entry over the old tail, followed by
the new tail. When the free space is used up, the file is written anew with twice as much.
At any time it is a valid archive that ``numpy.load`` reads; when a write was torn, the
members are found by walking over them.
"""

from __future__ import annotations

import hashlib
import io
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

NAME_BYTES = 53
MAX_ARRAY_BYTES = 2**32 - 2
MAX_ID_BYTES = 2**16 - 5
_PAGE = 4096
_ZIP64 = 45
_DAY_ONE = 0x21  # 1 January 1980
_UNKNOWN = 0xFFFFFFFF
_OUR_EXTRA = 0x4D41
_MAGIC = b"asyncmd1"
_NAME_START = re.compile(rb"[0-9a-f]{16}-")
_NAME = re.compile(rb"[0-9a-f]{16}-[0-9a-f]{32}\.npy")

_LOCAL = struct.Struct("<4s5H3L2H")
_EXTRA = struct.Struct("<2H")
_ENTRY = struct.Struct(f"<4s6H3L5H2L{NAME_BYTES}s2HQ2HL")
_TAIL = struct.Struct("<4sQ2H2L4Q 4sLQL 4s4H2LH 8s2QL")
LOCAL_BYTES = _LOCAL.size
ENTRY_BYTES = _ENTRY.size
TAIL_BYTES = _TAIL.size


class Member(NamedTuple):
    """Where one array is, and its checksum."""

    name: bytes
    offset: int
    n_bytes: int
    checksum: int

    def entry(self, data_bytes: int, id_bytes: int) -> bytes:
        """Build its entry in the directory."""
        return _ENTRY.pack(
            *(b"PK\x01\x02", _ZIP64, _ZIP64, 0, 0, 0, _DAY_ONE),
            *(self.checksum, data_bytes, data_bytes),
            *(NAME_BYTES, 20, 0, 0, 0, 0, _UNKNOWN),
            *(self.name, 1, 8, self.offset, _OUR_EXTRA, 4, id_bytes),
        )


@dataclass(frozen=True)
class Tail:
    """What the end of the file says.

    Attributes
    ----------
    n_members : int
    directory : int
        Offset of the directory.
    members_end : int
        Offset of the free space.
    generation : int
        Counts all changes.
    checksum : int
        CRC of the directory, which goes on when entries are added.
    """

    n_members: int = 0
    directory: int = _PAGE
    members_end: int = 0
    generation: int = 0
    checksum: int = 0

    @property
    def directory_end(self) -> int:
        """Offset of the tail."""
        return self.directory + self.n_members * ENTRY_BYTES

    def pack(self) -> bytes:
        """Build the bytes."""
        size = self.n_members * ENTRY_BYTES
        count = self.n_members
        return _TAIL.pack(
            *(b"PK\x06\x06", 44, _ZIP64, _ZIP64, 0, 0, count, count, size, self.directory),
            *(b"PK\x06\x07", 0, self.directory_end, 1),
            *(b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, _UNKNOWN, _UNKNOWN, 28),
            *(_MAGIC, self.generation, self.members_end, self.checksum),
        )

    @classmethod
    def unpack(cls, data: bytes, file_size: int) -> Tail | None:
        """Read the last bytes of a file; None unless they are whole and fit to its size."""
        if len(data) != TAIL_BYTES:
            return None
        fields = _TAIL.unpack(data)
        tail = cls(
            n_members=fields[6],
            directory=fields[9],
            generation=fields[-3],
            members_end=fields[-2],
            checksum=fields[-1],
        )
        fits = tail.members_end <= tail.directory
        fits = fits and tail.directory_end + TAIL_BYTES == file_size
        return tail if fits and tail.pack() == data else None


def is_member_name(name: bytes) -> bool:
    """Whether a member has a name as ours do."""
    return _NAME.fullmatch(name) is not None


def ends_as_ours(end: bytes) -> bool:
    """Whether the last `TAIL_BYTES` of a file were written here, whole or not."""
    return _MAGIC in end


def member_name(trajectory_hash: int, function_id: str) -> bytes:
    """Name a member after what it belongs to."""
    return f"{trajectory_hash:016x}-".encode() + _name_end(function_id.encode())


def pack_record(name: bytes, function_id: str, values: NDArray[Any]) -> bytes:
    """Build the bytes of a member.

    Raises
    ------
    ValueError
        For what the format can't hold.
    """
    stream = io.BytesIO()
    np.lib.format.write_array(stream, values, allow_pickle=False)
    data, text = stream.getbuffer(), function_id.encode()
    if len(data) > MAX_ARRAY_BYTES or len(text) > MAX_ID_BYTES:
        raise ValueError(
            f"The npz cache holds arrays of up to {MAX_ARRAY_BYTES} bytes with ids of up to "
            f"{MAX_ID_BYTES} bytes, not {len(data)} and {len(text)}; use another cache type."
        )
    header = _pack_header(zlib.crc32(data), len(data), len(text))
    return b"".join((header, name, _EXTRA.pack(_OUR_EXTRA, len(text)), text, data))


def _pack_header(checksum: int, data_bytes: int, id_bytes: int) -> bytes:
    return _LOCAL.pack(
        *(b"PK\x03\x04", _ZIP64, 0, 0, 0, _DAY_ONE),
        *(checksum, data_bytes, data_bytes),
        *(NAME_BYTES, _EXTRA.size + id_bytes & 0xFFFF),
    )


def _name_end(function_id: bytes) -> bytes:
    return f"{hashlib.blake2b(function_id, digest_size=16).hexdigest()}.npy".encode()


class Record(NamedTuple):
    """A member as read."""

    name: bytes
    function_id: str
    data: bytes
    n_bytes: int
    checksum: int

    @property
    def is_whole(self) -> bool:
        """Whether it is what was written."""
        return (
            zlib.crc32(self.data) == self.checksum
            and self.data.startswith(np.lib.format.MAGIC_PREFIX)
            and self.name[17:] == _name_end(self.function_id.encode())
            and _NAME_START.match(self.name) is not None
        )

    def values(self) -> NDArray[Any]:
        """Decode the array."""
        array: NDArray[Any] = np.lib.format.read_array(io.BytesIO(self.data), allow_pickle=False)
        return array

    def entry(self, offset: int) -> bytes:
        """Build its entry in the directory for a place in the file."""
        id_bytes = len(self.function_id.encode())
        member = Member(self.name, offset, self.n_bytes, self.checksum)
        return member.entry(len(self.data), id_bytes)


def parse_record(data: memoryview | bytes, start: int = 0) -> Record | None:
    """Read the member that begins at `start`; None if there is none of ours."""
    names = start + _LOCAL.size
    if len(data) < names + NAME_BYTES + _EXTRA.size:
        return None
    *_, checksum, n_data, _, _, _ = _LOCAL.unpack_from(data, start)
    kind, id_bytes = _EXTRA.unpack_from(data, names + NAME_BYTES)
    id_start = names + NAME_BYTES + _EXTRA.size
    end = id_start + id_bytes + n_data
    header = bytes(data[start:names])
    if kind != _OUR_EXTRA or len(data) < end or header != _pack_header(checksum, n_data, id_bytes):
        return None
    return Record(
        name=bytes(data[names : names + NAME_BYTES]),
        function_id=bytes(data[id_start : id_start + id_bytes]).decode(errors="replace"),
        data=bytes(data[id_start + id_bytes : end]),
        n_bytes=end - start,
        checksum=checksum,
    )


def walk_records(data: memoryview | bytes) -> Iterator[tuple[int, Record]]:
    """Find the members without the directory, in the order in which they were written."""
    position = 0
    while (record := parse_record(data, position)) is not None:
        yield position, record
        position += record.n_bytes


def parse_directory(data: bytes) -> Iterator[Member]:
    """Read the entries of a directory."""
    for fields in _ENTRY.iter_unpack(data):
        name, offset, id_bytes = fields[17], fields[20], fields[23]
        n_bytes = _LOCAL.size + NAME_BYTES + _EXTRA.size + id_bytes + fields[8]
        yield Member(name, offset, n_bytes, fields[7])


def directory_offset(members_bytes: int) -> int:
    """Choose the place of the directory so that as much again fits before it."""
    return -(-2 * members_bytes // _PAGE) * _PAGE or _PAGE
