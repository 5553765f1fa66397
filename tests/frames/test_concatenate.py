from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import numpy as np
import pytest
from frame_samples import positions_nm, write_gro, write_xdr
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncmd_jupyter import runtime as runtimes
from asyncmd_jupyter.files.writing import new_file
from asyncmd_jupyter.frames.concatenate import TrajectoryConcatenator, concatenate_frames
from asyncmd_jupyter.frames.read import read_frame
from asyncmd_jupyter.frames.trajectory import Trajectory

pytestmark = pytest.mark.usefixtures("runtime")


@pytest.fixture(params=["xtc", "trr"])
def suffix(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_gro(tmp_path / "conf.gro")
    for suffix in (".xtc", ".trr"):
        write_xdr(tmp_path / f"a{suffix}")
        write_xdr(tmp_path / f"b{suffix}", first=5)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def frames_of(trajectory: Trajectory) -> list[tuple[int, float]]:
    table = trajectory.frame_table()
    return list(zip(table.steps.tolist(), table.times.tolist(), strict=True))


def slices() -> st.SearchStrategy[tuple[int | None, int | None, int | None]]:
    bound = st.none() | st.integers(-12, 12)
    step = st.none() | st.integers(-4, 4).filter(lambda n: n != 0)
    return st.tuples(bound, bound, step)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["xtc", "trr"]), st.lists(slices(), min_size=1, max_size=4), st.booleans())
def test_any_slices(suffix: str, chosen: list[tuple], invert: bool):
    """Frames are what Python's slices say, decoded by MDAnalysis exactly as in the source."""
    with tempfile.TemporaryDirectory() as name, runtimes.use(runtimes.Runtime()):
        folder = Path(name)
        write_gro(folder / "conf.gro")
        files = [
            write_xdr(folder / f"a.{suffix}", 4),
            write_xdr(folder / f"b.{suffix}", 3, first=4),
        ]
        trajectory = Trajectory(files, folder / "conf.gro")
        numbers = [(i, (c[2] or 1) < 0) for c in chosen for i in range(7)[slice(*c)]]
        concatenator = TrajectoryConcatenator(invert, remove_double_frames=False)
        arguments = ([trajectory] * len(chosen), chosen, folder / f"out.{suffix}")
        if not numbers:
            with pytest.raises(ValueError, match="select no frame"):
                concatenator.concatenate(*arguments)
            return
        result = concatenator.concatenate(*arguments)
        assert len(result) == len(numbers)
        for position, (number, is_reversed) in enumerate(numbers):
            found, wanted = read_frame(result, position), read_frame(trajectory, number)
            assert (found.step, found.time) == (wanted.step, wanted.time)
            assert np.array_equal(found.positions, wanted.positions)
            assert np.array_equal(found.box, wanted.box)
            if suffix == "trr":
                sign = -1 if invert and is_reversed else 1
                assert np.array_equal(found.velocities, sign * wanted.velocities)


def test_the_whole_is_the_bytes_of_the_parts(folder: Path, suffix: str):
    one, two = (Trajectory(f"{name}.{suffix}", "conf.gro") for name in "ab")
    result = concatenate_frames([(one, slice(None)), (two, slice(None))], f"out.{suffix}")
    assert Path(f"out.{suffix}").read_bytes() == b"".join(
        Path(f"{name}.{suffix}").read_bytes() for name in "ab"
    )
    assert result.structure_file == "conf.gro"


@pytest.mark.parametrize("invert", [True, False])
def test_a_path_that_is_reversed_has_inverted_velocities(folder: Path, invert: bool):
    there = Trajectory("a.trr", "conf.gro")
    back = TrajectoryConcatenator(invert).concatenate([there], [(None, None, -1)], "back.trr")
    first, last = read_frame(back, 0), read_frame(there, -1)
    assert np.array_equal(first.positions, last.positions)
    assert np.array_equal(first.velocities, (-1 if invert else 1) * last.velocities)


def test_double_frames(folder: Path, suffix: str):
    write_xdr(folder / f"c.{suffix}", 4, first=4)  # its first frame is the last of a
    one, two = (Trajectory(f"{name}.{suffix}", "conf.gro") for name in "ac")
    sources = [(one, slice(None)), (two, slice(None))]
    once = concatenate_frames(sources, f"once.{suffix}")
    assert [step for step, _ in frames_of(once)] == [10 * i for i in range(8)]
    twice = concatenate_frames(sources, f"twice.{suffix}", remove_double_frames=False)
    assert len(twice) == 9
    back = concatenate_frames(
        [(two, slice(None, None, -1)), (one, (None, None, -1))], f"back.{suffix}"
    )
    assert [step for step, _ in frames_of(back)] == [10 * i for i in reversed(range(8))]
    single = concatenate_frames([(one, slice(4, 5)), (two, slice(0, 1))], f"single.{suffix}")
    assert len(single) == 1


def test_different_places_at_the_same_time_are_both_kept(folder: Path, suffix: str):
    write_xdr(folder / f"c.{suffix}", 1, first=3, steps=[0])
    one, other = Trajectory(f"a.{suffix}", "conf.gro"), Trajectory(f"c.{suffix}", "conf.gro")
    result = concatenate_frames([(one, slice(0, 1)), (other, slice(0, 1))], f"out.{suffix}")
    assert len(result) == 2


