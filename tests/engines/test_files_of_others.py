"""What an engine will write is known, and free, before anything starts."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from engine_harness import Harness
from engine_systems import double_well_engine
from gromacs_systems import gromacs_engine

from asyncmd_jupyter import examples
from asyncmd_jupyter.engines.files import checked_files
from asyncmd_jupyter.openmm import OpenMMEngine


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.mark.parametrize("name", ["prod.part0002", "prod.part0002.b", "prod.part0002.part0003"])
async def test_a_name_that_holds_a_part(harness: Harness, manager, tmp_path: Path, name: str):
    engine = harness.make()
    for call in (engine.prepare(None, tmp_path, name), engine.prepare_from_files(tmp_path, name)):
        with pytest.raises(ValueError, match=r"'prod\.part0002.* Choose another name, such as"):
            await call
    with pytest.raises(ValueError, match="marks the parts"):
        await engine.apply_constraints(None, tmp_path / f"{name}.trr", workdir=tmp_path)
    assert contents(tmp_path) == {}


@pytest.mark.parametrize("name", ["x" * 192, "ü" * 96])
def test_a_name_too_long_for_the_files_that_begin_with_it(tmp_path: Path, name: str):
    with pytest.raises(ValueError, match=r"has 192 bytes.*at most 191"):
        checked_files(tmp_path, name)
    checked_files(tmp_path, name[:-1])


def existing(engine) -> list[str]:
    """What follows the name in what the engine writes in any case."""
    if engine.program == "GROMACS":
        return [".mdp", ".tpr", ".cpt", "_prev.cpt", "_mdout.mdp", ".part0001.log"]
    written = [".cpt", ".start.npz", ".part0001.json", ".part0003.xvg"]
    return written if engine._origin.structure_file else [*written, ".pdb"]


async def test_files_of_a_person_are_kept(harness: Harness, manager, tmp_path: Path):
    engine = harness.make()
    for ending in existing(engine):
        mine = tmp_path / f"sim{ending}"
        mine.write_text("precious")
        with pytest.raises(ValueError, match="was not made by an engine"):
            await engine.prepare(None, tmp_path, "sim")
        assert contents(tmp_path) == {mine.name: b"precious"}
        mine.unlink()


async def test_what_was_prepared_is_prepared_again(harness: Harness, manager, tmp_path: Path):
    engine = harness.make()
    await engine.prepare(None, tmp_path, "sim")
    await harness.make().prepare(None, tmp_path, "sim")
    await engine.prepare(None, tmp_path, "sim")
    assert await engine.run_steps(engine.nstout) is not None


@pytest.mark.parametrize("made", [double_well_engine, gromacs_engine])
async def test_one_name_for_engines_of_two_kinds(manager, tmp_path: Path, made):
    first, second = sorted((double_well_engine, gromacs_engine), key=lambda each: each is not made)
    await first().prepare(None, tmp_path, "sim")
    before = contents(tmp_path)
    with pytest.raises(ValueError, match="has a simulation of this name there"):
        await second().prepare(None, tmp_path, "sim")
    assert contents(tmp_path) == before


@pytest.mark.parametrize("made", [double_well_engine, gromacs_engine])
@pytest.mark.parametrize("order", [("a", "a_prev"), ("a_prev", "a")])
async def test_names_that_gromacs_makes_equal(manager, tmp_path: Path, made, order):
    """Of ``a`` it keeps the earlier checkpoint as ``a_prev.cpt``."""
    engines = {"a": gromacs_engine(), "a_prev": made()}
    first, second = order
    await engines[first].prepare(None, tmp_path, first)
    before = contents(tmp_path)
    with pytest.raises(ValueError, match=f"'{second}' and the simulation '{first}'.*'_prev'"):
        await engines[second].prepare(None, tmp_path, second)
    assert contents(tmp_path) == before


async def test_such_a_name_alone_is_good(harness: Harness, manager, tmp_path: Path):
    for name in ("a_prev", "b_mdout", "other"):
        engine = harness.make()
        await engine.prepare(None, tmp_path, name)
        assert await engine.run_steps(engine.nstout) is not None


class TestStructureOfAConfiguration:
    @pytest.fixture
    def mine(self, tmp_path: Path) -> Path:
        return Path(shutil.copy(examples.alanine_dipeptide(), tmp_path / "start.pdb"))

    @pytest.fixture
    def engine(self, mine: Path) -> OpenMMEngine:
        return OpenMMEngine.from_pdb(mine, "amber99sbildn.xml", "amber99_obc.xml", seed=1)

    async def test_a_start_keeps_its_own_file(self, manager, engine, mine: Path):
        before = mine.read_bytes()
        made = await engine.apply_constraints(mine, mine.with_suffix(".trr"), workdir=mine.parent)
        assert mine.read_bytes() == before
        assert made.structure_path == mine
        assert made.n_atoms == 22

    async def test_another_structure_is_not_written_over(self, manager, engine, mine: Path):
        before = contents(mine.parent)
        with pytest.raises(ValueError, match=r"start\.trr would be written over .*start\.pdb"):
            await engine.apply_constraints(None, mine.with_suffix(".trr"), workdir=mine.parent)
        assert contents(mine.parent) == before

    async def test_its_own_is_written_again(self, manager, engine, tmp_path: Path):
        for _ in range(2):
            made = await engine.apply_constraints(None, tmp_path / "made.trr", workdir=tmp_path)
        assert made.structure_path.samefile(tmp_path / "made.pdb")
