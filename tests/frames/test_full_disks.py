"""Disks that are full while trajectories are written: an error, and no file that is cut."""

from __future__ import annotations

from pathlib import Path

import pytest
from frame_samples import write_gro, write_xdr
from full_disk import at_most

from asyncmd_jupyter.frames import written
from asyncmd_jupyter.frames.concatenate import TrajectoryConcatenator
from asyncmd_jupyter.frames.trajectory import Trajectory

N_FRAMES, N_ATOMS = 6, 300


def same(timestep):
    return timestep


@pytest.fixture
def trajectory(tmp_path: Path) -> Trajectory:
    source = write_xdr(tmp_path / "a.trr", N_FRAMES, N_ATOMS, velocities=False)
    return Trajectory(source, write_gro(tmp_path / "a.gro", N_ATOMS))


@pytest.mark.parametrize("decoded", [True, False])
@pytest.mark.parametrize("ending", ["xtc", "trr", "dcd"])
def test_nothing_is_cut_silently(
    trajectory: Trajectory, tmp_path: Path, ending: str, decoded: bool
):
    writer = TrajectoryConcatenator(mda_transformations=[same] if decoded else None)

    def write(name: str) -> Path:
        out = tmp_path / f"{name}.{ending}"
        writer.concatenate([trajectory], [(None, None, 1)], out)
        return out

    size = write("whole").stat().st_size
    for n_bytes in (size - 1, size - 40, size // 2, 100):
        with at_most(n_bytes), pytest.raises(OSError, match=r"full|too large|write|written"):
            write("cut")
    assert not list(tmp_path.glob("*cut*"))
    assert write("cut").stat().st_size == size


@pytest.mark.parametrize("ending", ["gro", "pdb"])
def test_structures(trajectory: Trajectory, tmp_path: Path, ending: str):
    copy = tmp_path / f"copy.{ending}"
    with at_most(2000), pytest.raises(OSError, match="too large"):
        TrajectoryConcatenator().concatenate(
            [trajectory], [(None, 1, 1)], tmp_path / "out.trr", structure_copy=copy
        )
    assert not copy.exists()


def test_no_hdf5_file_is_begun_without_room(trajectory: Trajectory, tmp_path: Path, monkeypatch):
    """On a full disk HDF5 may crash the kernel."""
    out = tmp_path / "out.h5md"
    monkeypatch.setattr(written, "_HDF5_OVERHEAD", 2**70)
    with pytest.raises(OSError, match=r"not begun: it takes about .* MB, and there is too little"):
        TrajectoryConcatenator().concatenate([trajectory], [(None, None, 1)], out)
    assert not list(tmp_path.glob("*out*"))
    monkeypatch.undo()
    whole = TrajectoryConcatenator().concatenate([trajectory], [(None, None, 1)], out)
    assert len(whole) == N_FRAMES
