"""Jobs of engines that end before their part does: no frame is lost, none is there twice."""

from __future__ import annotations

import asyncio
import itertools

import numpy as np
import pytest
from engine_harness import all_frames, parts_of
from engine_systems import double_well_engine
from slurm.launcher.launching import queued, until
from test_conformance import frames_on_disk

from asyncmd_jupyter.errors import EngineCrashedError, EngineError, SlurmCancellationError
from asyncmd_jupyter.jobs.manager import JobManager
from asyncmd_jupyter.jobs.model import JobState
from asyncmd_jupyter.sampling.propagate import ConditionalTrajectoryPropagator

SPOT = {"partition": "spot", "exclusive": "", "nodes": "4"}
SPOT_REQUEUE = {**SPOT, "partition": "spot-requeue"}

# A command that takes its time to come to the MD, so that it can be ended before.
FOREVER = 10**9

SLOW_START = "#!/bin/bash\ntouch begun.$SLURM_JOB_ID\nsleep 60 || exit\n{mdrun_cmd}\n"


def jobs():
    """All jobs of parts, oldest first."""
    records = reversed(JobManager.current().records())
    return [record for record in records if "part" in record.tags]


def slurm_engine(**changes):
    """A particle that needs some seconds for the steps of these tests."""
    return double_well_engine(**{"launcher": "slurm", "nstout": 100, **changes})


async def next_part(engine, part, running):
    """The next part of an engine that is being run, once its job was submitted."""
    await until(lambda: running.done() or engine.running_part not in (None, part))
    return engine.running_part or await running


def put_back(cluster, record):
    cluster.control.run("scontrol", "requeue", JobManager.current().newest(record).native_id)


def preempt(cluster, record):
    cluster.control.submit("true", "--partition=urgent")


def lose_node(cluster, record):
    node = JobManager.current().newest(record).nodes[0]
    # The controller may take its last words for a sign of life, and give it the next job.
    cluster.drain(node)
    cluster.kill_node(node)
    cluster.declare_down(node)


ENDS = {
    "put back": (put_back, {"requeue": ""}, {"REQUEUED"}),
    "preempted": (preempt, SPOT, {"PREEMPTED"}),
    "preempted and put back": (preempt, {**SPOT_REQUEUE, "requeue": ""}, {"REQUEUED"}),
    "node": (lose_node, {}, {"NODE_FAIL"}),
    "node, put back": (lose_node, {"requeue": ""}, {"REQUEUED", "NODE_FAIL"}),
}


@pytest.mark.parametrize("kind", ENDS)
async def test_the_run_goes_on_by_itself(manager, cluster, work, kind):
    end, options, causes = ENDS[kind]
    engine = slurm_engine(sbatch_options=options)
    await engine.prepare(None, work, "sim")
    running = asyncio.create_task(engine.run_steps(FOREVER))
    first = await next_part(engine, None, running)
    await frames_on_disk(first, 3)
    await until(lambda: first.job.record.nodes)
    await asyncio.to_thread(end, cluster, first.job.record)
    second = await next_part(engine, first, running)
    await frames_on_disk(second, 3)
    await second.ask_to_stop()
    trajectory = await running
    assert first.job.record.cause in causes
    assert [record.attempt for record in jobs()] == [0, 0]
    await until(lambda: queued(cluster) == {})
    assert len(trajectory.paths) == 2
    assert trajectory.last_step == engine.steps_done
    steps, _ = all_frames(await parts_of(engine, work, "sim"))
    assert steps == list(range(0, engine.steps_done + 1, engine.nstout))


async def test_frames_of_an_interrupted_part_count_at_once(manager, cluster, work):
    engine = slurm_engine(sbatch_options={"requeue": ""})

    def later(traj):
        return traj.frame_table().steps >= 200

    later.needs_whole_part = True
    await engine.prepare(None, work, "sim")
    part = await engine.start_part(FOREVER)
    await frames_on_disk(part, 5)
    put_back(cluster, part.job.record)
    propagator = ConditionalTrajectoryPropagator.from_engine(engine, [later], walltime_per_part=1.0)
    parts, index = await propagator.propagate(None, work, "sim", continuation=True)
    assert index == 0
    assert len(jobs()) == 1, "what was on disk was enough"
    assert parts[0].frame_table().steps[0] == 0


