"""Where apply_constraints, generate_velocities and minimize write, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from engine_systems import ALANINE, alanine_engine
from gromacs_systems import STEM, gromacs_engine

from asyncmd_jupyter.frames.formats import holds_velocities
from asyncmd_jupyter.frames.read import read_frame
from asyncmd_jupyter.testing import ToyEngine
from asyncmd_jupyter.trajectory import Trajectory

pytestmark = [  # said by MDAnalysis where there is no box
    pytest.mark.filterwarnings("ignore:missing dimension"),
    pytest.mark.filterwarnings("ignore:Unit cell dimensions not found"),
    pytest.mark.filterwarnings("ignore:Empty box"),
    pytest.mark.filterwarnings("ignore:The start .* has no box"),
    pytest.mark.filterwarnings("ignore:1 A.3 CRYST1"),
    pytest.mark.filterwarnings("ignore:The start has no velocities"),
]

Make = Callable[..., Any]


@pytest.fixture(
    params=[
        "toy",
        "OpenMM",
        pytest.param("GROMACS", marks=pytest.mark.gromacs),
    ]
)
def make(request: pytest.FixtureRequest, manager: Any) -> Make:
    return {
        "toy": lambda: ToyEngine(launcher="memory"),
        "OpenMM": alanine_engine,
        "GROMACS": gromacs_engine,
    }[request.param]


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("here", "here/below", "scratch"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path


def visible(folder: Path) -> set[str]:
    found = folder.rglob("*")
    names = {str(p.relative_to(folder)) for p in found if p.is_file() and ".asyncmd" not in str(p)}
    return {name for name in names if not name.endswith("provenance.json")}


@pytest.mark.parametrize("name", ["one.trr", "below/one.trr", "ABSOLUTE/one.trr", Path("one.trr")])
async def test_the_name_is_a_path_like_any_other(make: Make, folders: Path, name: Any):
    name = str(name).replace("ABSOLUTE", str(folders)) if isinstance(name, str) else name
    engine = make()
    made = await engine.generate_velocities(None, name, workdir=folders / "scratch")
    assert made.paths == (Path(name).absolute(),)
    assert visible(folders / "scratch") == set()
    good = await engine.apply_constraints(made, "good.trr", workdir="../scratch")
    assert good.paths == (folders / "here" / "good.trr",)
    low = await engine.minimize(good, "below/low", workdir="../scratch")
    assert low.paths == (folders / "here" / "below" / "low.trr",)
    assert visible(folders / "scratch") == set()
    hidden = [p.name for p in folders.rglob(".*") if not p.name.startswith(".asyncmd")]
    assert hidden == []


@pytest.mark.parametrize("ending", ["gro", "xtc", "pdb", "xyz"])
async def test_any_ending_that_can_be_written(make: Make, folders: Path, ending: str):
    engine = make()
    low = await engine.minimize(None, f"low.{ending}")
    again = read_frame(await engine.minimize(None, "again.trr"), 0)
    found = read_frame(low, 0)
    assert len(low) == 1
    assert found.velocities is None
    assert np.allclose(found.positions, again.positions, atol=2e-3)
    start = Trajectory(low.paths[0], low.structure_path)
    await engine.prepare(start, ".", "sim")


async def test_velocities_that_a_format_holds_are_written(make: Make, folders: Path):
    engine = make()
    warm = await engine.generate_velocities(None, "warm.gro")
    v = read_frame(warm, 0).velocities
    assert v is not None
    assert np.abs(v).max() > 0.01
    kept = await engine.apply_constraints(warm, "kept.trr")
    assert np.allclose(read_frame(kept, 0).velocities, v, atol=0.05)


async def test_velocities_that_a_format_can_not_hold(make: Make, folders: Path):
    engine = make()
    warm = await engine.generate_velocities(None, "warm.trr")
    before = visible(folders)
    for ending in ("xtc", "pdb"):
        assert not holds_velocities(ending.upper())
        with pytest.raises(ValueError, match=rf"out\.{ending}' can't hold the velocities"):
            await engine.generate_velocities(None, f"out.{ending}")
        with pytest.raises(ValueError, match=rf"out\.{ending}' can't hold the velocities"):
            await engine.apply_constraints(warm, f"out.{ending}")
    with pytest.raises(ValueError, match=r"out\.abc is no format"):
        await engine.apply_constraints(warm, "out.abc")
    assert visible(folders) == before


async def test_names_that_are_none(make: Make, folders: Path):
    engine = make()
    for name, error, match in (
        ("nowhere/a.trr", FileNotFoundError, "folder of nowhere"),
        ("below", None, ""),
        ("", ValueError, "conf_out_name=''"),
        (3, TypeError, "conf_out_name=3"),
    ):
        if error is None:
            made = await engine.minimize(None, name)
            assert made.paths[0].name == "below.trr"
            continue
        with pytest.raises(error, match=match):
            await engine.minimize(None, name)
    with pytest.raises(FileNotFoundError, match="work folder"):
        await engine.minimize(None, "a.trr", workdir="nowhere")


async def test_inputs_are_not_written_over(make: Make, folders: Path):
    engine = make()
    start = await engine.generate_velocities(None, "start.trr")
    inputs = [*engine.input_files, start.paths[0], start.structure_path]
    before = [path.read_bytes() for path in inputs]
    for path in inputs:
        with pytest.raises(ValueError, match="one of the files that are read"):
            await engine.apply_constraints(start, path)
    assert [path.read_bytes() for path in inputs] == before


@pytest.mark.gromacs
def test_what_engines_read():
    engine = gromacs_engine()
    files = {path.suffix for path in engine.input_files}
    assert files == {".gro", ".top", ".mdp"}
    assert STEM.with_suffix(".gro") in engine.input_files
    assert alanine_engine(structure_file=ALANINE).input_files == (ALANINE.absolute(),)


@pytest.mark.gromacs
async def test_constraints_make_no_velocities(manager, folders: Path):
    low = await gromacs_engine().minimize(None, "low.trr")
    made = await gromacs_engine().apply_constraints(low, "made.xtc")
    assert read_frame(made, 0).velocities is None
