"""Velocities drawn with given masses and constraints, and what is said about guesses."""

from __future__ import annotations

import asyncio
import pickle
import warnings
from pathlib import Path

import numpy as np
import pytest
from frame_samples import write_gro, write_xdr

from asyncmd_jupyter.errors import GuessedMassesWarning
from asyncmd_jupyter.frames.extract import RandomVelocitiesFrameExtractor
from asyncmd_jupyter.frames.read import read_frame
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.frames.velocities import draw_velocities, on_constraints

pytestmark = pytest.mark.usefixtures("runtime")

K = 0.00831446261815324
MASSES = np.array([3.024, 8.0, 12.011] * 4)
WATER = np.array([[0.0, 0.0, 0.0], [0.1, 0.0, 0.0], [-0.025, 0.096, 0.0]])
TRIANGLE = np.array([[0, 1], [0, 2], [1, 2]])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_gro(tmp_path / "conf.gro")
    write_xdr(tmp_path / "a.trr", 3)
    write_xdr(tmp_path / "a.xtc", 3)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def frames(suffix: str = "trr") -> Trajectory:
    return Trajectory(f"a.{suffix}", "conf.gro")


def velocities(extractor, name: str, frame: int = 0, suffix: str = "trr") -> np.ndarray:
    return read_frame(extractor.extract(name, frames(suffix), frame, overwrite=True), 0).velocities


def kelvin(masses, drawn, degrees: float) -> float:
    """Temperature of draws, shape (n_draws, n_atoms, 3), with the degrees of freedom of each."""
    return float((masses[:, None] * drawn**2).sum() / (len(drawn) * degrees * K))


class TestMasses:
    @pytest.mark.parametrize("options", [{}, {"mda_transformations": [lambda ts: ts]}])
    def test_given_ones_decide(self, folder: Path, options):
        # 100 draws of 12 atoms: 33 * 100 degrees of freedom, so that the temperature has an
        # error of sqrt(2 / 3300) = 2.5 %; the tolerance of 10 % is 4 of these (6 in 10^5), and
        # guessed masses (12.011 for all) would be off by 30 % and more.
        extractor = RandomVelocitiesFrameExtractor(300, masses=MASSES, seed=1, **options)
        drawn = np.array([velocities(extractor, "x.trr") for _ in range(100)])
        assert kelvin(MASSES, drawn, 33) == pytest.approx(300, rel=0.10)
        assert np.abs(np.einsum("i,nij->nj", MASSES, drawn)).max() < 1e-4

    @pytest.mark.parametrize(
        ("wrong", "error", "said"),
        [
            ([12.0, -1.0], ValueError, r"masses\[1\] is -1: a mass is a finite number"),
            ([12.0, float("nan")], ValueError, r"masses\[1\] is nan"),
            ([float("inf"), 1.0], ValueError, r"masses\[0\] is inf"),
            ([[12.0, 1.0]], ValueError, r"shape \(1, 2\); give one number"),
            ([], ValueError, "shape"),
            ([0.0, 0.0], ValueError, "All masses are 0"),
            (["C", "H"], TypeError, "has to be an array of numbers"),
        ],
    )
    def test_wrong_ones_are_refused(self, wrong, error, said):
        with pytest.raises(error, match=said):
            RandomVelocitiesFrameExtractor(300, masses=wrong)
        extractor = RandomVelocitiesFrameExtractor(300, masses=[1.0])
        with pytest.raises(error, match=said):
            extractor.masses = wrong
        assert extractor.masses.tolist() == [1.0]

    def test_those_of_another_system_are_refused(self, folder: Path):
        with pytest.raises(ValueError, match="masses has 3 atoms, the frame 12"):
            RandomVelocitiesFrameExtractor(300, masses=[1, 2, 3]).extract("x.trr", frames(), 0)
        assert not Path("x.trr").exists()

    def test_they_are_a_copy(self):
        mine = MASSES.copy()
        extractor = RandomVelocitiesFrameExtractor(300, masses=mine)
        mine[:] = 1
        assert extractor.masses.tolist() == MASSES.tolist()
        with pytest.raises(ValueError, match="read-only"):
            extractor.masses[0] = 1


