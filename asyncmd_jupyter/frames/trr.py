"""Single TRR frames, read and written without MDAnalysis."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.errors import TruncatedTrajectoryError
from asyncmd_jupyter.frames.headers import (
    HEADER_BYTES,
    DamagedFrameError,
    TrrSizes,
    pack_trr_header,
    parse_trr_sizes,
    trr_times,
)
from asyncmd_jupyter.frames.steps import wrap_step


@dataclass(frozen=True, eq=False)
class TrrFrame:
    """One frame in GROMACS' units.

    Attributes
    ----------
    step : int
    time : float
        In ps.
    box : array or None
        Box vectors as rows of a (3, 3) array, nm.
    positions : array or None
        (n, 3), nm.
    velocities : array or None
        (n, 3), nm/ps.
    forces : array or None
        (n, 3), kJ/(mol nm).
    lambda_value : float
        Of free energy calculations.
    """

    step: int
    time: float
    box: NDArray[Any] | None
    positions: NDArray[Any] | None
    velocities: NDArray[Any] | None = None
    forces: NDArray[Any] | None = None
    lambda_value: float = 0.0


def read_trr_frame(path: str | Path, offset: int) -> TrrFrame:
    """Read the frame that begins at `offset`.

    The step is the one in the file, so it is wrapped to 32 bit.

    Raises
    ------
    TruncatedTrajectoryError
        If the file ends within the frame.
    ValueError
        If no frame begins there.
    """
    with Path(path).open("rb") as file:
        file.seek(offset)
        start = file.read(HEADER_BYTES)
        try:
            sizes = parse_trr_sizes(start)
        except DamagedFrameError as error:
            raise ValueError(f"{path}: no TRR frame at byte {offset}: {error}.") from error
        if sizes is None:
            raise _ends_within(path, offset)
        header_bytes, kind = trr_times(sizes)
        file.seek(offset + header_bytes)
        payload = file.read(sizes.payload)
    if len(payload) < sizes.payload:
        raise _ends_within(path, offset)
    time, lambda_value = kind.unpack_from(start, header_bytes - kind.size)
    return _unpack(sizes, payload, time, lambda_value)


def write_trr_frame(file: BinaryIO, frame: TrrFrame) -> int:
    """Append `frame` in single precision, byte for byte as libmdaxdr writes it.

    The caller flushes. Steps beyond 32 bit are wrapped as GROMACS does it.

    Returns
    -------
    int
        Number of bytes written.
    """
    parts = [_block(part) for part in (frame.box, frame.positions, frame.velocities, frame.forces)]
    box, positions, velocities, forces = (len(part) for part in parts)
    n_atoms = max(positions, velocities, forces) // 12
    step = wrap_step(frame.step)
    sizes = TrrSizes(
        0, 0, box, 0, 0, 0, 0, positions, velocities, forces, n_atoms=n_atoms, step=step, nre=0
    )
    if any(size not in (0, 12 * n_atoms) for size in (positions, velocities, forces)):
        raise ValueError("Positions, velocities and forces of a frame differ in their atom count.")
    data = b"".join((pack_trr_header(sizes, frame.time, frame.lambda_value), *parts))
    file.write(data)
    return len(data)


def invert_velocities(frame: bytes) -> bytes:
    """Change the sign of the velocities in the bytes of one frame, of either precision.

    Everything else stays as it is; a frame without velocities is returned unchanged.
    """
    sizes = parse_trr_sizes(frame)
    if sizes is None or not sizes.velocities:
        return frame
    header_bytes, _ = trr_times(sizes)
    start = header_bytes + sizes.payload - sizes.forces - sizes.velocities
    changed = np.frombuffer(bytearray(frame), np.uint8)
    changed[start : start + sizes.velocities : sizes.float_bytes] ^= 0x80  # the sign bits
    return changed.tobytes()


def _unpack(sizes: TrrSizes, payload: bytes, time: float, lambda_value: float) -> TrrFrame:
    dtype = np.dtype(f">f{sizes.float_bytes}")
    after_box = sizes.ir + sizes.energies + sizes.box
    start = after_box + sizes.virial + sizes.pressure + sizes.topology + sizes.symbols

    def block(start: int, n_bytes: int) -> NDArray[Any] | None:
        if not n_bytes:
            return None
        values = np.frombuffer(payload, dtype, n_bytes // dtype.itemsize, start)
        return values.astype(dtype.newbyteorder("=")).reshape(-1, 3)

    return TrrFrame(
        step=sizes.step,
        time=time,
        box=block(after_box - sizes.box, sizes.box),
        positions=block(start, sizes.positions),
        velocities=block(start + sizes.positions, sizes.velocities),
        forces=block(start + sizes.positions + sizes.velocities, sizes.forces),
        lambda_value=lambda_value,
    )


def _block(values: NDArray[Any] | None) -> bytes:
    if values is None:
        return b""
    with np.errstate(over="ignore"):  # of a simulation that blows up, which says so itself
        return np.ascontiguousarray(values, dtype=">f4").tobytes()


def _ends_within(path: str | Path, offset: int) -> TruncatedTrajectoryError:
    return TruncatedTrajectoryError(f"{path} ends within the frame that begins at byte {offset}.")
