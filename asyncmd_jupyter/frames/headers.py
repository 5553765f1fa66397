"""What the first bytes of an XTC or TRR frame say about it."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import NamedTuple

XTC_MAGIC = 1995
XTC_BIG_MAGIC = 2023
TRR_MAGIC = 1993
HEADER_BYTES = 96
"""As much as any parser below looks at."""
XTC_UNNUMBERED = 16
"""From here on nothing depends on the step and the time of an XTC frame."""

_MAGIC = struct.Struct(">i")
_XTC_START = struct.Struct(">iiif")
_XTC_PLAIN_ATOMS = 9  # so few atoms are not compressed
_XTC_PLAIN_BYTES = 56
_XTC_WHOLE = struct.Struct(">iiif36xi32xi")
_INT64 = struct.Struct(">q")
_TRR_SIZES = struct.Struct(">13i")
_TRR_STEP = 68  # where in a header it is; before it come magic, sizes and the atom count
TRR_VERSION = struct.pack(">3i12s", TRR_MAGIC, 13, 12, b"GMX_trn_file")


class DamagedFrameError(ValueError):
    """The bytes at a position can't be the beginning of a frame."""


class FrameHeader(NamedTuple):
    """One frame: its length in bytes, and step and time as they stand in the file."""

    size: int
    n_atoms: int
    step: int
    time: float


class TrrSizes(NamedTuple):
    """The thirteen integers of a TRR header."""

    ir: int
    energies: int
    box: int
    virial: int
    pressure: int
    topology: int
    symbols: int
    positions: int
    velocities: int
    forces: int
    n_atoms: int
    step: int
    nre: int

    @property
    def payload(self) -> int:
        """Bytes that follow the header."""
        return sum(self[:10])

    @property
    def float_bytes(self) -> int:
        """4 for single and 8 for double precision."""
        if self.box:
            return self.box // 9
        for size in (self.positions, self.velocities, self.forces):
            if size and self.n_atoms:
                return size // (3 * self.n_atoms)
        return 4


Parser = Callable[[bytes], FrameHeader | None]


def parser_for(buffer: bytes) -> tuple[str, Parser]:
    """Tell the kind of file (``xtc`` or ``trr``) from its beginning, with the fitting parser."""
    (magic,) = _MAGIC.unpack_from(buffer)
    if magic in (XTC_MAGIC, XTC_BIG_MAGIC):
        return "xtc", parse_xtc
    if magic == TRR_MAGIC:
        return "trr", parse_trr
    raise DamagedFrameError(f"begins with {buffer[:4]!r}, which is neither XTC nor TRR")


