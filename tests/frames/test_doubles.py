"""Frames that are in two files because a simulation goes on: once in the result."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from frame_samples import BOX_NM, positions_nm, velocities_nm_ps, write_gro, write_xdr

from asyncmd_jupyter.frames.concatenate import TrajectoryConcatenator, concatenate_frames
from asyncmd_jupyter.frames.read import read_frame
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.frames.trr import TrrFrame, write_trr_frame

pytestmark = pytest.mark.usefixtures("runtime")

ALL = (None, None, 1)
BACK = (None, None, -1)


@pytest.fixture(params=["xtc", "trr"])
def suffix(request: pytest.FixtureRequest) -> str:
    return request.param


def trr(path: Path, frames: list[TrrFrame]) -> Trajectory:
    with path.open("wb") as file:
        for frame in frames:
            write_trr_frame(file, frame)
    return Trajectory(path, "conf.gro")


def frame(number: int, step: int, time: float | None = None, **changes) -> TrrFrame:
    values = {
        "step": step,
        "time": step * 0.002 if time is None else time,
        "box": BOX_NM,
        "positions": positions_nm(12, number),
        "velocities": velocities_nm_ps(12, number),
    }
    return TrrFrame(**(values | changes))


def steps_of(trajectory: Trajectory) -> list[int]:
    return trajectory.frame_table().steps.tolist()


def join(
    trajs: list[Trajectory], slices: list[tuple], out: str = "out.trr", **options
) -> list[int]:
    made = TrajectoryConcatenator(**options).concatenate(trajs, slices, out, overwrite=True)
    return steps_of(made)


def test_between_the_files_of_one_trajectory(folder: Path, suffix: str):
    write_xdr(folder / f"c.{suffix}", 4, first=4)  # its first frame is the last of a
    whole = Trajectory([f"a.{suffix}", f"c.{suffix}"], "conf.gro")
    assert len(whole) == 9
    out = f"out.{suffix}"
    assert join([whole], [ALL], out) == [10 * i for i in range(8)]
    assert join([whole], [BACK], out) == [10 * i for i in reversed(range(8))]
    assert join([whole], [(3, 7, 1)], out) == [30, 40, 50]
    assert join([whole], [(None, None, 2)], out) == [0, 20, 40, 50, 70]
    assert join([whole], [(1, None, 4)], out) == [10, 40]
    assert len(join([whole], [ALL], out, remove_double_frames=False)) == 9
    once = Path(out).read_bytes()
    join([whole], [ALL], out)
    assert Path(out).read_bytes() != once
    assert once.startswith(Path(f"a.{suffix}").read_bytes())


def test_a_part_of_one_frame_between_two_others(folder: Path, suffix: str):
    write_xdr(folder / f"c.{suffix}", 1, first=4)
    write_xdr(folder / f"d.{suffix}", 2, first=4)
    files = [f"{name}.{suffix}" for name in "acd"]
    parts = [Trajectory(file, "conf.gro") for file in files]
    wanted = [10 * i for i in range(6)]
    assert join(parts, [ALL] * 3, f"out.{suffix}") == wanted
    assert join([Trajectory(files, "conf.gro")], [ALL], f"out.{suffix}") == wanted


def test_the_shooting_frame_of_both_halves_whatever_their_steps(folder: Path):
    plus = trr(folder / "p.trr", [frame(0, 0), frame(1, 10), frame(2, 20)])
    turned = [-velocities_nm_ps(12, i) for i in (0, 5, 6)]
    for first, time in ((0, None), (700, None), (0, 12.5)):
        numbers = (0, 5, 6)
        minus = trr(
            folder / "m.trr",
            [
                frame(
                    number,
                    first + 10 * i,
                    None if time is None else time + i,
                    velocities=turned[i],
                )
                for i, number in enumerate(numbers)
            ],
        )
        wanted = [first + 20, first + 10, first, 10, 20]
        assert join([minus, plus], [BACK, ALL]) == wanted
        made = Trajectory("out.trr", "conf.gro")
        for i, number in enumerate([6, 5, 0, 1, 2]):
            found = read_frame(made, i)
            assert np.array_equal(found.positions, positions_nm(12, number))
            assert np.array_equal(found.velocities, velocities_nm_ps(12, number))
        assert join([minus, plus], [BACK, ALL], invert_v_for_negative_step=False) == wanted
        assert join([plus, minus], [ALL, BACK]) == [0, 10, 20, first + 20, first + 10, first]
        assert len(join([minus, plus], [BACK, ALL], remove_double_frames=False)) == 6


def test_equal_steps_are_not_enough(folder: Path):
    one = trr(folder / "1.trr", [frame(0, 0), frame(1, 10)])
    moved = positions_nm(12, 1)
    moved[3, 1] += 0.02
    for other in (frame(1, 10, positions=moved), frame(1, 10, velocities=velocities_nm_ps(12, 9))):
        two = trr(folder / "2.trr", [other, frame(3, 20)])
        assert join([one, two], [ALL, ALL]) == [0, 10, 10, 20]
        assert join([one, two], [ALL, ALL], "out.xtc") == [0, 10, 10, 20]


def test_equal_positions_are_not_enough_while_time_runs_on(folder: Path):
    one = trr(folder / "1.trr", [frame(0, 0), frame(1, 10)])
    frozen = trr(folder / "2.trr", [frame(1, 20), frame(1, 30)])
    assert join([one, frozen], [ALL, ALL]) == [0, 10, 20, 30]


def test_steps_that_are_counted_anew_while_time_goes_on(folder: Path):
    one = trr(folder / "1.trr", [frame(0, 0), frame(1, 10)])
    two = trr(folder / "2.trr", [frame(1, 0, 0.02), frame(2, 10, 0.04)])
    assert join([one, two], [ALL, ALL]) == [0, 10, 10]


def test_molecules_put_back_into_the_box(folder: Path):
    triclinic = np.array([[3, 0, 0], [0, 4, 0], [1.5, 2, 3]], np.float32)
    shifts = np.random.default_rng(1).integers(-2, 3, (12, 3))
    moved = (positions_nm(12, 1) + shifts @ triclinic).astype(np.float32)
    one = trr(folder / "1.trr", [frame(0, 0), frame(1, 10, box=triclinic)])
    two = trr(folder / "2.trr", [frame(1, 10, box=triclinic, positions=moved), frame(2, 20)])
    assert join([one, two], [ALL, ALL]) == [0, 10, 20]
    assert join([one, trr(folder / "3.trr", [frame(1, 10, box=None)])], [ALL, ALL]) == [0, 10]


def test_between_formats(folder: Path):
    write_xdr(folder / "c.xtc", 4, first=4)
    one, two = Trajectory("a.trr", "conf.gro"), Trajectory("c.xtc", "conf.gro")
    for out in ("out.trr", "out.xtc"):
        assert join([one, two], [ALL, ALL], out) == [10 * i for i in range(8)]


def test_past_32_bit(folder: Path, suffix: str):
    write_gro(folder / "conf.gro")
    first = 2**32 + 7 * 500_000
    steps = [first + 500_000 * i for i in range(5)]
    for name, part in (("p", steps[:3]), ("q", steps[2:])):
        write_xdr(
            folder / f"{name}.{suffix}",
            len(part),
            first=0 if name == "p" else 2,
            steps=part,
            dt=0.002,
        )
    parts = [Trajectory(f"{name}.{suffix}", "conf.gro") for name in "pq"]
    assert join(parts, [ALL, ALL], f"out.{suffix}") == steps
    assert join(parts[::-1], [BACK, BACK], f"out.{suffix}") == steps[::-1]
    other = "trr" if suffix == "xtc" else "xtc"
    assert join(parts, [ALL, ALL], f"out.{other}") == steps


def test_frames_without_positions_are_never_doubles(folder: Path):
    only = frame(4, 40, positions=None)
    one = trr(folder / "1.trr", [frame(0, 0), only])
    two = trr(folder / "2.trr", [only, frame(5, 50)])
    assert join([one, two], [ALL, ALL]) == [0, 40, 40, 50]
    before = sorted(folder.iterdir())
    with pytest.raises(ValueError, match=r"Step 40 of .*1\.trr has no positions"):
        concatenate_frames([(one, ALL)], "new.xtc")
    assert sorted(folder.iterdir()) == before
