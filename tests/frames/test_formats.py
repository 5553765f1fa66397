"""Outputs by the endings of their names: what they hold, what is refused, what is left."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import numpy as np
import pytest
from frame_samples import BOX_NM, positions_nm, velocities_nm_ps, write_xdr

from asyncmd_jupyter import runtime as runtimes
from asyncmd_jupyter.frames.concatenate import TrajectoryConcatenator
from asyncmd_jupyter.frames.extract import (
    FrameExtractor,
    InvertedVelocitiesFrameExtractor,
    NoModificationFrameExtractor,
    RandomVelocitiesFrameExtractor,
)
from asyncmd_jupyter.frames.read import read_frame, read_xdr_frame
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.frames.trr import TrrFrame, read_trr_frame, write_trr_frame
from asyncmd_jupyter.frames.xdr import index_frames

pytestmark = [
    pytest.mark.usefixtures("runtime"),
    pytest.mark.filterwarnings("ignore:Could not find netCDF4"),
    pytest.mark.filterwarnings("ignore:DCDReader currently"),
]

ALL = (None, None, 1)


@pytest.fixture
def trr(folder: Path) -> Trajectory:
    return Trajectory("a.trr", "conf.gro")


def listed(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix != ".json")


@pytest.mark.parametrize(
    ("ending", "exact_nm", "velocities", "numbered"),
    [
        ("trr", 0, True, True),
        ("xtc", 0.6e-3, False, True),
        ("TRR", 0, True, True),
        ("gro", 0.6e-3, True, False),
        ("pdb", 0.6e-4, False, False),
        ("pdb.gz", 0.6e-4, False, False),
        ("crd", 1e-5, False, False),
        ("xyz", 1e-5, False, False),
        ("dcd", 1e-6, False, True),
        ("ncdf", 1e-6, True, False),
        ("h5md", 1e-6, True, True),
    ],
)
def test_one_frame(
    folder: Path, trr: Trajectory, ending: str, exact_nm: float, velocities: bool, numbered: bool
):
    pytest.importorskip("h5py")
    before = listed(folder)
    made = NoModificationFrameExtractor().extract(f"out.{ending}", trr, 3)
    assert listed(folder) == sorted([*before, folder / f"out.{ending}"])
    found = read_frame(made, 0)
    assert len(made) == 1
    assert np.allclose(found.positions, positions_nm(12, 3), rtol=0, atol=exact_nm)
    assert (found.velocities is not None) == velocities
    if velocities:
        assert np.allclose(found.velocities, velocities_nm_ps(12, 3), atol=1e-4)
    if numbered:
        assert (found.step, found.time) == (30, pytest.approx(0.06))
    if ending not in ("xyz", "crd"):
        assert np.allclose(found.box, BOX_NM, atol=1e-4)
    inverted = InvertedVelocitiesFrameExtractor()
    if velocities:
        made = inverted.extract(f"out.{ending}", trr, 3, overwrite=True)
        found = read_frame(made, 0)
        assert np.allclose(found.velocities, -velocities_nm_ps(12, 3), atol=1e-4)
    else:
        with pytest.raises(ValueError, match=r"can't hold the velocities; choose the ending \.trr"):
            inverted.extract(f"other.{ending}", trr, 3)


@pytest.mark.parametrize("ending", ["xtc", "pdb", "dcd", "ncdf", "h5md", "xyz"])
def test_several_frames(folder: Path, trr: Trajectory, ending: str):
    before = listed(folder)
    other = Trajectory("b.xtc", "conf.gro")
    made = TrajectoryConcatenator().concatenate([trr, other], [ALL, ALL], f"out.{ending}")
    assert listed(folder) == sorted([*before, folder / f"out.{ending}"])
    assert len(made) == 10
    for number in range(10):
        found = read_frame(made, number)
        assert np.allclose(found.positions, positions_nm(12, number), atol=1.1e-3)
        if ending in ("xtc", "dcd", "h5md"):
            assert (found.step, found.time) == (10 * number, pytest.approx(0.02 * number))
    assert (made.first_step, made.last_time) == (0, pytest.approx(read_frame(made, 9).time))


def test_a_dcd_file_that_can_not_tell_steps_numbers_its_frames(folder: Path, trr: Trajectory):
    made = TrajectoryConcatenator().concatenate([trr], [(None, None, -1)], "out.dcd")
    assert made.frame_table().steps.tolist() == [0, 1, 2, 3, 4]


def test_unknown_and_unfit_endings_are_refused(folder: Path, trr: Trajectory):
    before = listed(folder)
    extract = NoModificationFrameExtractor().extract
    for name in ("out.abc", "out", "out.null", "out.tpr", ".trr"):
        with pytest.raises(
            ValueError, match=r"is no format that can be written; choose one of .*pdb"
        ):
            extract(name, trr, 0)
    with pytest.raises(ValueError, match=r"out\.gro can hold one frame only"):
        TrajectoryConcatenator().concatenate([trr], [ALL], "out.gro")
    with pytest.raises(ValueError, match=r"struct\.abc is no format"):
        extract("out.trr", trr, 0, structure_copy="struct.abc")
    with pytest.raises(ValueError, match="outfile and structure_copy are the same file"):
        extract("out.gro", trr, 0, structure_copy=folder / "out.gro")
    assert listed(folder) == before
    assert len(TrajectoryConcatenator().concatenate([trr], [(0, 1, 1)], "out.gro")) == 1


def test_what_is_no_frame_no_path_and_no_trajectory(folder: Path, trr: Trajectory):
    before = listed(folder)
    extract = NoModificationFrameExtractor().extract
    for wrong in (5, -6, 10**12):
        with pytest.raises(
            IndexError, match=rf"no frame {wrong} in a\.trr, it has 5 frames, 0 to 4"
        ):
            extract("out.trr", trr, wrong)
    for wrong in (1.0, "1", None, True, [1]):
        with pytest.raises(TypeError, match=r"is not the number of a frame: a\.trr .* 0 to 4"):
            extract("out.trr", trr, wrong)
    for wrong in (3, None, b"out.trr"):
        with pytest.raises(TypeError, match=f"outfile has to be a path, not {wrong!r}"):
            extract(wrong, trr, 0)
    with pytest.raises(ValueError, match="outfile='' names no file: the path is empty"):
        extract("", trr, 0)
    with pytest.raises(TypeError, match="struct_out has to be a path"):
        extract("out.trr", trr, 0, struct_out=3)
    with pytest.raises(TypeError, match=r"traj_in has to be a Trajectory, not 'a\.trr'"):
        extract("out.trr", "a.trr", 0)
    concatenate = TrajectoryConcatenator().concatenate
    for trajs, slices, match in (
        (trr, [ALL], "Put the trajectory into a list"),
        (["a.trr"], [ALL], r"trajs\[0\] has to be a Trajectory, not 'a\.trr'"),
        (3, [ALL], "trajs=3: A list of trajectories"),
        (None, [ALL], "trajs=None: A list of trajectories"),
        ([trr], None, "slices=None: A list of slices"),
        ([trr], ["abc"], "is no slice"),
        ([trr], [(0, 1)], "is no slice"),
        ([trr], [(0, 1.5, 1)], "is no slice"),
        ([trr], [3], "is no slice"),
    ):
        with pytest.raises(TypeError, match=match):
            concatenate(trajs, slices, "out.trr")
    assert listed(folder) == before


def test_transformations_that_are_none():
    for cls in (TrajectoryConcatenator, NoModificationFrameExtractor):
        with pytest.raises(TypeError, match="into a list"):
            cls(mda_transformations=lambda ts: ts)
        with pytest.raises(TypeError, match="has 3 in it"):
            cls(mda_transformations=[3])
        with pytest.raises(TypeError, match="can't be called"):
            cls(mda_transformations_setup_func=3)
    for wrong in ("300", None, True, 1j):
        with pytest.raises(TypeError, match="is no temperature"):
            RandomVelocitiesFrameExtractor(wrong)


class Warmer(FrameExtractor):
    """Sets velocities, as users do."""

    def apply_modification(self, universe, ts):
        ts.velocities = np.ones((len(universe.atoms), 3))


def test_velocities_that_a_users_own_extractor_sets(folder: Path, trr: Trajectory):
    for source in (trr, Trajectory("a.xtc", "conf.gro")):
        before = listed(folder)
        with pytest.raises(ValueError, match="Warmer sets velocities, which the output can't hold"):
            Warmer().extract("warm.xtc", source, 0)
        assert listed(folder) == before
        made = Warmer().extract("warm.trr", source, 1, overwrite=True)
        assert np.allclose(read_frame(made, 0).velocities, 0.1)
        assert read_frame(made, 0).step == 10
        Path("warm.trr").unlink()


def test_mixed_inputs_are_copied_where_they_can_be(folder: Path):
    forces = velocities_nm_ps(12, 77)
    with Path("f.trr").open("wb") as file:
        for i in (10, 11):
            frame = (positions_nm(12, i), velocities_nm_ps(12, i), forces, 0.25)
            write_trr_frame(file, TrrFrame(10 * i, 0.02 * i, BOX_NM, *frame))
    trajs = [Trajectory(name, "conf.gro") for name in ("a.trr", "b.xtc", "f.trr", "a.trr")]
    slices = [(1, 4, 1), ALL, (None, None, -1), (0, 2, 1)]
    for out in ("out.trr", "out.xtc"):
        TrajectoryConcatenator().concatenate(trajs, slices, out)
    data, index = Path("out.trr").read_bytes(), index_frames("out.trr")
    source = index_frames("a.trr")
    size = int(source.sizes[0])
    assert data.startswith(Path("a.trr").read_bytes()[size : 4 * size])
    assert data.endswith(Path("a.trr").read_bytes()[: 2 * size])
    for i in range(5):
        converted = read_trr_frame("out.trr", int(index.offsets[3 + i]))
        original = read_xdr_frame(Path("b.xtc"), index_frames("b.xtc"), i)
        assert np.array_equal(converted.positions, original.positions)
        assert converted.velocities is None
    last = read_trr_frame("out.trr", int(index.offsets[8]))
    assert (last.step, last.lambda_value) == (110, 0.25)
    assert np.array_equal(last.forces, forces)
    assert np.array_equal(last.velocities, -velocities_nm_ps(12, 11))
    xtc = index_frames("out.xtc")
    begin, end = int(xtc.offsets[3]), int(xtc.offsets[8])
    assert Path("out.xtc").read_bytes()[begin:end] == Path("b.xtc").read_bytes()
    assert xtc.steps.tolist() == index.steps.tolist()


def test_other_formats_are_appended_to_raw_frames(folder: Path, trr: Trajectory):
    dcd = TrajectoryConcatenator().concatenate([Trajectory("b.trr", "conf.gro")], [ALL], "b.dcd")
    ncdf = TrajectoryConcatenator().concatenate([trr], [ALL], "v.ncdf")
    made = TrajectoryConcatenator(remove_double_frames=False).concatenate(
        [trr, dcd, ncdf], [ALL, ALL, (None, None, -1)], "out.trr"
    )
    assert Path("out.trr").read_bytes().startswith(Path("a.trr").read_bytes())
    assert made.frame_table().steps[:10].tolist() == [10 * i for i in range(10)]
    assert np.allclose(read_frame(made, 7).positions, positions_nm(12, 7), atol=1e-5)
    assert np.allclose(read_frame(made, 10).velocities, -velocities_nm_ps(12, 4), atol=1e-5)


def test_forces_survive_transformations(folder: Path):
    forces = velocities_nm_ps(12, 5)
    with Path("f.trr").open("wb") as file:
        frame = TrrFrame(7, 0.5, BOX_NM, positions_nm(12, 0), forces, forces, 0.5)
        write_trr_frame(file, frame)
    source = Trajectory("f.trr", "conf.gro")

    def shift(timestep):
        timestep.positions += 1
        return timestep

    TrajectoryConcatenator(mda_transformations=[shift]).concatenate([source], [ALL], "out.trr")
    found = read_trr_frame("out.trr", 0)
    assert (found.step, found.time, found.lambda_value) == (7, 0.5, 0.5)
    assert np.allclose(found.forces, forces, atol=1e-5)
    assert np.allclose(found.positions, positions_nm(12, 0) + 0.1, atol=1e-6)


def test_structures_are_converted_and_come_with_their_trajectory(folder: Path, trr: Trajectory):
    made = NoModificationFrameExtractor().extract("out.trr", trr, 2, structure_copy="out.pdb")
    assert made.structure_file == "out.pdb"
    assert Path("out.pdb").read_text().count("ATOM") == 12
    assert len(made) == 1
    before = listed(folder)

    class Broken(NoModificationFrameExtractor):
        def apply_modification(self, universe, ts):
            raise RuntimeError("bang")

    with pytest.raises(RuntimeError, match="bang"):
        Broken().extract("other.trr", trr, 2, structure_copy="other.gro")
    assert listed(folder) == before


def test_unwrapping_wrapping_and_centring(folder: Path, trr: Trajectory):
    from MDAnalysis.transformations import center_in_box, unwrap, wrap

    def set_up(universe):
        universe.add_TopologyAttr("bonds", [(i, i + 1) for i in range(11)])
        universe.trajectory.add_transformations(
            unwrap(universe.atoms),
            center_in_box(universe.atoms),
            wrap(universe.atoms, compound="atoms"),
        )

    made = NoModificationFrameExtractor(mda_transformations_setup_func=set_up).extract(
        "out.trr", trr, 1
    )
    found = read_frame(made, 0).positions
    assert np.all(found >= -1e-4)
    assert np.all(found <= np.diag(BOX_NM) + 1e-4)
    assert not np.allclose(found, positions_nm(12, 1), atol=1e-3)


class Pausing(FrameExtractor):
    """Waits within a frame until the test goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.go_on = threading.Event(), threading.Event()

    def apply_modification(self, universe, ts):
        self.begun.set()
        self.go_on.wait(30)


