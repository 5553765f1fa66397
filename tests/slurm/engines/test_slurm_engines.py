"""Scripts, options and campaigns of engines in Slurm."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from engine_harness import all_frames, parts_of
from engine_systems import double_well_engine, double_well_system
from gromacs_systems import STEM, gromacs_engine, parameters
from job_helpers import until
from slurm.launcher.launching import queued, submit
from test_conformance import frames_on_disk

from asyncmd_jupyter import gromacs, openmm
from asyncmd_jupyter.errors import EngineCrashedError, SubmissionError
from asyncmd_jupyter.frames.read import read_frame
from asyncmd_jupyter.jobs.manager import JobManager
from asyncmd_jupyter.sampling.run import start_run

SCRIPT = """\
#!/bin/bash
#SBATCH --partition=main
#SBATCH --cpus-per-task=2
set -eu
names=(a b)  # braces: ${names[@]} {other} $((1 + 1))
threads=${OMP_NUM_THREADS-$SLURM_CPUS_PER_TASK}
echo "${#names[@]} names, $threads threads, job $SLURM_JOB_ID" >"about.$SLURM_JOB_ID"
{mdrun_cmd}
echo ended >>"about.$SLURM_JOB_ID"
"""


@pytest.fixture(params=["text", "file"])
def script(request, tmp_path):
    if request.param == "text":
        return SCRIPT
    path = tmp_path / "a script $(x).sh"
    path.write_text(SCRIPT)
    return path


@pytest.mark.gromacs
async def test_the_class_for_users_of_the_predecessor(manager, cluster, work, script):
    engine = gromacs.SlurmGmxEngine(
        parameters(nstout=50),
        STEM.with_suffix(".gro"),
        STEM.with_suffix(".top"),
        sbatch_script=script,
        sbatch_options={"mem": 100, "exclusive": ""},
        mdrun_executable="gmx mdrun",
        mdrun_extra_args="-ntmpi 1",
    )
    await engine.prepare(None, work, "it's $(sim)")
    trajectory = await engine.run(nsteps=500, walltime=0.05)
    assert trajectory.last_step == 500
    job = JobManager.current().records()[0]
    about = work / f"about.{job.native_id}"
    assert about.read_text() == f"2 names, 2 threads, job {job.native_id}\nended\n"
    shown = cluster.control.run("scontrol", "show", "job", job.native_id)
    for fact in ("TimeLimit=00:03:00", "MinMemoryNode=100M", "Partition=main", "OverSubscribe=NO"):
        assert fact in shown
    assert "-maxh 0.0495" in job.user_script.read_text()
    await engine.run(nsteps=1000)
    steps, _ = all_frames(await parts_of(engine, work, "it's $(sim)"))
    assert steps == list(range(0, 1001, 50))


def test_defaults_of_the_classes(tmp_path):
    script = tmp_path / "script"
    script.write_text(SCRIPT)
    files = (parameters(), STEM.with_suffix(".gro"), STEM.with_suffix(".top"))
    engine = gromacs.SlurmGmxEngine(*files, sbatch_script=script)
    assert (engine.launcher, engine.sbatch_script, engine.sbatch_options) == ("slurm", script, {})
    assert engine._mdrun == ("gmx_mpi", "mdrun")
    assert engine.mdrun_time_conversion_factor == 0.99
    made = double_well_engine()
    assert made.launcher == "local"
    assert double_well_engine(sbatch_options={}).launcher == "slurm"
    assert double_well_engine(sbatch_options={"mem": "1G"}, launcher="local").launcher == "local"
    assert issubclass(openmm.SlurmOpenMMEngine, openmm.OpenMMEngine)
    with pytest.raises(TypeError, match="unexpected"):
        gromacs.SlurmGmxEngine(*files, sbatch_script=script, nonsense=1)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"sbatch_script": "#!/bin/bash\ngmx\n"}, ValueError, "does not contain {mdrun_cmd}"),
        ({"sbatch_script": "nowhere.sh"}, FileNotFoundError, "nowhere.sh"),
        ({"sbatch_script": "#!/bin/sh\n#SBATCH -a 1-2\n{mdrun_cmd}"}, ValueError, "array"),
        ({"sbatch_options": {"array": "1-2"}}, ValueError, "array"),
        ({"sbatch_options": {"--mem": "1"}}, ValueError, "without dashes"),
        ({"sbatch_options": {"mem": None}}, ValueError, "None"),
        ({"sbatch_options": {"exclusive": True}}, ValueError, "True"),
        ({"sbatch_options": "mem=1"}, TypeError, "mapping"),
    ],
)
def test_what_can_not_be_meant(given, error, message):
    engine = double_well_engine()
    with pytest.raises(error, match=message):
        double_well_engine(**given)
    for name, value in given.items():
        with pytest.raises(error, match=message):
            setattr(engine, name, value)


async def test_the_class_for_openmm(manager, work):
    engine = openmm.SlurmOpenMMEngine(
        double_well_system(),
        None,
        np.array([[-0.25, 0.0, 0.0]]),
        nstout=10,
        sbatch_script=SCRIPT,
        seed=1,
        temperature=300,
    )
    await engine.prepare(None, work, "sim")
    await engine.run_steps(100)
    job = JobManager.current().records()[0]
    assert "ended" in (work / f"about.{job.native_id}").read_text()
    assert engine.steps_done == 100


async def test_options_may_change_between_parts(manager, cluster, work):
    engine = double_well_engine(launcher="slurm")
    await engine.prepare(None, work, "sim")
    await engine.run_steps(100)
    engine.sbatch_options = {"partition": "urgent"}
    await engine.run_steps(200)
    engine.launcher = "local"
    await engine.run_steps(300)
    local, urgent, first = JobManager.current().records()
    shown = cluster.control.run("squeue", "--states=all", "--noheader", "--format=%i %P")
    partitions = dict(line.split() for line in shown.splitlines())
    assert partitions[first.native_id] == "main"
    assert partitions[urgent.native_id] == "urgent"
    assert local.launcher == "local"
    steps, _ = all_frames(await parts_of(engine, work, "sim"))
    assert steps == list(range(0, 301, 10))


async def test_a_refused_submission_leaves_the_engine_usable(manager, work):
    engine = double_well_engine(sbatch_options={"partition": "nowhere"})
    await engine.prepare(None, work, "sim")
    with pytest.raises(SubmissionError, match="invalid partition"):
        await engine.run_steps(100)
    engine.sbatch_options = {}
    assert (await engine.run_steps(100)).last_step == 100


def right(traj):
    """In the right well."""
    return np.array([read_frame(traj, number).positions[0, 0] > 0.2 for number in range(len(traj))])


async def test_a_run_of_walkers_stops_live(manager, cluster, work):
    """The quickstart's campaign: only the launcher differs."""
    engine = double_well_engine(x=0.02, launcher="slurm", temperature=600.0)

    run = start_run(
        engine, None, until=[right], max_steps=10**9, name="r", n_walkers=6, workdir=work
    )
    results = await run
    assert len(results) == 6
    for result in results:
        reached = right(result)
        assert reached[-1]
        assert not reached[:-1].any()
    records = [r for r in JobManager.current().records() if r.launcher == "slurm"]
    assert all(record.stop_requested for record in records)


