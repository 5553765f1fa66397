"""Sequences of snapshots, in memory and in files."""

from __future__ import annotations

import numpy as np
import pytest
from frame_samples import positions_nm, velocities_nm_ps, write_gro, write_xdr

from asyncmd_jupyter.frames.concatenate import TrajectoryConcatenator
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.methods import CV, Path, Snapshot
from asyncmd_jupyter.methods import path as paths

POSITIONS = np.arange(30, dtype=np.float32).reshape(5, 2, 3)
X = CV(lambda positions: positions[:, 0, 0], name="x")


def in_memory(**options) -> Path:
    return Path(POSITIONS, -POSITIONS, [50, 50, 50], dt=0.2, **options)


def test_snapshots_in_their_order():
    path = in_memory()
    assert len(path) == 5
    assert path.duration == pytest.approx(0.8)
    for number, snapshot in enumerate(path):
        for same in (snapshot, path[number], path[number - 5]):
            assert np.array_equal(same.positions, POSITIONS[number])
            assert np.array_equal(same.velocities, -POSITIONS[number])
            assert same.box[0, 0] == 50
    for outside in (5, -6):
        with pytest.raises(IndexError, match="no snapshot"):
            path[outside]


def test_a_view_of_files_is_the_same_as_the_arrays(trajectory):
    view = Path.of(trajectory)
    assert view.dt == pytest.approx(0.02)
    expected = np.stack([positions_nm(12, n) for n in range(7)])
    assert view.positions == pytest.approx(expected, abs=5.1e-4)
    if trajectory.paths[0].suffix == ".trr":
        assert np.array_equal(view.positions, expected)
        moving = np.stack([velocities_nm_ps(12, n) for n in range(7)])
        assert np.array_equal(view.velocities, moving)
        assert np.array_equal(view.reversed().velocities, -moving[::-1])
    else:
        assert view.velocities is None
    order = view.reversed()[1:4]
    assert order.positions == pytest.approx(expected[::-1][1:4], abs=5.1e-4)


@pytest.mark.filterwarnings("ignore:DCDReader currently")
def test_a_view_of_several_files_and_of_another_format(tmp_path):
    structure = write_gro(tmp_path / "a.gro")
    files = [write_xdr(tmp_path / f"{n}.trr", 3, first=3 * n) for n in range(2)]
    view = Path.of(Trajectory(files, structure))
    assert np.array_equal(view.positions, np.stack([positions_nm(12, n) for n in range(6)]))
    dcd = tmp_path / "a.dcd"
    TrajectoryConcatenator().concatenate([Trajectory(files, structure)], [(None, None, 1)], dcd)
    other = Path.of(Trajectory(dcd, structure))
    assert other.positions == pytest.approx(view.positions, abs=1e-5)
    assert other.dt == pytest.approx(0.02)


def test_slices_and_what_they_know():
    start = Snapshot(POSITIONS[0])
    path = in_memory(ended="B", parent=start)
    assert (path[2:].ended, path[2:].parent) == ("B", None)
    assert (path[:2].ended, path[:2].parent) == (None, start)
    assert path[::2].dt == pytest.approx(0.4)
    assert np.array_equal(path[::2].positions, POSITIONS[::2])
    with pytest.raises(ValueError, match="runs forward"):
        path[::-1]
    with pytest.raises(ValueError, match=r"No snapshot of 5 is left by \[7:\]"):
        path[7:]


def test_reversed_twice_is_the_path():
    path = in_memory()
    back = path.reversed()
    assert np.array_equal(back.positions, POSITIONS[::-1])
    assert np.array_equal(back.velocities, POSITIONS[::-1])
    assert np.array_equal(back[0].velocities, POSITIONS[-1])
    assert np.array_equal(back.reversed().velocities, path.velocities)
    assert (back.ended, back.parent) == (None, None)


def test_two_halves_of_a_shot():
    """Backwards to where it began, then forwards, the shooting point once."""
    back, forth = Path(POSITIONS[:3], POSITIONS[:3], dt=0.2), in_memory(ended="B")
    whole = back.reversed() + forth[1:]
    assert np.array_equal(whole.positions, [*POSITIONS[2::-1], *POSITIONS[1:]])
    assert np.array_equal(whole.velocities, [*-POSITIONS[2::-1], *-POSITIONS[1:]])
    assert whole.ended == "B"
    with pytest.raises(ValueError, match=r"0\.2 and 0\.3 ps"):
        back + Path(POSITIONS, dt=0.3)


