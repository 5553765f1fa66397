"""Propagators hand `struct_out` on as the name of a file that is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from toy_parts import grid, part
from toy_states import in_a, in_b

from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.sampling.propagate import (
    ConditionalTrajectoryPropagator,
    InPartsTrajectoryPropagator,
)
from asyncmd_jupyter.testing import ToyEngine
from asyncmd_jupyter.trajectory import construct_tp_from_plus_and_minus_traj_segments

ENGINE = {
    "engine_cls": ToyEngine,
    "engine_kwargs": {"x": 0.0, "seed": 5, "launcher": "memory"},
    "walltime_per_part": 1.0,
}
ATOM = "ATOM      1  AR   AR A   1       0.000   0.000   0.000  1.00  0.00          AR\n"


@pytest.fixture(params=["in parts", "conditional"])
def propagator(request: pytest.FixtureRequest) -> Any:
    if request.param == "in parts":
        return InPartsTrajectoryPropagator(50, **ENGINE)
    return ConditionalTrajectoryPropagator([in_a, in_b], **ENGINE)


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.pdb"
    path.write_text("REMARK my own\n" + ATOM + "END\n")
    return path


def at_the_end(traj: Trajectory) -> np.ndarray:
    return np.arange(len(traj)) == len(traj) - 1


def trajectory_of(result: Any) -> Trajectory:
    return result if isinstance(result, Trajectory) else result[0]


async def test_the_path_belongs_to_it(manager, tmp_path: Path, propagator, mine: Path):
    before = mine.read_bytes()
    for number, overwrite in enumerate((False, True)):
        result = await propagator.propagate_and_concatenate(
            None,
            tmp_path,
            f"sim{number}",
            tra_out=tmp_path / f"out{number}.trr",
            struct_out=mine,
            overwrite=overwrite,
        )
        assert trajectory_of(result).structure_path == mine
        assert mine.read_bytes() == before


async def test_cutting_alone(runtime, tmp_path: Path, mine: Path):
    before = mine.read_bytes()
    parts = [part(tmp_path, 1, grid(60))]
    propagator = InPartsTrajectoryPropagator(50, **ENGINE)
    cut = propagator.cut_and_concatenate
    with pytest.raises(FileNotFoundError, match=r"none\.pdb does not exist"):
        await cut(parts, tmp_path / "out.trr", struct_out=tmp_path / "none.pdb")
    joined = await cut(parts, tmp_path / "out.trr", struct_out=mine, overwrite=True)
    assert joined.structure_path == mine
    assert mine.read_bytes() == before
    with pytest.raises(ValueError, match="one of the files that are read"):
        await cut(parts, parts[0].paths[0], overwrite=True)


async def test_what_does_not_fit_is_known_before_any_md(
    manager, tmp_path: Path, propagator, mine: Path
):
    two = tmp_path / "two.pdb"
    two.write_text(2 * ATOM + "END\n")
    before = sorted(tmp_path.iterdir())
    for wrong, error, match in (
        (tmp_path / "none.pdb", FileNotFoundError, "structure_copy="),
        (two, ValueError, r"has 2 atoms, the engine's system \(ToyEngine\) has 1"),
    ):
        with pytest.raises(error, match=match):
            await propagator.propagate_and_concatenate(
                None, tmp_path, "sim", tra_out=tmp_path / "out.trr", struct_out=wrong
            )
        assert sorted(tmp_path.iterdir()) == before


async def test_the_start_is_not_written_over(manager, tmp_path: Path, propagator):
    start = await ToyEngine(0.0, launcher="memory").generate_velocities(
        None, tmp_path / "start.trr", workdir=tmp_path
    )
    start = Trajectory(start.paths, tmp_path / "start.pdb")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    outputs = [{"tra_out": path} for path in (start.paths[0], start.structure_path)]
    outputs += [{"tra_out": tmp_path / "new.trr", "structure_copy": start.structure_path}]
    for output in outputs:
        with pytest.raises(ValueError, match="one of the files that are read"):
            await propagator.propagate_and_concatenate(
                start, tmp_path, "sim", overwrite=True, **output
            )
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


async def test_a_path_of_two_halves(runtime, tmp_path: Path, mine: Path):
    before = mine.read_bytes()
    minus, plus = ([part(tmp_path, number, grid(20), mark=0.0)] for number in (1, 2))
    halves: dict[str, Any] = {
        "minus_trajs": minus,
        "minus_state": 0,
        "plus_trajs": plus,
        "plus_state": 1,
        "state_funcs": [at_the_end, at_the_end],
    }
    with pytest.raises(FileNotFoundError):
        await construct_tp_from_plus_and_minus_traj_segments(
            **halves, tra_out=tmp_path / "path.trr", struct_out=tmp_path / "none.pdb"
        )
    path = await construct_tp_from_plus_and_minus_traj_segments(
        **halves, tra_out=tmp_path / "path.trr", struct_out=mine, overwrite=True
    )
    assert path.structure_path == mine
    assert mine.read_bytes() == before
    copied = await construct_tp_from_plus_and_minus_traj_segments(
        **halves, tra_out=tmp_path / "path2.trr", structure_copy=tmp_path / "copy.pdb"
    )
    assert copied.structure_path == tmp_path / "copy.pdb"