async def test_never_getting_anywhere_ends_with_the_reason(manager, cluster, runtime, work):
    runtime.change_settings(max_fruitless_parts=2)
    engine = slurm_engine(sbatch_script=SLOW_START, sbatch_options={"requeue": ""})
    await engine.prepare(None, work, "sim")
    running = asyncio.create_task(engine.run_steps(10 * engine.nstout))
    for number in itertools.count(1):
        while len(list(work.glob("begun.*"))) < number and not running.done():
            await asyncio.sleep(0.01)
        if running.done():
            break
        put_back(cluster, jobs()[-1])
    with pytest.raises(EngineError, match=r"2 parts .*took no step.*back into the queue"):
        await running
    assert len(jobs()) == 2


async def test_cancelled_by_hand_it_stays_cancelled(manager, cluster, work):
    engine = slurm_engine()
    await engine.prepare(None, work, "sim")
    running = asyncio.create_task(engine.run_steps(FOREVER))
    part = await next_part(engine, None, running)
    await frames_on_disk(part, 3)
    cluster.control.run("scancel", part.job.record.native_id)
    with pytest.raises(SlurmCancellationError, match="Somebody cancelled it in Slurm"):
        await running
    assert len(jobs()) == 1
    more = await engine.run_steps(5 * engine.nstout, steps_per_part=True)
    assert more.last_step == engine.steps_done
    steps, _ = all_frames(await parts_of(engine, work, "sim"))
    assert steps == [engine.nstout * number for number in range(len(steps))]


async def test_notice_is_given_before_the_limit(manager, cluster, work):
    engine = slurm_engine()
    await engine.prepare(None, work, "sim")
    part = await engine.start_part(walltime=0.1)
    await frames_on_disk(part, 3)
    shown = cluster.control.run("scontrol", "show", "job", part.job.record.native_id)
    assert "TimeLimit=00:06:00" in shown
    cluster.control.run(
        "scontrol", "update", f"jobid={part.job.record.native_id}", "EndTime=now+50"
    )
    end = await part.finish()
    assert part.job.record.cause == "NOTICE"
    assert "time limit was near" in end.interruption
    assert end.trajectory.last_step == end.steps_done, "it ended on a frame, with a checkpoint"


async def test_exactly_what_an_undisturbed_run_gives(manager, cluster, work):
    engine, undisturbed = slurm_engine(platform="Reference"), double_well_engine(nstout=100)
    await engine.prepare(None, work, "sim")
    part = await engine.start_part(FOREVER)
    await frames_on_disk(part, 3)
    await until(lambda: part.job.record.nodes)
    lose_node(cluster, part.job.record)
    end = await part.finish()
    n_steps = (end.steps_done // 100 + 3) * 100
    await engine.run_steps(n_steps)
    (work / "undisturbed").mkdir()
    await undisturbed.prepare(None, work / "undisturbed", "sim")
    expected = await undisturbed.run_steps(n_steps)
    steps, positions = all_frames(await parts_of(engine, work, "sim"))
    expected_steps, expected_positions = all_frames([expected])
    assert steps == expected_steps
    assert np.array_equal(positions[0], expected_positions[0])


@pytest.mark.gromacs
async def test_a_program_that_fails_is_no_interruption(manager, work):
    from gromacs_systems import gromacs_engine

    engine = gromacs_engine(launcher="slurm", mdrun_extra_args="-nt 1 -nonsense")
    await engine.prepare(None, work, "sim")
    with pytest.raises(EngineCrashedError, match="nonsense"):
        await engine.run_steps(engine.nstout)
    assert len(jobs()) == 1


async def test_a_part_that_is_not_needed_is_ended_before_it_begins(manager, work):
    engine = slurm_engine(sbatch_script="#!/bin/bash\ntouch begun\nsleep 60 || exit\n{mdrun_cmd}\n")

    def later(traj):
        return traj.frame_table().steps >= 200

    later.needs_whole_part = True
    await engine.prepare(None, work, "sim")
    first = engine.clone()
    first.sbatch_script = None
    await first.prepare_from_files(work, "sim")
    await first.run_steps(1000)
    await engine.prepare_from_files(work, "sim")
    await engine.start_part(FOREVER)
    await until((work / "begun").exists)
    propagator = ConditionalTrajectoryPropagator.from_engine(engine, [later], walltime_per_part=1.0)
    _, index = await propagator.propagate(None, work, "sim", continuation=True)
    assert index == 0
    assert jobs()[-1].state is JobState.CANCELLED
