from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from frame_samples import BOX_NM, positions_nm, velocities_nm_ps, write_gro, write_xdr

from asyncmd_jupyter.errors import GuessedMassesWarning
from asyncmd_jupyter.frames.extract import (
    FrameExtractor,
    InvertedVelocitiesFrameExtractor,
    NoModificationFrameExtractor,
    RandomVelocitiesFrameExtractor,
)
from asyncmd_jupyter.frames.read import read_frame
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.frames.velocities import draw_velocities
from asyncmd_jupyter.frames.xdr import index_frames

pytestmark = pytest.mark.usefixtures("runtime")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_gro(tmp_path / "conf.gro")
    for suffix in (".xtc", ".trr"):
        write_xdr(tmp_path / f"a{suffix}", 3)
        write_xdr(tmp_path / f"b{suffix}", 2, first=3)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def both(suffix: str) -> Trajectory:
    return Trajectory([f"a.{suffix}", f"b.{suffix}"], "conf.gro")


@pytest.mark.parametrize("suffix", ["xtc", "trr"])
@pytest.mark.parametrize("number", range(-5, 5))
def test_frames_are_read_as_they_were_written(folder: Path, suffix: str, number: int):
    frame, index = read_frame(both(suffix), number), number % 5
    assert (frame.step, frame.time) == (10 * index, pytest.approx(0.02 * index))
    exact = 0 if suffix == "trr" else 1e-3
    assert np.allclose(frame.positions, positions_nm(12, index), rtol=0, atol=exact)
    assert np.array_equal(frame.box, BOX_NM)
    if suffix == "trr":
        assert np.array_equal(frame.velocities, velocities_nm_ps(12, index))
    else:
        assert frame.velocities is None


def test_reading_other_formats_and_missing_frames(folder: Path):
    structure = Trajectory("conf.gro", "conf.gro")
    frame = read_frame(structure, 0)
    assert np.allclose(frame.positions, positions_nm(12, 0), atol=1e-3)
    assert np.allclose(frame.box, BOX_NM)
    assert frame.velocities is None
    with pytest.raises(IndexError, match=r"no frame 1 in conf\.gro, it has 1 frame, number 0"):
        read_frame(structure, 1)
    with pytest.raises(IndexError, match="no frame -6"):
        read_frame(both("trr"), -6)


@pytest.mark.parametrize("suffix", ["xtc", "trr"])
def test_an_extracted_frame_is_the_bytes_of_the_frame(folder: Path, suffix: str):
    before = set(folder.iterdir())
    result = NoModificationFrameExtractor().extract(f"one.{suffix}", both(suffix), 3)
    index = index_frames(f"b.{suffix}")
    first = Path(f"b.{suffix}").read_bytes()[: int(index.sizes[0])]
    assert Path(f"one.{suffix}").read_bytes() == first
    assert (len(result), result.first_step, result.structure_file) == (1, 30, "conf.gro")
    made = {f"one.{suffix}", f"one.{suffix}.provenance.json"}
    assert {path.name for path in set(folder.iterdir()) - before} == made
    with pytest.raises(FileExistsError):
        NoModificationFrameExtractor().extract(f"one.{suffix}", both(suffix), 0)
    again = NoModificationFrameExtractor().extract(
        f"one.{suffix}", both(suffix), -1, structure_copy="one.gro", overwrite=True
    )
    assert (again.first_step, again.structure_file) == (40, "one.gro")
    with pytest.raises(IndexError, match="no frame 5"):
        NoModificationFrameExtractor().extract(f"two.{suffix}", both(suffix), 5)


def test_extraction_into_other_formats(folder: Path):
    result = NoModificationFrameExtractor().extract("one.xtc", both("trr"), 4)
    assert np.allclose(read_frame(result, 0).positions, positions_nm(12, 4), atol=1e-3)
    result = NoModificationFrameExtractor().extract("one.gro", both("trr"), 4)
    assert np.allclose(read_frame(result, 0).positions, positions_nm(12, 4), atol=1e-3)


def test_inverted_velocities(folder: Path):
    extractor = InvertedVelocitiesFrameExtractor()
    result = extractor.extract("one.trr", both("trr"), 4)
    frame = read_frame(result, 0)
    assert np.array_equal(frame.velocities, -velocities_nm_ps(12, 4))
    assert np.array_equal(frame.positions, positions_nm(12, 4))
    assert (
        read_frame(extractor.extract("two.trr", result, 0), 0).velocities[0, 0]
        == (velocities_nm_ps(12, 4)[0, 0])
    )
    gro = extractor.extract("one.gro", both("trr"), 4)
    assert np.allclose(read_frame(gro, 0).velocities, -velocities_nm_ps(12, 4), atol=1e-3)
    with pytest.raises(ValueError, match="has no velocities to invert"):
        extractor.extract("three.trr", both("xtc"), 0)
    with pytest.raises(ValueError, match=r"choose the ending \.trr"):
        extractor.extract("three.xtc", both("trr"), 0)
    assert not list(folder.glob("*three*"))