def test_conversion_and_reversal_through_mdanalysis(folder: Path):
    from MDAnalysis import Universe

    trr = Trajectory("a.trr", "conf.gro")
    before = sorted(folder.iterdir())
    result = TrajectoryConcatenator().concatenate([trr], [(None, None, -1)], "out.xtc")
    made = [folder / "out.xtc", folder / "out.xtc.provenance.json"]
    assert sorted(folder.iterdir()) == sorted([*before, *made])
    assert np.allclose(frames_of(result), frames_of(trr)[::-1])
    with Universe("conf.gro", "out.xtc", to_guess=()).trajectory as reader:
        for number, timestep in zip(reversed(range(5)), reader, strict=True):
            assert np.allclose(timestep.positions / 10, positions_nm(12, number), atol=1e-3)


def test_transformations(folder: Path):
    trajectory = Trajectory("a.trr", "conf.gro")
    calls = []

    def shift(timestep):
        timestep.positions += 10
        return timestep

    def set_up(universe):
        calls.append(universe.atoms.n_atoms)
        universe.trajectory.add_transformations(shift)

    for number, options in enumerate(
        ({"mda_transformations": [shift]}, {"mda_transformations_setup_func": set_up})
    ):
        concatenator = TrajectoryConcatenator(**options)
        result = concatenator.concatenate([trajectory], [(None, None, -2)], f"{number}.trr")
        assert len(result) == 3
        frame = read_frame(result, 1)
        assert np.allclose(frame.positions, positions_nm(12, 2) + 1, atol=1e-5)
        assert np.allclose(frame.velocities, -read_frame(trajectory, 2).velocities, atol=1e-5)
    assert calls == [12]
    with pytest.raises(ValueError, match="not both"):
        TrajectoryConcatenator(mda_transformations=[], mda_transformations_setup_func=set_up)


def test_everything_is_checked_before_anything_is_written(folder: Path, suffix: str):
    write_xdr(folder / f"small.{suffix}", n_atoms=3)
    one, small = Trajectory(f"a.{suffix}", "conf.gro"), Trajectory(f"small.{suffix}", "conf.gro")
    before = sorted(folder.iterdir())
    concatenate = TrajectoryConcatenator().concatenate
    everything = (None, None, 1)
    with pytest.raises(ValueError, match="2 trajectories but 1 slices"):
        concatenate([one, one], [everything], f"out.{suffix}")
    with pytest.raises(ValueError, match=rf"small\.{suffix}: 3"):
        concatenate([one, small], [everything] * 2, f"out.{suffix}")
    with pytest.raises(ValueError, match="step of zero"):
        concatenate([one], [(0, 3, 0)], f"out.{suffix}")
    with pytest.raises(ValueError, match="no frame"):
        concatenate([one], [(9, 12, 1)], f"out.{suffix}")
    with pytest.raises(ValueError, match="No trajectories were given"):
        concatenate([], [], f"out.{suffix}")
    with pytest.raises(FileNotFoundError, match="folder of"):
        concatenate([one], [everything], f"nowhere/out.{suffix}")
    for existing in ({"structure_copy": "conf.gro"}, {}):
        with pytest.raises(FileExistsError, match="overwrite=True"):
            concatenate([one], [everything], f"{'out' if existing else 'b'}.{suffix}", **existing)
    assert sorted(folder.iterdir()) == before


def test_overwriting_and_structures(folder: Path, suffix: str):
    one = Trajectory(f"a.{suffix}", "conf.gro")
    result = concatenate_frames(
        [(one, (0, 2, 1))], f"b.{suffix}", structure_copy="new.gro", overwrite=True
    )
    assert len(result) == 2
    assert Path("new.gro").read_bytes() == Path("conf.gro").read_bytes()
    converted = concatenate_frames([(one, (0, 1, 1))], f"d.{suffix}", structure_copy="new.xyz")
    assert Path(converted.structure_file).read_text().startswith("12\n")
    with pytest.raises(FileExistsError, match="exists already"):
        concatenate_frames([(one, (0, 1, 1))], folder, overwrite=True)


def test_nothing_is_left_of_an_output_that_fails(folder: Path):
    def explode(_timestep):
        raise RuntimeError("bang")

    before = sorted(folder.iterdir())
    concatenator = TrajectoryConcatenator(mda_transformations=[explode])
    with pytest.raises(RuntimeError, match="bang"):
        concatenator.concatenate([Trajectory("a.trr", "conf.gro")], [(None, None, 1)], "out.trr")
    assert sorted(folder.iterdir()) == before


async def test_many_at_once(folder: Path, suffix: str):
    one = Trajectory(f"a.{suffix}", "conf.gro")
    concatenate = TrajectoryConcatenator().concatenate_async
    results = await asyncio.gather(
        *(concatenate([one], [(0, i, 1)], f"{i}.{suffix}") for i in range(1, 6))
    )
    assert [len(result) for result in results] == [1, 2, 3, 4, 5]


def test_a_file_made_meanwhile_is_not_replaced(tmp_path: Path):
    path = tmp_path / "a"

    def write_late() -> None:
        with new_file(path) as file:
            file.write(b"ours")
            path.write_text("theirs")

    with pytest.raises(FileExistsError, match="overwrite=True"):
        write_late()
    assert path.read_text() == "theirs"
    assert list(tmp_path.iterdir()) == [path]
