"""Options that leave something out of what a simulation writes."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
from gromacs_systems import gromacs_engine, parameters

from asyncmd_jupyter.sampling.run import start_run

HEAVY = "1 5 6 7 9 11 15 16 17 19"
ALL = " ".join(map(str, range(1, 23)))
REST = " ".join(n for n in ALL.split() if n not in HEAVY.split())


@pytest.fixture
def index(tmp_path: Path) -> Path:
    file = tmp_path / "index.ndx"
    file.write_text(f"[ System ]\n{ALL}\n[ Heavy ]\n{HEAVY}\n[ Rest ] ; others\n{REST}\n")
    return file


def engine_of(groups: str, index: Path | None = None, **options):
    return gromacs_engine(changes={"compressed-x-grps": groups}, ndx_file=index, **options)


@pytest.mark.parametrize("groups", ["Heavy", "Rest", "heavy"])
@pytest.mark.parametrize("name", ["compressed-x-grps", "xtc_grps"])
def test_some_of_the_atoms(index: Path, groups: str, name: str):
    with pytest.raises(ValueError, match=r"compressed-x-grps = .*index\.ndx.*del mdp\["):
        gromacs_engine(changes={name: groups}, ndx_file=index)


def test_a_group_of_gromacs_own():
    with pytest.raises(ValueError, match="compressed-x-grps = protein in"):
        engine_of("Protein")


def test_a_system_of_the_index_file_that_is_not_the_system(tmp_path: Path):
    index = tmp_path / "index.ndx"
    index.write_text(f"[ System ]\n{HEAVY}\n")
    with pytest.raises(ValueError, match="compressed-x-grps = system"):
        engine_of("System", index)


@pytest.mark.gromacs
@pytest.mark.parametrize("groups", ["System", "system", "Heavy Rest"])
async def test_all_of_the_atoms(manager, tmp_path: Path, index: Path, groups: str):
    engine = engine_of(groups, index, nstout=10)
    await engine.prepare(None, tmp_path, "sim")
    assert (await engine.run_steps(20)).n_atoms == 22


def test_all_of_them_without_an_index_file():
    for groups in ("System", "SYSTEM", ""):
        engine_of(groups)


@pytest.mark.gromacs
async def test_frames_in_a_trr_file_have_all_anyway(manager, tmp_path: Path, index: Path):
    engine = engine_of("Heavy", index, output_traj_type="trr", nstout=10)
    await engine.prepare(None, tmp_path, "sim")
    assert (await engine.run_steps(20)).n_atoms == 22
    assert (tmp_path / "sim.part0001.xtc").exists()


@pytest.mark.gromacs
async def test_groups_that_are_set_later(manager, tmp_path: Path, index: Path):
    engine = gromacs_engine(ndx_file=index)
    mdp = engine.mdp
    mdp["compressed-x-grps"] = "Heavy"
    engine.mdp = mdp
    before = sorted(tmp_path.iterdir())
    with pytest.raises(ValueError, match="compressed-x-grps"):
        await engine.prepare(None, tmp_path, "sim")
    with pytest.raises(ValueError, match="compressed-x-grps"):
        start_run(engine, None, until=[], name="run", workdir=tmp_path, max_steps=500)
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(("precision", "ending"), [(10, "xtc"), (50, "xtc")])
def test_a_precision_that_spoils_positions(precision: float, ending: str):
    mdp = parameters()
    mdp["xtc-precision"] = precision
    with pytest.warns(UserWarning, match=rf"compressed-x-precision = {precision} .*rounds"):
        gromacs_engine(mdp=mdp, output_traj_type=ending)


def test_a_precision_that_is_good_or_does_not_matter():
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        gromacs_engine(changes={"compressed-x-precision": 100})
        gromacs_engine(changes={"compressed-x-precision": 1}, output_traj_type="trr")


@pytest.mark.parametrize("dt", [0, -0.002])
def test_a_time_step_without_a_length(dt: float):
    with pytest.raises(ValueError, match=f"dt={dt!r}.* is no time step"):
        gromacs_engine(changes={"dt": dt})
