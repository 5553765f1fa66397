"""Which names GROMACS' programs leave as they are, and what they write beside the parts."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from gromacs_systems import gromacs_engine

from asyncmd_jupyter.engines.gromacs import commands
from asyncmd_jupyter.engines.names import check_keeps_apart
from asyncmd_jupyter.engines.plan import PartPlan
from asyncmd_jupyter.errors import EngineError

REWRITTEN = {
    "prod.part0002": "prod",
    "prod.part0002.b": "prod.b",
    "a.part0001.part0002": "a",
    "b.part0000.c.part00": "b.c.part00",
}
LEFT = [
    *("prod_part0002", "prod.part12", "prod.part00012", "prod.PART0001", "prodpart0001"),
    *("prod.part0001x", "prod.part0001-b", "prod.part", "x.tpr", "prod.xtc", "x.gro", "run.v2"),
    *("a.", ".a", "-v", "a b", "a#b", "#a#", "a%d", "a@b", "ünï", "a\nb", "a'b", "x" * 191),
]


@pytest.fixture(scope="module")
def run_input(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("names")
    engine = gromacs_engine()
    engine.mdp.write(folder / "md.mdp")
    argv = commands.grompp_argv(
        ["gmx", "grompp"],
        [],
        name="md",
        structure=Path(engine.gro_file).absolute(),
        topology=Path(engine.top_file).absolute(),
        index=None,
        start=None,
    )
    subprocess.run(argv, cwd=folder, check=True, capture_output=True)
    return folder / "md.tpr"


def written(folder: Path, name: str, run_input: Path) -> set[str]:
    """What a part of a simulation of this name leaves in its folder."""
    (folder / f"{name}.tpr").symlink_to(run_input)
    plan = PartPlan(1, 0, 0, None)
    argv = commands.mdrun_argv(
        ["gmx", "mdrun"], ["-nt", "1"], name=name, plan=plan, hours_factor=1.0
    )
    env = {**os.environ, **commands.NO_LITTER}
    subprocess.run(argv, cwd=folder, check=True, capture_output=True, env=env)
    return {path.name for path in folder.iterdir()} - {f"{name}.tpr", f"{name}.cpt"}


def expected(name: str) -> set[str]:
    parts = {f"{name}.part0001.{ending}" for ending in ("xtc", "trr", "edr", "log")}
    return {*parts, f"{name}.confout.part0001.gro"}


@pytest.mark.parametrize(("name", "other"), REWRITTEN.items())
def test_names_that_mdrun_rewrites_are_refused(tmp_path: Path, run_input: Path, name, other):
    assert written(tmp_path, name, run_input) == expected(other)
    with pytest.raises(ValueError, match="marks the parts"):
        check_keeps_apart("deffnm", name)


@pytest.mark.parametrize("name", LEFT)
def test_all_others_are_good(tmp_path: Path, run_input: Path, name: str):
    assert written(tmp_path, name, run_input) == expected(name)
    check_keeps_apart("deffnm", name)


ROTATION = {
    "rotation": "yes",
    "rot-ngroups": 1,
    "rot-group0": "System",
    "rot-type0": "iso-pf",
    "rot-vec0": [1, 0, 0],
    "rot-rate0": 0.1,
    "rot-k0": 1.0,
}


class TestReferencesOfARotation:
    async def test_each_simulation_has_its_own(self, manager, tmp_path: Path):
        engine = gromacs_engine(changes=ROTATION, output_traj_type="trr")
        await engine.prepare(None, tmp_path, "first")
        part = await engine.run_steps(500)
        await engine.apply_constraints(part, tmp_path / "moved.trr", workdir=tmp_path)
        await engine.clone().prepare(tmp_path / "moved.trr", tmp_path, "second")
        names = {path.name for path in tmp_path.glob("*rotref*")}
        assert names == {"first_rotref.0.trr", "second_rotref.0.trr"}
        first, second = (tmp_path / name for name in sorted(names))
        assert first.read_bytes() != second.read_bytes(), "the second took those of the first"

    async def test_one_that_is_there_is_not_taken_silently(self, manager, tmp_path: Path):
        mine = tmp_path / "rotref.0.trr"
        mine.write_text("precious")
        with pytest.raises(EngineError, match=r"rotref\.0\.trr.*-ref mine\.trr"):
            await gromacs_engine(changes=ROTATION).prepare(None, tmp_path, "sim")
        assert [path.name for path in tmp_path.iterdir()] == ["rotref.0.trr"]
        assert mine.read_text() == "precious"

    async def test_it_is_taken_where_it_is_named(self, manager, tmp_path: Path):
        await gromacs_engine(changes=ROTATION).prepare(None, tmp_path, "first")
        (tmp_path / "first_rotref.0.trr").rename(tmp_path / "mine.0.trr")
        engine = gromacs_engine(changes=ROTATION, grompp_extra_args="-ref mine.trr")
        await engine.prepare(None, tmp_path, "second")
        assert not [*tmp_path.glob("*rotref*")]


@pytest.mark.parametrize(
    ("argument", "value", "named"),
    [
        ("mdrun_extra_args", "-px pull.xvg", "-px"),
        ("mdrun_extra_args", "-nt 1 -ro r.xvg -ra a.log", "-ro, -ra"),
        ("mdrun_extra_args", "-dhdl d.xvg", "-dhdl"),
        ("mdrun_executable", "gmx mdrun -swap s.xvg", "-swap"),
        ("mdrun_executable", "gmx mdrun -deffnm mine", "-deffnm"),
        ("mdrun_executable", "mpirun -np 2 gmx_mpi mdrun -x other.xtc", "-x"),
        ("grompp_executable", "gmx grompp -o other.tpr", "-o"),
        *(("mdrun_extra_args", f"{name} 1", name) for name in commands.MDRUN_OWN),
        *(("grompp_extra_args", f"{name} 1", name) for name in commands.GROMPP_OWN),
    ],
)
def test_options_that_say_what_is_written(argument: str, value: str, named: str):
    with pytest.raises(ValueError, match=rf"{argument}=.*{named}.*leave it out"):
        gromacs_engine(**{argument: value})


@pytest.mark.parametrize(
    "executable", ["mpirun -x LANG -c 2 gmx_mpi mdrun", "srun -n 2 -c 4 mdrun_mpi -v", "./my.sh -e"]
)
def test_options_of_what_starts_mdrun_are_no_concern(executable: str):
    gromacs_engine(mdrun_executable=executable)
