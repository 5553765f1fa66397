"""Cutting parts at a step: by what their frames say, not by counting them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from toy_parts import DT, grid, origins_of, part, steps_of

from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.sampling.propagate import (
    ConditionalTrajectoryPropagator,
    InPartsTrajectoryPropagator,
)
from asyncmd_jupyter.testing import ToyEngine

ENGINE = {"engine_cls": ToyEngine, "engine_kwargs": {}, "walltime_per_part": 1.0}


async def cut(folder: Path, n_steps: int, *parts: Trajectory, **kwargs) -> Trajectory:
    propagator = InPartsTrajectoryPropagator(n_steps, **ENGINE)
    joined = await propagator.cut_and_concatenate(list(parts), folder / "out.trr", **kwargs)
    assert joined is not None
    return joined


@pytest.mark.parametrize("n_steps", [10, 30, 40, 60, 70])
async def test_cut_at_every_kind_of_place(tmp_path: Path, n_steps: int):
    parts = [
        part(tmp_path, 1, [0, 10, 20, 30]),
        part(tmp_path, 2, [40, 50, 60]),
        part(tmp_path, 3, [70, 80]),
    ]
    joined = await cut(tmp_path, n_steps, *parts)
    assert steps_of(joined) == grid(n_steps)


@pytest.mark.parametrize("n_steps", [20, 30, 40, 60])
async def test_doubled_boundary_frames_count_once(tmp_path: Path, n_steps: int):
    parts = [
        part(tmp_path, 1, [0, 10, 20, 30]),
        part(tmp_path, 2, [30, 40]),
        part(tmp_path, 3, [40, 50, 60]),
    ]
    assert steps_of(await cut(tmp_path, n_steps, *parts)) == grid(n_steps)


async def test_frames_that_were_computed_again_count_instead(tmp_path: Path):
    parts = [
        part(tmp_path, 1, [0, 10, 20, 30, 40, 50]),
        part(tmp_path, 2, [30, 40, 50, 60, 70]),
    ]
    joined = await cut(tmp_path, 60, *parts)
    assert steps_of(joined) == grid(60)
    assert origins_of(joined) == [1, 1, 1, 2, 2, 2, 2]


async def test_the_branch_that_was_left_does_not_end_it(tmp_path: Path):
    parts = [part(tmp_path, 1, grid(50)), part(tmp_path, 2, [30, 40])]
    with pytest.raises(ValueError, match="they end at step 40"):
        await cut(tmp_path, 50, *parts)


async def test_equal_positions_and_times_do_not_make_frames_double(tmp_path: Path):
    late = 2**26 * 1.0
    parts = [
        part(tmp_path, 1, [0, 10], times=[late, late + 1], mark=1),
        part(tmp_path, 2, [20, 30], times=[late + 1, late + 2], mark=1),
    ]
    assert steps_of(await cut(tmp_path, 30, *parts)) == grid(30)


async def test_engine_without_a_frame_at_the_start(tmp_path: Path):
    joined = await cut(tmp_path, 30, part(tmp_path, 1, [10, 20]), part(tmp_path, 2, [30, 40]))
    assert steps_of(joined) == [10, 20, 30]


async def test_start_frame_handed_in_by_itself(tmp_path: Path):
    joined = await cut(tmp_path, 20, part(tmp_path, 0, [0]), part(tmp_path, 1, [0, 10, 20]))
    assert steps_of(joined) == grid(20)


async def test_engine_that_counts_steps_anew_in_each_part(tmp_path: Path):
    parts = [
        part(tmp_path, 1, [0, 10, 20], times=[0.0, 0.1, 0.2]),
        part(tmp_path, 2, [10, 20, 30], times=[0.3, 0.4, 0.5]),
    ]
    joined = await cut(tmp_path, 40, *parts)
    assert joined.frame_table().times == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4])


async def test_steps_beyond_32_bit(tmp_path: Path):
    begin, nstout = 2**32 - 2**30, 2**29
    parts = [
        part(tmp_path, number, [begin + number * nstout])
        for number in range(6)  # a frame each: nothing in a file tells how often it wrapped
    ]
    first = part(tmp_path, 9, list(range(0, begin, nstout)))
    joined = await cut(tmp_path, begin + 4 * nstout, first, *parts)
    assert len(joined) == (begin + 4 * nstout) // nstout + 1
    assert joined.last_time == pytest.approx((begin + 4 * nstout) * DT, rel=1e-6)


async def test_parts_of_several_files(tmp_path: Path):
    one, two = part(tmp_path, 1, [0, 10]), part(tmp_path, 2, [20, 30])
    both = Trajectory([*one.paths, *two.paths], one.structure_path)
    assert steps_of(await cut(tmp_path, 20, both)) == grid(20)


class TestBadInput:
    async def test_too_short(self, tmp_path: Path):
        with pytest.raises(ValueError, match=r"n_steps=50: they end at step 40"):
            await cut(tmp_path, 50, part(tmp_path, 1, grid(40)))
        assert not (tmp_path / "out.trr").exists()

    async def test_nothing_at_all(self, tmp_path: Path):
        with pytest.raises(ValueError, match="too short for n_steps=50: there are no frames"):
            await cut(tmp_path, 50)

    async def test_no_frame_there(self, tmp_path: Path):
        with pytest.raises(ValueError, match="no frame at n_steps=15"):
            await cut(tmp_path, 15, part(tmp_path, 1, grid(40)))

    async def test_part_in_the_middle_is_gone(self, tmp_path: Path):
        parts = [part(tmp_path, 1, [0, 10]), part(tmp_path, 3, [40, 50])]
        with pytest.raises(ValueError, match="between the steps 10 and 40 are missing"):
            await cut(tmp_path, 50, *parts)

    async def test_first_part_is_gone(self, tmp_path: Path):
        with pytest.raises(ValueError, match="between the steps 0 and 40 are missing"):
            await cut(tmp_path, 50, part(tmp_path, 3, [40, 50]))

    async def test_wrong_order(self, tmp_path: Path):
        parts = [part(tmp_path, 2, [20, 30]), part(tmp_path, 1, [0, 10])]
        with pytest.raises(ValueError, match="do not follow each other"):
            await cut(tmp_path, 30, *parts)

    async def test_output_in_the_way(self, tmp_path: Path):
        (tmp_path / "out.trr").write_text("mine")
        with pytest.raises(FileExistsError, match="overwrite=True"):
            await cut(tmp_path, 10, part(tmp_path, 1, grid(40)))
        assert (tmp_path / "out.trr").read_text() == "mine"
        joined = await cut(tmp_path, 10, part(tmp_path, 1, grid(40)), overwrite=True)
        assert steps_of(joined) == grid(10)

    async def test_unknown_argument(self, tmp_path: Path):
        with pytest.raises(TypeError, match="owerwrite: concatenate takes only struct_out"):
            await cut(tmp_path, 10, part(tmp_path, 1, grid(40)), owerwrite=True)


async def test_nothing_wanted(tmp_path: Path):
    propagator = InPartsTrajectoryPropagator(0, **ENGINE)
    parts = [part(tmp_path, 1, grid(40))]
    assert await propagator.cut_and_concatenate(parts, tmp_path / "out.trr") is None
    assert await propagator.cut_and_concatenate([], tmp_path / "out.trr") is None
    assert not (tmp_path / "out.trr").exists()


class TestConditionalCut:
    @staticmethod
    async def cut_at(folder: Path, wanted: int, *parts: Trajectory) -> Trajectory:
        def here(traj):
            return traj.frame_table().steps == wanted

        propagator = ConditionalTrajectoryPropagator([here], **ENGINE)
        joined, index = await propagator.cut_and_concatenate(list(parts), folder / "out.trr")
        assert index == 0
        return joined

    @pytest.mark.parametrize("wanted", [0, 20, 30, 40, 50])
    async def test_ends_there_whatever_the_boundaries(self, tmp_path: Path, wanted: int):
        parts = [part(tmp_path, 1, grid(30)), part(tmp_path, 2, [30, 40]), part(tmp_path, 3, [50])]
        assert steps_of(await self.cut_at(tmp_path, wanted, *parts)) == grid(wanted)

    async def test_branch_that_was_left_does_not_decide(self, tmp_path: Path):
        parts = [part(tmp_path, 1, grid(50)), part(tmp_path, 2, [30, 40, 50, 60])]
        joined = await self.cut_at(tmp_path, 50, *parts)
        assert steps_of(joined) == grid(50)
        assert origins_of(joined) == [1, 1, 1, 2, 2, 2]

    async def test_engine_that_counts_steps_anew_in_each_part(self, tmp_path: Path):
        parts = [
            part(tmp_path, 1, [0, 10, 20], times=[0.0, 0.1, 0.2]),
            part(tmp_path, 2, [0, 10, 20], times=[0.2, 0.3, 0.4], mark=1),
        ]

        def late(traj):
            return np.asarray(traj.frame_table().times) > 0.35

        propagator = ConditionalTrajectoryPropagator([late], **ENGINE)
        joined, _ = await propagator.cut_and_concatenate(parts, tmp_path / "out.trr")
        assert joined.frame_table().times == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4])
