"""Functions that are programs, on a real cluster."""

from __future__ import annotations

import asyncio
import sys

import numpy as np
import pytest
from sampling import handmade
from sampling.function_programs import calls, executable, left_beside
from sampling.killed_evaluation import evaluate, kill_kernel_within
from slurm.launcher.launching import queued, until

from asyncmd_jupyter import config
from asyncmd_jupyter.errors import SlurmCancellationError, SlurmError, SubmissionError
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.sampling.run import start_run
from asyncmd_jupyter.testing import MemoryLauncher, ToyEngine
from asyncmd_jupyter.testing.toy_worker import main as toy_main
from asyncmd_jupyter.trajectory import SlurmTrajectoryFunctionWrapper

HOSTILE = ["a 0", "a'; touch owned; '", "a\n0", "$(touch owned)", '"`touch owned`" \\', "-rf %j"]

_RADIUS = f"""\
#!{sys.executable}
import sys
import MDAnalysis, numpy
structure, first, second, result, key, name = sys.argv[1:]
universe = MDAnalysis.Universe(structure, first, second)
atoms = universe.select_atoms("name " + name)
numpy.save(result, [[atoms.center_of_mass()[0], atoms.n_atoms] for _ in universe.trajectory])
"""


def states_of(cluster, before):
    """What Slurm says of all jobs since then."""
    return [state for job, state in cluster.control.squeue().items() if job not in before]


@pytest.fixture
def traj(tmp_path):
    return handmade.trajectory(tmp_path / "data", [0.5, -0.25, 1.5])


async def test_20_trajectories_at_once(tool, cluster, doorman, tmp_path):
    before = cluster.control.squeue()
    trajs = [handmade.trajectory(tmp_path / "data", [n, -n], f"traj{n}") for n in range(20)]
    values = await asyncio.gather(*map(tool(), trajs))
    assert [each.tolist() for each in values] == [[n, -n] for n in range(20)]
    assert left_beside(tmp_path / "data") == []
    n_submissions = len(doorman.calls("sbatch"))
    again = await asyncio.gather(*map(tool(), trajs))
    assert np.array_equal(again, values)
    assert len(doorman.calls("sbatch")) == n_submissions
    assert len(calls(tmp_path)) == 20
    await until(lambda: states_of(cluster, before) == ["COMPLETED"] * 20)


