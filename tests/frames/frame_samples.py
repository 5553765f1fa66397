"""Small trajectory files made with libmdaxdr and MDAnalysis, the writers to compare with."""

from __future__ import annotations

import os
import struct
import time
from pathlib import Path

import numpy as np

BOX_NM = np.diag([3.0, 4.0, 5.0]).astype(np.float32)


def positions_nm(n_atoms: int, frame: int) -> np.ndarray:
    return np.random.default_rng(frame).uniform(0, 3, (n_atoms, 3)).astype(np.float32)


def velocities_nm_ps(n_atoms: int, frame: int) -> np.ndarray:
    return np.random.default_rng(1000 + frame).normal(size=(n_atoms, 3)).astype(np.float32)


def write_xdr(
    path: Path,
    n_frames: int = 5,
    n_atoms: int = 12,
    *,
    first: int = 0,
    nstout: int = 10,
    dt: float = 0.002,
    steps: list[int] | None = None,
    velocities: bool = True,
) -> Path:
    """Write XTC or TRR; frame number i of the run has step i * nstout."""
    from MDAnalysis.lib.formats.libmdaxdr import TRRFile, XTCFile

    numbers = range(first, first + n_frames)
    steps = [i * nstout for i in numbers] if steps is None else steps
    with (XTCFile if path.suffix == ".xtc" else TRRFile)(str(path), "w") as file:
        for number, step in zip(numbers, steps, strict=True):
            raw = (step + 2**31) % 2**32 - 2**31
            x = positions_nm(n_atoms, number)
            if path.suffix == ".xtc":
                file.write(x, BOX_NM, raw, step * dt)
            else:
                v = velocities_nm_ps(n_atoms, number) if velocities else None
                file.write(x, v, None, BOX_NM, raw, step * dt, 0.0, n_atoms)
    return path


def write_gro(path: Path, n_atoms: int = 12) -> Path:
    lines = ["made for a test", str(n_atoms)]
    for i, (x, y, z) in enumerate(positions_nm(n_atoms, 0)):
        lines.append(f"{1:5d}{'ALA':<5}{'C' + str(i % 9 + 1):>5}{i + 1:5d}{x:8.3f}{y:8.3f}{z:8.3f}")
    lines.append("   3.00000   4.00000   5.00000")
    path.write_text("\n".join(lines) + "\n")
    return path


def trr_double(step: int, time: float, x: np.ndarray, v: np.ndarray) -> bytes:
    n_atoms = len(x)
    sizes = (0, 0, 72, 0, 0, 0, 0, 24 * n_atoms, 24 * n_atoms, 0, n_atoms, step, 0)
    header = struct.pack(">3i12s13i2d", 1993, 13, 12, b"GMX_trn_file", *sizes, time, 0.0)
    return header + b"".join(np.asarray(a, ">f8").tobytes() for a in (BOX_NM, x, v))


def xtc_with_64_bit_sizes(frame: bytes) -> bytes:
    """Turn the bytes of a frame into the format for very large systems."""
    (n_bytes,) = struct.unpack_from(">i", frame, 88)
    return struct.pack(">i", 2023) + frame[4:88] + struct.pack(">q", n_bytes) + frame[92:]


def change_a_byte(path: Path, position: int | None = None) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2 if position is None else position] ^= 0xFF
    path.write_bytes(data)


def make_old(*paths: Path) -> None:
    """Give files a time of modification that is not within the clock's margin."""
    for path in paths:
        os.utime(path, (time.time() - 100,) * 2)
