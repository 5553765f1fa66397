"""What is peculiar to GROMACS; the contract of engines is in tests/engines."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
from pathlib import Path

import numpy as np
import psutil
import pytest
from gromacs_systems import gromacs_engine, parameters

from asyncmd_jupyter.engines.gromacs.checkpoint import read_checkpoint
from asyncmd_jupyter.engines.gromacs.mdp import MDP
from asyncmd_jupyter.engines.parts import ensure_mdconfig_options, get_all_traj_parts
from asyncmd_jupyter.errors import EngineCrashedError, EngineError
from asyncmd_jupyter.frames.growing import GrowingFile
from asyncmd_jupyter.frames.read import read_frame
from asyncmd_jupyter.frames.xdr import index_frames
from asyncmd_jupyter.jobs.model import JobState
from asyncmd_jupyter.jobs.process import find_members
from asyncmd_jupyter.sampling.propagate import InPartsTrajectoryPropagator
from asyncmd_jupyter.triage import diagnose_error

pytestmark = pytest.mark.gromacs

FOREVER = 10**9


async def frames_on_disk(part, n_frames: int) -> None:
    growing = GrowingFile(part.trajectory_file)
    while len(growing.index) < n_frames:
        growing.poll()
        assert not part.job.state.is_final, part.job.tail()
        await asyncio.sleep(0.01)


def mdrun_of(part) -> psutil.Process:
    members = find_members({part.job.id: None})[part.job.id]
    [program] = [m.pid for m in members if psutil.Process(m.pid).name().startswith("gmx")]
    return psutil.Process(program)


def steps_of(parts) -> list[int]:
    return [int(step) for part in parts for step in part.frame_table().steps]


@pytest.mark.parametrize("program", ["gmx", "gmx_mpi", "gmx_d"])
async def test_all_builds(manager, tmp_path: Path, program: str):
    engine = gromacs_engine(
        grompp_executable=f"{program} grompp",
        mdrun_executable=f"{program} mdrun",
        mdrun_extra_args="-ntomp 1",
    )
    await engine.prepare(None, tmp_path, "sim")
    await engine.run_steps(1000)
    await engine.run_steps(2000)
    assert (engine.steps_done, engine.simulation_part, engine.frames_done) == (2000, 2, 5)
    dump = [program, "-quiet", "dump", "-cp", "sim.cpt"]
    said = subprocess.run(dump, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    checkpoint = read_checkpoint(tmp_path / "sim.cpt")
    assert int(re.search(r"^step = (\d+)", said, re.MULTILINE)[1]) == checkpoint.step == 2000
    assert int(re.search(r"^simulation part # = (\d+)", said, re.MULTILINE)[1]) == checkpoint.part
    assert float(re.search(r"^t = (\S+)", said, re.MULTILINE)[1]) == checkpoint.time


async def test_ranks_of_mpirun(manager, tmp_path: Path, monkeypatch):
    for name in ("OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"):
        monkeypatch.setenv(name, "1")
    # What a container may lack: a remote shell, and reading the memory of other processes.
    monkeypatch.setenv("OMPI_MCA_plm", "isolated")
    monkeypatch.setenv("OMPI_MCA_btl_vader_single_copy_mechanism", "none")
    command = ["mpirun", "--oversubscribe", "-np", "2", "gmx_mpi", "mdrun"]
    engine = gromacs_engine(mdrun_executable=command, mdrun_extra_args="")
    await engine.prepare(None, tmp_path, "sim")
    part = await engine.start_part(1000)
    await part.wait()
    assert part.job.record.resources.cores == 2
    assert "Using 2 MPI processes" in (tmp_path / "sim.part0001.log").read_text()
    assert engine.steps_done == 1000


@pytest.mark.parametrize("text", ["", "no checkpoint at all", "\x00\x02\x9f\x29" + "\x7f" * 40])
async def test_a_damaged_checkpoint_is_named(manager, tmp_path: Path, text: str):
    engine = gromacs_engine()
    await engine.prepare(None, tmp_path, "sim")
    await engine.run_steps(500)
    (tmp_path / "sim.cpt").write_text(text, encoding="latin-1")
    with pytest.raises(EngineError, match=r"sim\.cpt can't be read as a GROMACS checkpoint"):
        await gromacs_engine().prepare_from_files(tmp_path, "sim")


@pytest.mark.parametrize("kind", ["xtc", "trr"])
async def test_killed_after_the_first_checkpoint(manager, tmp_path: Path, kind: str):
    engine = gromacs_engine(output_traj_type=kind, mdrun_extra_args="-nt 1 -cpt 0.002")
    await engine.prepare(None, tmp_path, "sim")
    part = await engine.start_part(FOREVER)
    while not (tmp_path / "sim.cpt").exists():
        await asyncio.sleep(0.01)
    await frames_on_disk(part, len(index_frames(part.trajectory_file)) + 3)
    mdrun_of(part).kill()
    with pytest.raises(EngineCrashedError, match="SIGKILL"):
        await part.wait()
    done = engine.steps_done
    assert done > 0
    there = steps_of(await engine.trajectory_parts())
    assert there == list(range(0, there[-1] + 1, 500)), "frames on disk count"
    await engine.run_steps(1000, steps_per_part=True)
    first, second = await engine.trajectory_parts()
    assert first.last_step <= done, "what was computed again has gone"
    steps = sorted({*steps_of([first, second])})
    assert steps == list(range(0, (done + 1000) // 500 * 500 + 1, 500))


async def test_stopped_between_two_frames(manager, tmp_path: Path):
    engine = gromacs_engine(output_traj_type="trr", nstout=490)
    await engine.prepare(None, tmp_path, "sim")
    for _ in range(3):
        part = await engine.start_part(490 * 10**6)
        await frames_on_disk(part, 3)
        await part.ask_to_stop()
        await part.wait()
    parts = await engine.trajectory_parts()
    steps = sorted({*steps_of(parts)})
    assert len(parts) == 3
    assert steps == list(range(0, steps[-1] + 1, 490))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_from_elsewhere_is_no_failure(manager, tmp_path: Path, number):
    engine = gromacs_engine()
    await engine.prepare(None, tmp_path, "sim")
    part = await engine.start_part(FOREVER)
    await frames_on_disk(part, 2)
    mdrun_of(part).send_signal(number)
    trajectory = await part.wait()
    assert len(trajectory) >= 2
    assert part.job.record.exit_code == 1
    await engine.run_steps(1000, steps_per_part=True)


async def test_engines_share_a_folder_with_enforced_rotation(manager, tmp_path: Path):
    flexible = {
        "rotation": "yes",
        "rot-ngroups": 1,
        "rot-group0": "System",
        "rot-type0": "flex",
        "rot-vec0": [1, 0, 0],
        "rot-rate0": 0.1,
        "rot-k0": 1.0,
        "rot-nstrout": 100,
        "rot-nstsout": 100,
    }
    engines = [gromacs_engine(changes=flexible) for _ in range(2)]
    for number, engine in enumerate(engines):
        await engine.prepare(None, tmp_path, f"walker{number}")
    await asyncio.gather(*(engine.run_steps(1000) for engine in engines))
    # grompp keeps the positions that it took as references under a name of its own.
    names = {path.name for path in tmp_path.iterdir() if path.is_file()} - {"rotref.0.trr"}
    assert all(name.startswith(("walker0", "walker1")) for name in names)
    for number in range(2):
        for written in ("rotation.part0001.xvg", "rotangles.part0001.log"):
            assert f"walker{number}_{written}" in names
        assert "Finished mdrun" in (tmp_path / f"walker{number}.part0001.log").read_text()


async def test_engines_share_a_folder_with_pull_output(manager, tmp_path: Path):
    pull = {
        "pull": "yes",
        "pull-ngroups": 2,
        "pull-ncoords": 1,
        "pull-group1-name": "ACE",
        "pull-group2-name": "NME",
        "pull-coord1-type": "umbrella",
        "pull-coord1-geometry": "distance",
        "pull-coord1-groups": [1, 2],
        "pull-coord1-k": 100.0,
        "pull-coord1-start": "yes",
        "pull-nstxout": 100,
        "pull-nstfout": 100,
    }
    index = tmp_path / "index.ndx"
    index.write_text("[ System ]\n" + " ".join(str(i) for i in range(1, 23)))
    with index.open("a") as file:
        file.write("\n[ ACE ]\n1 2 3 4 5 6\n[ NME ]\n17 18 19 20 21 22\n")
    engines = [gromacs_engine(changes=pull, ndx_file=index) for _ in range(2)]
    for number, engine in enumerate(engines):
        await engine.prepare(None, tmp_path, f"walker{number}")
    await asyncio.gather(*(engine.run_steps(1000) for engine in engines))
    await asyncio.gather(*(engine.run_steps(2000) for engine in engines))
    names = {path.name for path in tmp_path.iterdir() if path.is_file()} - {"index.ndx"}
    assert all(name.startswith(("walker0", "walker1")) for name in names)
    for number in range(2):
        assert f"walker{number}.part0002_pullx.xvg" in names
        assert f"walker{number}.confout.part0002.gro" in names


ODD = ["two words", "$(touch gone)", "it's", '"', "-v", "a.b", "semi;colon", "ünï"]


@pytest.mark.parametrize("name", ODD)
async def test_odd_names_are_names(manager, tmp_path: Path, name: str):
    folder = tmp_path / name
    folder.mkdir()
    engine = gromacs_engine()
    await engine.prepare(None, folder, name)
    await engine.run_steps(500)
    await engine.run_steps(1000)
    assert engine.steps_done == 1000
    assert (folder / f"{name}.part0002.xtc").exists()
    assert not list(tmp_path.rglob("gone"))
    last = engine.current_trajectory
    made = await engine.generate_velocities(last, folder / f"{name}.trr", workdir=folder)
    assert len(made) == 1


async def test_cores_are_shared_fairly(manager, runtime, tmp_path: Path):
    runtime.change_settings(max_cores=2)
    engines = [gromacs_engine(mdrun_extra_args="") for _ in range(3)]
    for number, engine in enumerate(engines):
        await engine.prepare(None, tmp_path, f"sim{number}")
    await engines[0].run_steps(500)
    assert "Using 2 OpenMP threads" in (tmp_path / "sim0.part0001.log").read_text()
    await asyncio.gather(*(engine.run_steps(1000) for engine in engines))
    for name in ("sim0.part0002", "sim1.part0001", "sim2.part0001"):
        assert "Using 1 OpenMP thread " in (tmp_path / f"{name}.log").read_text()


def at_rest(folder: Path) -> Path:
    """The structure without velocities."""
    lines = Path(gromacs_engine().gro_file).read_text().splitlines()
    path = folder / "at_rest.gro"
    path.write_text("\n".join(line[:44] for line in lines) + "\n")
    return path


class TestStarts:
    async def test_without_velocities_they_are_drawn(self, manager, tmp_path: Path):
        with pytest.warns(UserWarning, match="drawn at 310 K"):
            engine = await self.prepared(tmp_path, {"gen-temp": 310}, at_rest(tmp_path))
        trajectory = await engine.run_steps(500)
        assert np.abs(read_frame(trajectory, 0).velocities).max() > 0.1
        assert engine.mdp["gen-vel"] == "no"

    async def test_without_velocities_and_temperature(self, manager, tmp_path: Path):
        changes = dict.fromkeys(("ref-t", "tau-t", "tc-grps", "gen-temp"))
        with pytest.raises(ValueError, match="set gen-temp or ref-t"):
            await self.prepared(tmp_path, {**changes, "integrator": "md"}, at_rest(tmp_path))

    async def test_velocities_of_the_start_are_kept(self, manager, tmp_path: Path):
        first = await self.prepared(tmp_path, {})
        trajectory = await first.run_steps(1000)
        start = read_frame(trajectory, 0)
        second = gromacs_engine(
            output_traj_type="trr", changes={"gen-vel": "no", "continuation": "yes"}
        )
        await second.prepare(trajectory, tmp_path, "second")
        again = read_frame(await second.run_steps(500), 0)
        assert np.array_equal(again.velocities, start.velocities)
        assert np.array_equal(again.positions, start.positions)
        assert again.step == 0

    async def test_a_path(self, manager, tmp_path: Path):
        engine = await self.prepared(tmp_path, {})
        trajectory = await engine.run_steps(500)
        other = gromacs_engine(output_traj_type="trr")
        await other.prepare(trajectory.trajectory_files[0], tmp_path, "other")
        again = await other.run_steps(500)
        assert np.allclose(
            read_frame(again, 0).positions, read_frame(trajectory, 0).positions, atol=1e-4
        )

    @staticmethod
    async def prepared(folder: Path, changes, gro_file: Path | None = None):
        files = {} if gro_file is None else {"gro_file": gro_file}
        engine = gromacs_engine(output_traj_type="trr", changes=changes, **files)
        await engine.prepare(None, folder, "sim")
        return engine


class TestConfigurations:
    async def test_velocities_are_new_each_time(self, manager, tmp_path: Path):
        engine = gromacs_engine(seed=-1)
        first = await engine.generate_velocities(None, tmp_path / "a.trr", workdir=tmp_path)
        second = await engine.generate_velocities(None, tmp_path / "b.trr", workdir=tmp_path)
        assert not np.array_equal(read_frame(first, 0).velocities, read_frame(second, 0).velocities)
        assert sorted(p.name for p in tmp_path.iterdir() if p.is_file()) == [
            "a.trr",
            "a.trr.provenance.json",
            "b.trr",
            "b.trr.provenance.json",
        ]
        assert [p.name for p in tmp_path.iterdir() if p.is_dir()] == [".asyncmd_jobs"]

    async def test_minimized_has_no_velocities(self, manager, tmp_path: Path):
        minimized = await gromacs_engine().minimize(None, tmp_path / "low", workdir=tmp_path)
        frame = read_frame(minimized, 0)
        assert (frame.step, frame.time, frame.velocities) == (0, 0.0, None)

    async def test_constraints_are_fulfilled(self, manager, tmp_path: Path):
        engine = gromacs_engine()
        made = await engine.apply_constraints(None, tmp_path / "c", workdir=tmp_path)
        positions = read_frame(made, 0).positions
        bond = np.linalg.norm(positions[1] - positions[0])
        assert bond == pytest.approx(0.109, abs=2e-6)


class TestBadInput:
    def test_files(self, tmp_path: Path):
        for name in ("gro_file", "top_file", "ndx_file"):
            with pytest.raises(FileNotFoundError, match=f"{name}=.*nowhere"):
                gromacs_engine(**{name: tmp_path / "nowhere"})

    @pytest.mark.parametrize(
        ("options", "error", "words"),
        [
            ({"output_traj_type": "tng"}, ValueError, "'tng' has to be 'xtc' or 'trr'"),
            ({"mdrun_time_conversion_factor": 0}, ValueError, "factor=0 has to be"),
            ({"mdrun_extra_args": "-nsteps 7"}, ValueError, "-nsteps.*engine sets itself"),
            ({"grompp_extra_args": 7}, TypeError, "grompp_extra_args=7"),
            ({"changes": {"integrator": "steep"}}, ValueError, "'steep'.*no MD.*minimize"),
            ({"changes": {"init-step": 5}}, ValueError, "init-step=5"),
            ({"changes": {"nstxout-compressed": 0}}, ValueError, "nstxout-compressed"),
            ({"colour": 7}, TypeError, "colour"),
        ],
    )
    def test_parameters(self, options, error, words):
        with pytest.raises(error, match=words):
            gromacs_engine(**options)

    def test_no_mdp(self):
        engine = gromacs_engine()
        with pytest.raises(TypeError, match=r"'md\.mdp' has to be an MDP"):
            engine.mdp = "md.mdp"

    async def test_missing_program(self, manager, tmp_path: Path):
        engine = gromacs_engine(mdrun_executable="gmx_2031 mdrun")
        with pytest.raises(EngineError, match=r"'gmx_2031' \(mdrun_executable\) was not found"):
            await engine.prepare(None, tmp_path, "sim")
        assert list(tmp_path.iterdir()) == []

    async def test_grompp_says_why(self, manager, tmp_path: Path):
        engine = gromacs_engine(changes={"tc-grps": "Protein Ghost", "ref-t": [300, 300]})
        engine.job_tags = {"run": "a"}
        with pytest.raises(EngineCrashedError, match=r"(?s)sim\.grompp.*Fatal error"):
            await engine.prepare(None, tmp_path, "sim")
        assert not (tmp_path / "sim.tpr").exists()
        assert [dict(record.tags) for record in manager.records()] == [{"run": "a"}]
        good = gromacs_engine()
        await good.prepare(None, tmp_path, "sim")
        await good.run_steps(500)

    async def test_a_start_of_another_system(self, manager, tmp_path: Path):
        engine = gromacs_engine()
        await engine.prepare(None, tmp_path, "sim")
        trajectory = await engine.run_steps(500)
        lines = Path(engine.gro_file).read_text().splitlines()
        small = tmp_path / "small.gro"
        small.write_text("\n".join([lines[0], "21", *lines[2:23], lines[-1]]) + "\n")
        with pytest.raises(ValueError, match=r"22 atoms.*21"):
            await gromacs_engine(gro_file=small).prepare(trajectory, tmp_path, "other")
        assert not list(tmp_path.glob("other*"))

    def test_the_users_object_is_not_changed(self):
        mdp = parameters()
        before = dict(mdp)
        engine = gromacs_engine(mdp=mdp)
        engine.mdp["dt"] = 0.001
        assert dict(mdp) == before
        assert engine.mdconfig is engine.mdp


async def test_moved_files_are_gone_on_from(manager, tmp_path: Path, monkeypatch):
    (tmp_path / "old").mkdir()
    engine = gromacs_engine()
    await engine.prepare(None, tmp_path / "old", "sim")
    await engine.run_steps(500)
    (tmp_path / "old").rename(tmp_path / "new")
    monkeypatch.chdir(tmp_path)
    engine.workdir = "new"
    await engine.run_steps(1000)
    assert engine.current_trajectory.trajectory_files == ["new/sim.part0002.xtc"]
    assert engine.tpr_file == "new/sim.tpr"


async def test_cancelled_while_it_is_prepared(manager, tmp_path: Path):
    engine = gromacs_engine()
    task = asyncio.create_task(engine.prepare(None, tmp_path, "sim"))
    while not manager.records():
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    [record] = manager.records()
    assert (await manager.wait(record)).state is JobState.CANCELLED
    await engine.prepare(None, tmp_path, "sim")
    await engine.run_steps(500)
    assert engine.steps_done == 500


class TestFilesOfOthers:
    async def test_own_parameters_are_not_written_over(self, manager, tmp_path: Path):
        mine = tmp_path / "md.mdp"
        mine.write_bytes(Path(parameters().original_file).read_bytes())
        engine = gromacs_engine(mdp=MDP(mine))
        with pytest.raises(ValueError, match="write over your parameters"):
            await engine.prepare(None, tmp_path, "md")
        assert [path.name for path in tmp_path.iterdir()] == ["md.mdp"]

    @pytest.mark.parametrize("ending", ["tpr", "cpt"])
    async def test_files_of_a_run_by_hand_are_kept(self, manager, tmp_path: Path, ending: str):
        mine = tmp_path / f"md.{ending}"
        mine.write_text("precious")
        with pytest.raises(ValueError, match="was not made by an engine"):
            await gromacs_engine().prepare(None, tmp_path, "md")
        assert mine.read_text() == "precious"

    @pytest.mark.parametrize(("first", "second"), [("xtc", "trr"), ("trr", "xtc")])
    async def test_parts_of_the_other_type(self, manager, tmp_path: Path, first, second):
        engine = gromacs_engine(output_traj_type=first)
        await engine.prepare(None, tmp_path, "sim")
        await engine.run_steps(500)
        with pytest.raises(ValueError, match=r"sim\.part0001"):
            await gromacs_engine(output_traj_type=second).prepare(None, tmp_path, "sim")
        await engine.run_steps(1000)

    async def test_a_preparation_that_fails_leaves_the_one_before(self, manager, tmp_path: Path):
        await gromacs_engine().prepare(None, tmp_path, "sim")
        before = {path.name: path.read_bytes() for path in tmp_path.glob("sim*")}
        bad = gromacs_engine(changes={"tc-grps": "Ghost"})
        with pytest.raises(EngineCrashedError):
            await bad.prepare(None, tmp_path, "sim")
        assert before == {path.name: path.read_bytes() for path in tmp_path.glob("sim*")}
        assert [path.name for path in tmp_path.glob(".sim*")] == []


async def test_parameters_changed_after_the_preparation(manager, tmp_path: Path):
    engine = gromacs_engine()
    await engine.prepare(None, tmp_path, "sim")
    await engine.run_steps(500)
    engine.mdp["nstxout-compressed"] = 50
    with pytest.raises(EngineError, match="nstout 500 there, 50 here"):
        await engine.run_steps(1000)
    engine.mdp["nstxout-compressed"] = 500
    await engine.run_steps(1000)
    assert engine.frames_done == 3


def test_spellings_of_integrators():
    gromacs_engine(changes={"integrator": "MD_VV"})


async def test_helpers_refuse_what_is_no_engine(tmp_path: Path):
    with pytest.raises(ValueError, match="engine=None"):
        await get_all_traj_parts(tmp_path, "sim", None)
    with pytest.raises(ValueError, match="mdconfig=None"):
        ensure_mdconfig_options(None)


async def test_what_is_set_holds_from_the_next_part_on(manager, tmp_path: Path):
    engine = gromacs_engine(nstout=10)
    await engine.prepare(None, tmp_path, "sim")
    await engine.run_steps(10)
    engine.mdrun_extra_args = "-nt 1 -reprod"
    engine.mdrun_executable = ["gmx", "-nocopyright", "mdrun"]
    engine.mdrun_time_conversion_factor = 0.5
    part = await engine.start_part(nsteps=20, walltime=1.0)
    argv = part.job.record.command.argv
    assert argv[:3] == ("gmx", "-nocopyright", "mdrun")
    assert "-reprod" in argv
    assert argv[argv.index("-maxh") + 1] == "0.5"
    assert len(await part.wait()) == 2
    with pytest.raises(ValueError, match=r"-nsteps.*engine sets itself"):
        engine.mdrun_extra_args = "-nsteps 5"
    assert engine.mdrun_extra_args == "-nt 1 -reprod"
    engine.grompp_executable = "gmx -quiet grompp"
    other = engine.clone()
    assert other.grompp_executable == "gmx -quiet grompp"
    await other.prepare(None, tmp_path, "other")


@pytest.mark.parametrize(("option", "word"), [("-h", "-h"), ("-version", "MPI library")])
async def test_a_program_that_ends_well_without_a_step_is_quoted(
    manager, tmp_path: Path, option: str, word: str
):
    engine = gromacs_engine(mdrun_extra_args=option)
    await engine.prepare(None, tmp_path, "sim")
    said = rf"(?s)sim.part0001 ended well, but took no step\.\nIts last words:\n.*{word}.*Folder: "
    for walltime in (None, 0.1):
        with pytest.raises(EngineCrashedError, match=said) as caught:
            await engine.run(1000, walltime=walltime)
    assert diagnose_error(caught.value).title == "Program took no step"


async def test_a_propagator_quotes_a_program_that_takes_no_step(manager, tmp_path: Path):
    engine = gromacs_engine(mdrun_extra_args="-version")
    propagator = InPartsTrajectoryPropagator.from_engine(engine, 1000, walltime_per_part=0.1)
    with pytest.raises(EngineError, match=r"(?s)in a row took no step.*last words:.*MPI library"):
        await propagator.propagate(None, tmp_path, "sim")
