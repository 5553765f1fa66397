"""GROMACS simulations are continued only with what they were begun with."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from gromacs_systems import STEM, gromacs_engine

from asyncmd_jupyter.errors import EngineError
from asyncmd_jupyter.frames.extract import (
    InvertedVelocitiesFrameExtractor,
    NoModificationFrameExtractor,
)
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.sampling.propagate import InPartsTrajectoryPropagator

pytestmark = pytest.mark.gromacs


def in_parts(n_steps: int = 100, **options) -> InPartsTrajectoryPropagator:
    engine = gromacs_engine(nstout=50, **options)
    return InPartsTrajectoryPropagator.from_engine(engine, n_steps, walltime_per_part=1.0)


@pytest.fixture
async def frames(manager, tmp_path: Path) -> Trajectory:
    """Five frames with velocities, of which the first ones are starts."""
    folder = tmp_path / "before"
    folder.mkdir()
    engine = gromacs_engine(nstout=50, output_traj_type="trr")
    await engine.prepare(None, folder, "sim")
    return await engine.run_steps(200)


async def test_another_frame_is_refused(frames, tmp_path: Path):
    one, other = (
        NoModificationFrameExtractor().extract(tmp_path / f"f{n}.trr", frames, n) for n in (1, 3)
    )
    parts = await in_parts().propagate(one, tmp_path, "sim")
    with pytest.raises(EngineError, match=r"frame 0 of .*f1\.trr.*not .*f3\.trr \(positions"):
        await in_parts(200).propagate(other, tmp_path, "sim", continuation=True)
    back = InvertedVelocitiesFrameExtractor().extract(tmp_path / "back.trr", frames, 1)
    with pytest.raises(EngineError, match="velocities differ"):
        await in_parts(200).propagate(back, tmp_path, "sim", continuation=True)
    with pytest.raises(EngineError, match="engine's own configuration"):
        await in_parts(200).propagate(None, tmp_path, "sim", continuation=True)
    shutil.move(tmp_path / "f1.trr", tmp_path / "moved.trr")
    moved = Trajectory(tmp_path / "moved.trr", one.structure_path)
    less = NoModificationFrameExtractor().extract(tmp_path / "less.xtc", frames, 1)
    for same in (moved, less):
        assert await in_parts().propagate(same, tmp_path, "sim", continuation=True) == parts


async def test_of_versions_that_kept_no_start(frames, tmp_path: Path):
    one, other = (
        NoModificationFrameExtractor().extract(tmp_path / f"f{n}.trr", frames, n) for n in (0, 4)
    )
    await in_parts().propagate(one, tmp_path, "sim")
    (tmp_path / "sim.start.npz").unlink()
    (tmp_path / "sim.simulation.json").unlink()
    far = np.abs(frames.frame_table().steps).max()
    assert far == 200
    assert await in_parts(150).propagate(one, tmp_path, "sim", continuation=True)
    with pytest.raises(EngineError, match="positions differ"):
        await in_parts(200).propagate(other, tmp_path, "sim", continuation=True)


async def test_drawn_velocities_do_not_count(frames, tmp_path: Path):
    start = NoModificationFrameExtractor().extract(tmp_path / "f.trr", frames, 1)
    back = InvertedVelocitiesFrameExtractor().extract(tmp_path / "back.trr", frames, 1)
    parts = await in_parts().propagate(start, tmp_path, "sim", velocities="new")
    options = {"velocities": "new", "continuation": True}
    assert await in_parts().propagate(back, tmp_path, "sim", **options) == parts


async def test_own_structure(manager, tmp_path: Path):
    parts = await in_parts().propagate(None, tmp_path, "sim")
    shutil.copy(STEM.with_suffix(".gro"), tmp_path / "copy.gro")
    same = in_parts(gro_file=tmp_path / "copy.gro")
    assert await same.propagate(None, tmp_path, "sim", continuation=True) == parts
    lines = (tmp_path / "copy.gro").read_text().splitlines(keepends=True)
    lines[2] = f"{lines[2][:20]}{float(lines[2][20:28]) + 0.2:8.3f}{lines[2][28:]}"
    (tmp_path / "other.gro").write_text("".join(lines))
    with pytest.raises(EngineError, match=r"positions differ by up to 0\.2 nm"):
        await in_parts(gro_file=tmp_path / "other.gro").propagate(
            None, tmp_path, "sim", continuation=True
        )


async def test_another_topology_or_index(manager, tmp_path: Path):
    top = STEM.with_suffix(".top").read_text()
    (tmp_path / "a.itp").write_text("; nothing\n")
    (tmp_path / "a.top").write_text(f'{top}\n#include "a.itp"\n')
    (tmp_path / "a.ndx").write_text("[ System ]\n" + " ".join(str(i) for i in range(1, 23)) + "\n")
    files = {"top_file": tmp_path / "a.top", "ndx_file": tmp_path / "a.ndx"}
    parts = await in_parts(**files).propagate(None, tmp_path, "sim")
    (tmp_path / "a.itp").write_text("; another comment\n\n")
    shutil.copy(tmp_path / "a.ndx", tmp_path / "same.ndx")
    same = in_parts(**{**files, "ndx_file": tmp_path / "same.ndx"})
    assert await same.propagate(None, tmp_path, "sim", continuation=True) == parts
    (tmp_path / "b.ndx").write_text("[ System ]\n1 2 3\n")
    with pytest.raises(EngineError, match=r"another index than .*b\.ndx"):
        await in_parts(**{**files, "ndx_file": tmp_path / "b.ndx"}).propagate(
            None, tmp_path, "sim", continuation=True
        )
    (tmp_path / "a.itp").write_text("#define POSRES\n")
    with pytest.raises(EngineError, match=r"another topology than .*a\.top"):
        await in_parts(**files).propagate(None, tmp_path, "sim", continuation=True)