def parse_xtc(buffer: bytes) -> FrameHeader | None:
    """Read an XTC header; None when the buffer ends within it."""
    if len(buffer) < _XTC_PLAIN_BYTES:
        return None
    magic, n_atoms, step, time = _XTC_START.unpack_from(buffer)
    if magic not in (XTC_MAGIC, XTC_BIG_MAGIC):
        raise DamagedFrameError(f"magic number {magic} instead of {XTC_MAGIC}")
    if n_atoms < 1 or _MAGIC.unpack_from(buffer, 52)[0] != n_atoms:
        raise DamagedFrameError(f"an atom count of {n_atoms} that contradicts itself")
    if n_atoms <= _XTC_PLAIN_ATOMS:
        return FrameHeader(_XTC_PLAIN_BYTES + 12 * n_atoms, n_atoms, step, time)
    count = _MAGIC if magic == XTC_MAGIC else _INT64
    start = 88 + count.size
    if len(buffer) < start:
        return None
    (n_bytes,) = count.unpack_from(buffer, 88)
    if not 0 < n_bytes <= _most_bytes(n_atoms):
        raise DamagedFrameError(f"a compressed size of {n_bytes} bytes")
    return FrameHeader(start + (n_bytes + 3) // 4 * 4, n_atoms, step, time)


def quick_parser(kind: str, buffer: bytes, header: FrameHeader) -> Parser:
    """Make a parser for frames that are like the one of which all is known already.

    It is several times as fast, and gives None where something is unlike.
    """
    if kind == "trr":
        return _quick_trr(buffer, header)
    if header.n_atoms <= _XTC_PLAIN_ATOMS:
        return parse_nothing
    return _quick_xtc(header.n_atoms)


def parse_nothing(_buffer: bytes) -> None:
    """Know nothing of any frame."""


def _quick_xtc(n_atoms: int) -> Parser:
    unpack, n_needed, most = _XTC_WHOLE.unpack_from, _XTC_WHOLE.size, _most_bytes(n_atoms)

    def parse(buffer: bytes) -> FrameHeader | None:
        if len(buffer) < n_needed:
            return None
        magic, one, step, time, other, n_bytes = unpack(buffer)
        if magic != XTC_MAGIC or one != n_atoms or other != n_atoms or not 0 < n_bytes <= most:
            return None
        return FrameHeader(n_needed + (n_bytes + 3) // 4 * 4, n_atoms, step, time)

    return parse


def _quick_trr(first: bytes, known: FrameHeader) -> Parser:
    sizes = parse_trr_sizes(first)
    width = sizes.float_bytes if sizes else 4
    numbers = struct.Struct(">i4xf" if width == 4 else ">i4xd")
    same, n_needed = first[:_TRR_STEP], _TRR_STEP + numbers.size
    size, n_atoms, unpack = known.size, known.n_atoms, numbers.unpack_from

    def parse(buffer: bytes) -> FrameHeader | None:
        if len(buffer) < n_needed + width or not buffer.startswith(same):
            return None
        step, time = unpack(buffer, _TRR_STEP)
        return FrameHeader(size, n_atoms, step, time)

    return parse


def parse_trr(buffer: bytes) -> FrameHeader | None:
    """Read a TRR header; None when the buffer ends within it."""
    sizes = parse_trr_sizes(buffer)
    if sizes is None:
        return None
    header_bytes, kind = trr_times(sizes)
    if len(buffer) < header_bytes:
        return None
    (time, _) = kind.unpack_from(buffer, header_bytes - kind.size)
    return FrameHeader(header_bytes + sizes.payload, sizes.n_atoms, sizes.step, time)


def parse_trr_sizes(buffer: bytes) -> TrrSizes | None:
    """Read the integers of a TRR header; None when the buffer ends within them."""
    start = len(TRR_VERSION)
    if len(buffer) < start + _TRR_SIZES.size:
        return None
    if not buffer.startswith(TRR_VERSION):
        raise DamagedFrameError(f"{buffer[:start]!r} instead of a TRR version string")
    sizes = TrrSizes(*_TRR_SIZES.unpack_from(buffer, start))
    if sizes.n_atoms < 0 or min(sizes[:10]) < 0 or not _consistent(sizes):
        raise DamagedFrameError(f"sizes that contradict each other: {sizes}")
    return sizes


def trr_times(sizes: TrrSizes) -> tuple[int, struct.Struct]:
    """Length of the whole header, and the layout of time and lambda at its end."""
    kind = struct.Struct(">ff" if sizes.float_bytes == 4 else ">dd")
    return len(TRR_VERSION) + _TRR_SIZES.size + kind.size, kind


def pack_trr_header(sizes: TrrSizes, time: float, lambda_value: float) -> bytes:
    """Build the header of a single precision frame."""
    return TRR_VERSION + _TRR_SIZES.pack(*sizes) + struct.pack(">ff", time, lambda_value)


def _most_bytes(n_atoms: int) -> int:
    """More than the compression can ever need."""
    return 16 * n_atoms + 64


def _consistent(sizes: TrrSizes) -> bool:
    width = sizes.float_bytes
    per_atom = 3 * width * sizes.n_atoms
    return (
        width in (4, 8)
        and sizes.box in (0, 9 * width)
        and all(s in (0, per_atom) for s in (sizes.positions, sizes.velocities, sizes.forces))
    )