async def test_a_cancelled_extraction_leaves_nothing(folder: Path, trr: Trajectory):
    before = listed(folder)
    extractor = Pausing()
    task = asyncio.create_task(
        extractor.extract_async("out.trr", trr, 0, structure_copy="struct.gro")
    )
    await asyncio.to_thread(extractor.begun.wait, 30)
    assert not Path("out.trr").exists()
    assert not Path("struct.gro").exists()
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    extractor.go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert listed(folder) == before


async def test_a_cancelled_concatenation_ends_between_frames(folder: Path, trr: Trajectory):
    before = listed(folder)
    begun, go_on, frames = threading.Event(), threading.Event(), []

    def slow(timestep):
        frames.append(timestep.frame)
        begun.set()
        go_on.wait(30)
        return timestep

    concatenator = TrajectoryConcatenator(mda_transformations=[slow])
    task = asyncio.create_task(concatenator.concatenate_async([trr], [ALL], "out.trr"))
    await asyncio.to_thread(begun.wait, 30)
    seen = len(frames)
    task.cancel()
    await asyncio.sleep(0)
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(frames) <= seen + 1
    assert listed(folder) == before


async def test_conversions_share_the_limit_on_threads(
    folder: Path, trr: Trajectory, runtime: runtimes.Runtime
):
    runtime.change_settings(max_processes=1)
    first, second = Pausing(), Pausing()
    tasks = [
        asyncio.create_task(extractor.extract_async(f"{i}.trr", trr, 0))
        for i, extractor in enumerate((first, second))
    ]
    await asyncio.to_thread(first.begun.wait, 30)
    assert not second.begun.is_set()
    tasks[1].cancel()
    first.go_on.set()
    await tasks[0]
    with pytest.raises(asyncio.CancelledError):
        await tasks[1]
    assert Path("0.trr").exists()
    assert not Path("1.trr").exists()


def test_frames_of_multi_part_trajectories_in_other_formats(folder: Path):
    write_xdr(folder / "c.trr", 3, first=10)
    parts = [
        TrajectoryConcatenator().concatenate(
            [Trajectory(f"{n}.trr", "conf.gro")], [ALL], f"{n}.dcd"
        )
        for n in "bc"
    ]
    both = Trajectory([path for part in parts for path in part.trajectory_files], "conf.gro")
    assert both.frame_table().steps.tolist() == [10 * i for i in range(5, 13)]
    made = NoModificationFrameExtractor().extract("one.trr", both, 6)
    frame = read_frame(made, 0)
    assert (frame.step, frame.time) == (110, pytest.approx(0.22))
    assert np.allclose(frame.positions, positions_nm(12, 11), atol=1e-5)