def test_frames_without_velocities_among_others_with_them(folder: Path):
    frames = [
        write_xdr(folder / f"{n}.trr", 1, first=n, velocities=n % 4 == 0).read_bytes()
        for n in range(9)
    ]
    (folder / "mixed.trr").write_bytes(b"".join(frames))
    mixed, extractor = Trajectory("mixed.trr", "conf.gro"), InvertedVelocitiesFrameExtractor()
    said = (
        r"Frame 5 \(step 50\) of mixed\.trr has no velocities to invert: 3 of 9 frames have some, "
        r"the next ones are 4 and 8\. Take one of these, or .* each frame \(GROMACS: nstvout"
    )
    for name in ("out.trr", "out.gro"):
        with pytest.raises(ValueError, match=said if name == "out.trr" else "Frame 5 of .*nstvout"):
            extractor.extract(name, mixed, 5)
        assert not Path(name).exists()
    assert len(extractor.extract("out.trr", mixed, 4)) == 1
    with pytest.raises(ValueError, match=r"no velocities to invert, nor has any .*write a TRR"):
        extractor.extract("three.trr", both("xtc"), 0)


@pytest.mark.parametrize("suffix", ["xtc", "trr"])
def test_random_velocities(folder: Path, suffix: str):
    extractor = RandomVelocitiesFrameExtractor(300, masses=[12.011] * 12)
    results = [extractor.extract(f"{i}.trr", both(suffix), 2) for i in range(2)]
    frames = [read_frame(result, 0) for result in results]
    assert not np.array_equal(frames[0].velocities, frames[1].velocities)
    for frame in frames:
        assert (frame.step, frame.time) == (20, pytest.approx(0.04))
        assert np.allclose(frame.positions, read_frame(both(suffix), 2).positions, atol=1e-6)
        assert np.abs(frame.velocities.mean(axis=0)).max() < 1e-6  # carbons only
        assert 0.1 < np.sqrt((frame.velocities**2).mean()) < 1.5


@pytest.mark.parametrize("wrong", [0, -1, float("nan"), float("inf")])
def test_temperatures(wrong: float):
    extractor = RandomVelocitiesFrameExtractor(T=300.0)
    extractor.T = 310
    assert extractor.T == 310
    with pytest.raises(ValueError, match="is not possible"):
        extractor.T = wrong


def test_velocities_have_the_right_temperature():
    masses = np.array([0.0, 1.008, 12.011, 15.999] * 5000)
    velocities = draw_velocities(masses, 300.0, np.random.default_rng(3))
    assert not velocities[masses == 0].any()
    assert np.allclose(masses @ velocities, 0, atol=1e-8)
    for mass in (1.008, 12.011, 15.999):
        temperature = mass * np.mean(velocities[masses == mass] ** 2) / 0.0083144626
        assert temperature == pytest.approx(300, rel=0.05)  # the error of the mean is 0.8 %
    assert draw_velocities(np.array([12.0]), 300.0).any()


def test_masses_are_needed(folder: Path):
    text = Path("conf.gro").read_text()
    for number in range(1, 10):
        text = text.replace(f"C{number}", f"Q{number}")
    Path("odd.gro").write_text(text)
    trajectory = Trajectory("a.trr", "odd.gro")
    with (
        pytest.warns(PendingDeprecationWarning, match="Unknown masses"),
        pytest.raises(ValueError, match=r"No atom of .*odd\.gro has a known mass"),
    ):
        RandomVelocitiesFrameExtractor(300).extract("x.trr", trajectory, 0)


def test_particles_without_mass_are_mentioned(folder: Path):
    Path("odd.gro").write_text(Path("conf.gro").read_text().replace("   C9", "   MW"))
    trajectory = Trajectory("a.trr", "odd.gro")
    with pytest.warns(GuessedMassesWarning, match="MW unknown, so that they get no velocity"):
        result = RandomVelocitiesFrameExtractor(300).extract("x.trr", trajectory, 0)
    assert np.flatnonzero(~read_frame(result, 0).velocities.any(axis=1)).tolist() == [8]


async def test_own_extractors(folder: Path):
    class Stopped(FrameExtractor):
        def apply_modification(self, universe, ts):
            ts.velocities *= 0
            assert universe.atoms.masses.shape == (12,)

    class Doubled(NoModificationFrameExtractor):
        def apply_modification(self, universe, ts):
            ts.positions *= 2

    result = await Stopped().extract_async("one.trr", both("trr"), 1)
    assert not read_frame(result, 0).velocities.any()
    result = await Doubled().extract_async("two.trr", both("trr"), 1)
    assert np.allclose(read_frame(result, 0).positions, 2 * positions_nm(12, 1), atol=1e-5)
    with pytest.raises(TypeError):
        FrameExtractor()


def test_transformations(folder: Path):
    def shift(timestep):
        timestep.positions += 10
        return timestep

    for extractor in (
        NoModificationFrameExtractor(mda_transformations=[shift]),
        InvertedVelocitiesFrameExtractor(mda_transformations=[shift]),
    ):
        result = extractor.extract("one.trr", both("trr"), 1, overwrite=True)
        frame = read_frame(result, 0)
        assert np.allclose(frame.positions, positions_nm(12, 1) + 1, atol=1e-5)
    with pytest.raises(ValueError, match="not both"):
        NoModificationFrameExtractor(
            mda_transformations=[shift], mda_transformations_setup_func=shift
        )


@pytest.mark.parametrize("step", [4295050000, 8590030000])
@pytest.mark.parametrize("suffix", ["xtc", "trr"])
def test_one_frame_keeps_a_step_past_32_bit(folder: Path, step: int, suffix: str):
    write_xdr(folder / "late.trr", 3, steps=[step - 5000, step, step + 5000])
    late = Trajectory("late.trr", "conf.gro")
    made = NoModificationFrameExtractor().extract(f"one.{suffix}", late, 1)
    assert (late.first_step, made.first_step) == (step - 5000, step)
    assert Trajectory(f"one.{suffix}", "conf.gro").first_step == step
    assert pickle.loads(pickle.dumps(made)).first_step == step