class TestSeed:
    def test_it_reproduces_the_sequence(self, folder: Path):
        one, other = (RandomVelocitiesFrameExtractor(300, masses=MASSES, seed=5) for _ in range(2))
        first = [velocities(one, "x.trr") for _ in range(3)]
        assert np.array_equal(first, [velocities(other, "x.trr") for _ in range(3)])
        assert len({drawn.tobytes() for drawn in first}) == 3

    def test_mdanalysis_writes_the_same(self, folder: Path):
        exactly = RandomVelocitiesFrameExtractor(300, masses=MASSES, seed=5)
        decoded = RandomVelocitiesFrameExtractor(
            300, masses=MASSES, seed=5, mda_transformations=[lambda ts: ts]
        )
        drawn = velocities(exactly, "x.trr")
        assert np.allclose(velocities(decoded, "y.trr"), drawn, rtol=0, atol=1e-6)
        warmer = RandomVelocitiesFrameExtractor(1200, masses=MASSES, seed=5)
        assert np.allclose(velocities(warmer, "z.trr"), 2 * drawn, rtol=0, atol=1e-6)

    async def test_at_the_same_time_it_is_the_order_of_the_calls(self, folder: Path):
        async def all_of(extractor):
            calls = (extractor.extract_async(f"{i}.trr", frames(), 0, overwrite=True)
                     for i in range(8))  # fmt: skip
            return [read_frame(made, 0).velocities for made in await asyncio.gather(*calls)]

        one, other = (RandomVelocitiesFrameExtractor(300, masses=MASSES, seed=5) for _ in range(2))
        assert np.array_equal(await all_of(one), [velocities(other, "x.trr") for _ in range(8)])

    def test_it_goes_with_a_pickle(self, folder: Path):
        extractor = RandomVelocitiesFrameExtractor(300, masses=MASSES, seed=5)
        copy = pickle.loads(pickle.dumps(extractor))
        assert np.array_equal(velocities(extractor, "x.trr"), velocities(copy, "y.trr"))
        assert (copy.seed, copy.T, copy.remove_com) == (5, 300, True)

    def test_others_give_other_velocities(self, folder: Path):
        drawn = [
            velocities(RandomVelocitiesFrameExtractor(300, masses=MASSES, seed=seed), "x.trr")
            for seed in (1, 2, None, None)
        ]
        assert len({one.tobytes() for one in drawn}) == 4

    @pytest.mark.parametrize(
        ("wrong", "error"),
        [(1.5, TypeError), ("1", TypeError), (True, TypeError), (-1, ValueError)],
    )
    def test_wrong_ones_are_refused(self, wrong, error):
        with pytest.raises(error, match="seed="):
            RandomVelocitiesFrameExtractor(300, seed=wrong)

    def test_own_modifications_have_it_too(self, folder: Path):
        class Doubled(RandomVelocitiesFrameExtractor):
            def apply_modification(self, universe, ts):
                super().apply_modification(universe, ts)
                ts.velocities *= 2

        one, other = (Doubled(300, masses=MASSES, seed=5) for _ in range(2))
        assert np.array_equal(velocities(one, "x.trr"), velocities(other, "x.trr"))