@pytest.mark.parametrize(
    ("arrays", "options", "told"),
    [
        ((POSITIONS[0],), {}, r"\(n_frames, n_atoms, 3\), not \(2, 3\)"),
        ((POSITIONS, POSITIONS[:4]), {}, "velocities"),
        ((POSITIONS, None, np.ones((4, 3, 3))), {}, "4 boxes for 5"),
        ((POSITIONS, None, [1, 2]), {}, "is not a box"),
        ((np.where(POSITIONS == 20, np.inf, POSITIONS),), {}, "snapshot 3 are not finite"),
        ((POSITIONS,), {"dt": 0}, "dt=0"),
        ((POSITIONS,), {"dt": np.nan}, "dt=nan"),
    ],
)
def test_what_is_no_path(arrays, options, told):
    with pytest.raises(ValueError, match=told):
        Path(*arrays, **{"dt": 0.2, **options})


def test_frames_at_other_distances_are_refused(tmp_path):
    structure = write_gro(tmp_path / "a.gro")
    for name, steps in (("doubled", [0, 10, 10, 20]), ("gap", [0, 10, 30]), ("one", [0])):
        file = write_xdr(tmp_path / f"{name}.trr", len(steps), steps=steps)
        with pytest.raises(ValueError, match=rf"{name}\.trr have no equal distances"):
            Path.of(Trajectory(file, structure))


def test_late_times_are_in_single_precision(tmp_path):
    """After 50 ns they are multiples of 0.004 ps in a file."""
    steps = list(range(25_000_000, 25_000_100, 10))
    file = write_xdr(tmp_path / "late.trr", len(steps), steps=steps)
    assert Path.of(Trajectory(file, write_gro(tmp_path / "a.gro"))).dt == pytest.approx(
        0.02, abs=5e-4
    )


def test_values_are_computed_once_and_in_pieces(monkeypatch):
    calls = []

    def x(positions):
        calls.append(len(positions))
        return positions[:, 0, 0]

    monkeypatch.setattr(paths, "_CHUNK_BYTES", 2 * POSITIONS[0].nbytes)
    path, cv = in_memory(), CV(x)
    assert cv(path).tolist() == POSITIONS[:, 0, 0].tolist()
    assert path.max(cv) == POSITIONS[:, 0, 0].max()
    assert calls == [2, 2, 1]
    with pytest.raises(ValueError, match="read-only"):
        cv(path)[0] = 1


def test_the_largest_value_is_one_number():
    path = in_memory()
    with pytest.raises(ValueError, match="3"):
        path.max(CV(lambda positions: positions[:, 0], name="place"))
    with pytest.raises(ValueError, match="odd is NaN at snapshot 0"):
        path.max(CV(lambda positions: np.full(len(positions), np.nan), name="odd"))


@pytest.mark.parametrize("ending", ["trr", "xtc"])
def test_is_saved_and_read_again(trajectory, tmp_path, ending):
    view = Path.of(trajectory, ended="B")
    saved = view[1:].save(tmp_path / f"saved.{ending}")
    assert saved.structure_file == trajectory.structure_file
    again = Path.of(saved)
    assert again.positions == pytest.approx(view[1:].positions, abs=5.1e-4)
    assert len(again) == 6
    assert again.dt == pytest.approx(view.dt)
    assert again.box == pytest.approx(view.box[1:])
    if ending == "trr" and view.velocities is not None:
        assert np.array_equal(again.velocities, view.velocities[1:])
    with pytest.raises(FileExistsError):
        view.save(tmp_path / f"saved.{ending}")
    view.save(tmp_path / f"saved.{ending}", overwrite=True)


def test_what_is_not_saved(tmp_path):
    path = in_memory()
    with pytest.raises(ValueError, match="structure="):
        path.save(tmp_path / "a.trr")
    structure = write_gro(tmp_path / "a.gro")
    with pytest.raises(ValueError, match=r"\.trr or \.xtc"):
        path.save(tmp_path / "a.dcd", structure=structure)
    with pytest.raises(ValueError, match="12 atoms"):
        path.save(tmp_path / "a.trr", structure=structure)
    assert [each.name for each in tmp_path.iterdir()] == ["a.gro"]