async def test_the_limit_on_jobs_holds_for_walkers(manager, runtime, work):
    slurm = type(runtime.settings.slurm)(min_time_between_calls=0.2, max_jobs=1)
    runtime.change_settings(slurm=slurm)
    engines = [double_well_engine(launcher="slurm").clone(number) for number in range(3)]
    for number, engine in enumerate(engines):
        await engine.prepare(None, work, f"sim{number}")
    blocker = await submit(manager, "until_file", work / "up", work / "gate", cwd=work)
    running = [asyncio.create_task(engine.run_steps(100)) for engine in engines]
    await until((work / "up").exists)
    (work / "gate").touch()
    assert [(await task).last_step for task in running] == [100] * 3
    await blocker.wait()


@pytest.mark.gromacs
@pytest.mark.parametrize("script", [None, "#!/bin/bash\n{mdrun_cmd}\n"])
@pytest.mark.parametrize("starter", ["srun", "mpirun --allow-run-as-root -np 1"])
async def test_programs_that_are_started_by_others_stop_well(manager, work, starter, script):
    engine = gromacs_engine(
        launcher="slurm", nstout=50, sbatch_script=script, mdrun_executable=f"{starter} gmx mdrun"
    )
    await engine.prepare(None, work, "sim")
    part = await engine.start_part(10**9)
    await frames_on_disk(part, 3)
    await part.ask_to_stop()
    end = await part.finish()
    assert end.steps_done >= 100, "it has saved its state"
    assert (await engine.run_steps(500, steps_per_part=True)).last_step == engine.steps_done
    assert engine.steps_done > end.steps_done


async def test_cancelling_a_run_is_no_command_for_each_job(manager, cluster, doorman, work):
    engine = double_well_engine(launcher="slurm", sbatch_options={"hold": ""})
    run = start_run(engine, None, until=[right], name="r", n_walkers=6, workdir=work)
    await until(lambda: len(queued(cluster)) == 6)
    await run.cancel()
    # Wishes that come a moment later, on a busy machine, are a command of their own.
    assert len(doorman.calls("scancel")) <= 2
    assert queued(cluster) == {}
    assert len(doorman.calls("sbatch")) == 1, "equal jobs are one array"


@pytest.mark.parametrize("line", ["exit 0", "true # {mdrun_cmd}"])
async def test_a_script_that_does_not_run_the_program(manager, work, line):
    script = f"#!/bin/bash\n{line}\n{{mdrun_cmd}}\n" if "exit" in line else f"#!/bin/bash\n{line}\n"
    engine = double_well_engine(launcher="slurm", sbatch_script=script)
    await engine.prepare(None, work, "sim")
    with pytest.raises(EngineCrashedError, match="took no step"):
        await engine.run_steps(100)