class TestConstraints:
    def test_what_is_left_moves_along_no_constraint(self):
        masses = np.array([15.999, 3.0, 3.0])
        drawn = on_constraints(draw_velocities(masses, 300), masses, WATER, TRIANGLE)
        for i, j in TRIANGLE:
            assert (WATER[i] - WATER[j]) @ (drawn[i] - drawn[j]) == pytest.approx(0, abs=1e-10)
        assert np.allclose(masses @ drawn, 0, atol=1e-9)

    def test_the_temperature_counts_the_degrees_of_freedom_that_are_left(self):
        # 1000 waters: 9 - 3 degrees each, less 3 of the whole: 5997, drawn 4 times, so the
        # error is sqrt(2 / 23988) = 0.91 %. 4 errors are 3.7 %, false alarms 6 in 10^5; three
        # times that is seen where constraints are not fulfilled (50 %).
        n = 1000
        masses = np.tile([15.999, 3.0, 3.0], n)
        positions = np.concatenate([WATER + i for i in range(n)])
        pairs = np.concatenate([TRIANGLE + 3 * i for i in range(n)])
        generator = np.random.default_rng(2)
        drawn = np.array([
            on_constraints(draw_velocities(masses, 300, generator), masses, positions, pairs)
            for _ in range(4)
        ])  # fmt: skip
        assert kelvin(masses, drawn, 6 * n - 3) == pytest.approx(300, rel=0.037)

    def test_broken_molecules_and_linear_ones(self):
        masses, box = np.array([16.0, 12.0, 16.0]), np.diag([3.0, 3.0, 3.0])
        linear = np.array([[0.05, 0.0, 0.0], [2.94, 0.0, 0.0], [2.83, 0.0, 0.0]])
        drawn = on_constraints(draw_velocities(masses, 300), masses, linear, TRIANGLE, box)
        assert np.allclose(drawn[:, 0], drawn[0, 0])
        assert np.ptp(drawn[:, 1]) > 0

    def test_across_the_boundary_they_are_those_to_the_nearest_image(self):
        masses, box = np.array([15.999, 3.0, 3.0]), np.diag([3.0, 3.0, 3.0])
        broken = WATER + np.array([0.0, 3.0, 0.0]) * (WATER[:, 1:2] < 0.05)
        drawn = on_constraints(draw_velocities(masses, 300), masses, broken, TRIANGLE, box)
        for i, j in TRIANGLE:
            assert (WATER[i] - WATER[j]) @ (drawn[i] - drawn[j]) == pytest.approx(0, abs=1e-10)

    @pytest.mark.parametrize("suffix", ["trr", "xtc"])
    @pytest.mark.parametrize("options", [{}, {"mda_transformations": [lambda ts: ts]}])
    def test_an_extractor_fulfils_them(self, folder: Path, suffix: str, options):
        extractor = RandomVelocitiesFrameExtractor(
            300, masses=MASSES, constraints=[[0, 1], [4, 7]], **options
        )
        drawn, where = velocities(extractor, "x.trr", 1, suffix), read_frame(frames(suffix), 1)
        apart = where.positions[4] - where.positions[7]
        apart -= np.round(apart / np.diag(where.box)) * np.diag(where.box)
        assert apart @ (drawn[4] - drawn[7]) == pytest.approx(0, abs=1e-5)

    @pytest.mark.parametrize(
        ("wrong", "error", "said"),
        [
            ([[0, 1.5]], TypeError, "pairs of atoms"),
            ([0, 1], ValueError, r"shape \(2,\)"),
            ([[0, 0]], ValueError, "two different atoms"),
            ([[0, -1]], ValueError, "two different atoms"),
        ],
    )
    def test_wrong_ones_are_refused(self, wrong, error, said):
        with pytest.raises(error, match=said):
            RandomVelocitiesFrameExtractor(300, constraints=wrong)

    def test_those_of_a_larger_system_are_refused(self, folder: Path):
        extractor = RandomVelocitiesFrameExtractor(300, masses=MASSES, constraints=[[0, 12]])
        with pytest.raises(ValueError, match="names the atom 12, and the frame has 12 atoms"):
            extractor.extract("x.trr", frames(), 0)


class TestCentreOfMass:
    def test_it_may_move_where_it_is_wanted(self, folder: Path):
        extractor = RandomVelocitiesFrameExtractor(300, masses=MASSES, remove_com=False)
        momenta = [np.abs(MASSES @ velocities(extractor, "x.trr")).max() for _ in range(3)]
        assert min(momenta) > 1e-2
        extractor.remove_com = True
        assert np.abs(MASSES @ velocities(extractor, "x.trr")).max() < 1e-4


class TestGuesses:
    def test_it_is_said_once_with_the_names_and_the_way_out(self, folder: Path):
        Path("odd.gro").write_text(
            Path("conf.gro").read_text().replace("   C9", "   MW").replace("   C8", "    W")
        )
        extractor, odd = RandomVelocitiesFrameExtractor(300), Trajectory("a.trr", "odd.gro")
        with pytest.warns(GuessedMassesWarning) as said:
            [extractor.extract(f"{number}.trr", odd, number) for number in range(3)]
        (text,) = [str(one.message) for one in said]
        assert "C1, C2, C3, C4 and 3 more names as 12.011; W as 183.85; MW unknown" in text
        assert "no velocity" in text
        assert "odd.gro" in text
        assert "masses=engine.masses" in text

    def test_given_masses_are_no_guess(self, folder: Path):
        velocities(RandomVelocitiesFrameExtractor(300, masses=MASSES), "x.trr")

    def test_a_structure_file_with_masses_is_no_guess(self, folder: Path):
        psf = "PSF\n\n       1 !NTITLE\n REMARKS test\n\n      12 !NATOM\n" + "".join(
            f"{i + 1:8d} A    1    ALA  C{i:<3d} CT1   0.000000{MASSES[i]:14.4f}           0\n"
            for i in range(12)
        )
        Path("conf.psf").write_text(psf + "\n       0 !NBOND: bonds\n\n")
        extractor = RandomVelocitiesFrameExtractor(300, seed=4)
        made = extractor.extract("x.trr", Trajectory("a.trr", "conf.psf"), 0)
        same = RandomVelocitiesFrameExtractor(300, seed=4, masses=MASSES)
        assert np.allclose(read_frame(made, 0).velocities, velocities(same, "y.trr"), atol=1e-5)

    async def test_it_is_said_for_calls_in_threads(self, folder: Path):
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            await RandomVelocitiesFrameExtractor(300).extract_async("x.trr", frames(), 0)
        assert [one.category for one in said] == [GuessedMassesWarning]