async def test_names_are_data(tool, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    async def one(name):
        path = tmp_path / name / "tool.sh"
        program = executable(path, f'#!/bin/sh\nexec "{tmp_path}/places.py" "$@"\n')
        function = tool(executable=program, call_kwargs={name: name})
        function.slurm_jobname = name
        return await function(handmade.trajectory(tmp_path / name, [1.0], name))

    tool()  # writes the program
    values = await asyncio.gather(*map(one, HOSTILE))
    assert [each.tolist() for each in values] == [[1.0]] * len(HOSTILE)
    assert sorted(call[-1] for call in calls(tmp_path)) == sorted(HOSTILE)
    assert list(tmp_path.rglob("owned")) == []
    assert [left_beside(tmp_path / name) for name in HOSTILE] == [[]] * len(HOSTILE)


async def test_with_mdanalysis_on_several_files(manager, cluster, doorman, tmp_path):
    one = handmade.trajectory(tmp_path, [0.5, 1.0], "one")
    two = handmade.trajectory(tmp_path, [2.0], "two")
    program = executable(tmp_path / "radius.py", _RADIUS)
    script = "#!/bin/bash\n#SBATCH --partition=short\nset -eu; a=${1:-{}}\n{cmd_str}\n"
    function = SlurmTrajectoryFunctionWrapper(
        program, script, sbatch_options={"mem": "10M"}, call_kwargs={"select": "P"}
    )
    values = await function(Trajectory([one.paths[0], two.paths[0]], one.structure_path))
    assert np.allclose(values, [[5, 1], [10, 1], [20, 1]])
    argv = doorman.calls("sbatch")[0].argv
    assert {f"--job-name=CVfunc_id_{function.id}", "--mem=10M"} <= set(argv)
    accounted = cluster.control.run("squeue", "--states=all", "--noheader", "--format=%P")
    assert "short" in accounted.split()


async def test_a_failing_program(tool, traj, cluster, tmp_path):
    with pytest.raises(SlurmError) as caught:
        await tool(call_kwargs={"exit": 1})(traj)
    for part in ("exit code 1", "this is said", "that went wrong", ".asyncmd_jobs"):
        assert part in str(caught.value)
    assert len(calls(tmp_path)) == 1
    assert len(left_beside(tmp_path / "data")) == 1


async def test_a_refused_job(tool, traj):
    with pytest.raises(SubmissionError, match="invalid partition"):
        await tool(sbatch_options={"partition": "nowhere"})(traj)


async def test_no_more_jobs_at_once_than_allowed(tool, cluster, tmp_path):
    config.set_slurm_max_jobs(2)
    gate = tmp_path / "gate"
    trajs = [handmade.trajectory(tmp_path / "data", [n], f"traj{n}") for n in range(5)]
    asking = asyncio.gather(*map(tool(call_kwargs={"gate": str(gate)}), trajs))
    await until(lambda: len(calls(tmp_path)) == 2)
    assert len(queued(cluster)) == 2
    gate.touch()
    assert [values.tolist() for values in await asking] == [[n] for n in range(5)]


async def test_cancelled_it_leaves_nothing_behind(tool, traj, cluster, tmp_path):
    held = tool(sbatch_options={"hold": ""})
    running = tool(call_kwargs={"gate": str(tmp_path / "gate")})
    asking = [asyncio.create_task(function(traj)) for function in (held, running)]
    await until(lambda: calls(tmp_path) and len(queued(cluster)) == 2)
    for task in asking:
        task.cancel()
    await asyncio.wait(asking)
    assert all(task.cancelled() for task in asking)
    await until(lambda: queued(cluster) == {})
    await until(lambda: left_beside(tmp_path / "data") == [])


async def test_cancelled_outside(tool, traj, cluster):
    asking = asyncio.create_task(tool(sbatch_options={"hold": ""})(traj))
    await until(lambda: queued(cluster))
    cluster.control.run("scancel", *queued(cluster))
    with pytest.raises(SlurmCancellationError, match="Somebody cancelled it"):
        await asking


async def test_preempted_it_is_begun_again(tool, traj, cluster, doorman, tmp_path):
    gate = tmp_path / "gate"
    options = {"partition": "spot", "exclusive": "", "nodes": 4}
    function = tool(sbatch_options=options, call_kwargs={"gate": str(gate)})
    asking = asyncio.create_task(function(traj))
    await until(lambda: calls(tmp_path))
    cluster.control.submit("true", "--partition=urgent")
    await until(lambda: len(calls(tmp_path)) == 2)
    gate.touch()
    assert (await asking).tolist() == [0.5, -0.25, 1.5]
    sent = [call for call in doorman.calls("sbatch") if "--partition=spot" in call.argv]
    assert len(sent) == 2


async def test_after_its_node_died_it_is_begun_again(tool, manager, traj, cluster, tmp_path):
    gate = tmp_path / "gate"
    function = tool(sbatch_options={"no-requeue": ""}, call_kwargs={"gate": str(gate)})
    asking = asyncio.create_task(function(traj))
    await until(lambda: calls(tmp_path) and manager.records()[0].nodes)
    (node,) = manager.records()[0].nodes
    await asyncio.to_thread(cluster.kill_node, node)
    await asyncio.to_thread(cluster.declare_down, node)
    await until(lambda: len(calls(tmp_path)) == 2)
    gate.touch()
    assert (await asking).tolist() == [0.5, -0.25, 1.5]
    assert sorted(job.cause for job in manager.records()) == ["", "NODE_FAIL"]


async def test_jobs_of_a_killed_kernel_are_taken_over(manager, cluster, tmp_path):
    before = cluster.control.squeue()
    for n in range(4):
        handmade.trajectory(tmp_path / "data", [n], f"traj{n}")
    await kill_kernel_within(tmp_path, "slurm", 4)
    asking = asyncio.create_task(evaluate(tmp_path, "slurm"))
    await until(lambda: len(manager.records()) == 4)
    (tmp_path / "gate").touch()
    assert [values.tolist() for values in await asking] == [[n] for n in range(4)]
    await until(lambda: states_of(cluster, before) == ["COMPLETED"] * 4)
    assert left_beside(tmp_path / "data") == []


async def test_as_a_condition_of_a_run(tool, manager, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    manager.register(MemoryLauncher({"asyncmd_jupyter.testing.toy_worker": toy_main}))
    engine = ToyEngine(0.0, seed=5, launcher="memory")
    right = tool(call_kwargs={"above": 0.2})
    run = start_run(engine, None, until=[(None, right)], name="run", walltime_per_part=0.2 / 3600)
    found = handmade.places(await run) > 0.2
    assert found.tolist() == [False] * (len(found) - 1) + [True]
    assert {job.launcher for job in manager.records()} == {"memory", "slurm"}
