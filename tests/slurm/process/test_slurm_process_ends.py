"""How processes in Slurm end that did not simply end, and what that does to others."""

from __future__ import annotations

import asyncio
import signal

import pytest
from job_helpers import until_up
from slurm.launcher.launching import LongestBlock, queued, until

from asyncmd_jupyter import config
from asyncmd_jupyter.jobs.manager import JobManager
from asyncmd_jupyter.slurm import SlurmProcess, create_slurmprocess_submit
from asyncmd_jupyter.slurm.constants_and_errors import SlurmSubmissionError

UNTIL = "#!/bin/bash\necho up >up\nexec sleep 600\n"
CAUGHT = """#!/bin/bash
trap 'echo caught; exit 7' INT
echo up >up
while :; do sleep 0.02; done
"""
HELD = {"hold": ""}


async def test_a_dead_node_is_told_apart_and_avoided(manager, cluster, doorman, work):
    config.set_slurm_settings(num_fails_for_broken_node=1)
    options = {"nodelist": "n[2-3]", "nodes": 2}
    process = await create_slurmprocess_submit("dies", UNTIL, work, sbatch_options=options)
    await until_up(work / "up", "up\n")
    await until(lambda: process.nodes)
    await asyncio.to_thread(cluster.kill_node, "n3")
    await asyncio.to_thread(cluster.declare_down, "n3")
    assert await process.wait() == 2
    assert (process.slurm_job_state, process.nodes) == ("NODE_FAIL", ["n2", "n3"])
    assert (work / f"dies.out.{process.slurm_jobid}").exists()
    assert process.slurm_cluster_mediator.broken_nodes == ["n2", "n3"]
    last = await create_slurmprocess_submit("lives", "#!/bin/sh\nexit 0\n", work)
    assert await last.wait() == 0
    assert "--exclude=n2,n3" in doorman.calls("sbatch")[-1].argv


@pytest.mark.parametrize("chosen", ["an option", "a line"])
async def test_what_may_be_put_back_goes_on(manager, cluster, work, chosen):
    script = UNTIL if chosen == "an option" else UNTIL.replace("echo", "#SBATCH --requeue\necho", 1)
    options = {"nodelist": "n4", **({"requeue": ""} if script == UNTIL else {})}
    process = await create_slurmprocess_submit("again", script, work, sbatch_options=options)
    await until_up(work / "up", "up\n")
    await until(lambda: process.nodes)
    assert process.nodes == ["n4"]
    (work / "up").unlink()
    cluster.control.run("scontrol", "requeue", process.slurm_jobid)
    await until(lambda: process._job.record.attempt == 1)
    assert process.returncode is None
    process.terminate()
    assert await process.wait() == 1


async def test_what_may_run_once_is_not_put_back(manager, cluster, work):
    process = await create_slurmprocess_submit("once", UNTIL, work)
    await until_up(work / "up", "up\n")
    with pytest.raises(Exception, match="disabled"):
        cluster.control.run("scontrol", "requeue", process.slurm_jobid)
    process.terminate()
    assert await process.wait() == 1


async def test_no_node_is_blamed_for_errors_of_users(manager, doorman, work):
    processes = [SlurmProcess("bad", "#!/bin/bash\nexit 1\n", workdir=work) for _ in range(12)]
    await asyncio.gather(*(process.submit() for process in processes))
    assert await asyncio.gather(*(process.wait() for process in processes)) == [1] * 12
    assert {process.slurm_job_state for process in processes} == {"FAILED"}
    assert SlurmProcess.slurm_cluster_mediator.broken_nodes == []
    assert doorman.calls("sacct") == []


async def test_a_hundred_are_terminated_at_once(manager, cluster, doorman, work):
    running = await create_slurmprocess_submit("running", UNTIL, work)
    await until_up(work / "up", "up\n")
    held = [SlurmProcess("held", UNTIL, workdir=work, sbatch_options=HELD) for _ in range(100)]
    await asyncio.gather(*(process.submit() for process in held))
    processes = [running, *held]
    loop = asyncio.get_running_loop()
    async with LongestBlock() as block:
        begin = loop.time()
        for process in processes:
            process.terminate()
        waiting = [process.wait() for process in processes for _ in range(2)]
        codes = await asyncio.gather(*waiting)
        took = loop.time() - begin
    print(f"ended in {took:.2f} s, longest block {1000 * block.seconds:.0f} ms")
    assert set(codes) == {1}
    assert {process.slurm_job_state for process in processes} == {"CANCELLED"}
    assert len(doorman.calls("scancel")) == 1
    assert block.seconds < took / 2
    assert queued(cluster) == {}


async def test_cancelling_the_task_that_submits(manager, cluster, doorman, work):
    before = set(cluster.control.squeue())
    doorman.delay("sbatch", 0.5, times=3)
    processes = [SlurmProcess("leaks", UNTIL, workdir=work) for _ in range(3)]
    tasks = [asyncio.create_task(process.submit()) for process in processes]
    await until(lambda: doorman.calls("sbatch"))
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    assert all(task.cancelled() for task in tasks)
    assert all(record.cancel_requested for record in manager.records())
    await asyncio.gather(*map(manager.wait, manager.records()))
    assert queued(cluster) == {}
    assert len(set(cluster.control.squeue()) - before) <= 3
    await processes[0].submit()
    assert processes[0].slurm_jobid is not None
    processes[0].terminate()


async def test_a_refused_submission_frees_its_slot(manager, doorman, work):
    config.set_slurm_max_jobs(1)
    bad = SlurmProcess("bad", UNTIL, workdir=work, sbatch_options={"partition": "none"})
    with pytest.raises(SlurmSubmissionError, match=r"'bad'.*invalid partition"):
        await bad.submit()
    first = await create_slurmprocess_submit("first", UNTIL, work)
    later = asyncio.create_task(bad.submit())
    await until(lambda: len(manager.records()) == 3)
    first.terminate()
    with pytest.raises(SlurmSubmissionError, match=r"'bad'.*invalid partition"):
        await later
    assert (bad.slurm_jobid, bad.returncode) == (None, None)
    bad.del_sbatch_option("partition")
    await bad.submit()
    bad.terminate()
    assert await asyncio.gather(first.wait(), bad.wait()) == [1, 1]


@pytest.mark.parametrize(("excluded", "shown"), [("n[1-4]", r"n\[1-4\]"), (["n1", "m7"], "m7,n1")])
async def test_a_refusal_names_the_nodes_that_are_not_used(manager, work, excluded, shown):
    config.set_slurm_settings(exclude_nodes=excluded)
    process = SlurmProcess("nowhere", UNTIL, workdir=work)
    with pytest.raises(SlurmSubmissionError, match=rf"not used: {shown}\..*exclude_nodes"):
        await process.submit()


async def test_without_sbatch(manager, work):
    SlurmProcess.sbatch_executable = "/nowhere/sbatch"
    with pytest.raises(SlurmSubmissionError, match="'/nowhere/sbatch' can't be run"):
        await SlurmProcess("name", UNTIL, workdir=work).communicate(input=b"x")
    assert list(work.rglob("input.*")) == []


async def test_signals(manager, doorman, work):
    process = await create_slurmprocess_submit("caught", CAUGHT, work)
    await until_up(work / "up", "up\n")
    with pytest.raises(ValueError, match="signal=1000"):
        process.send_signal(1000)
    process.send_signal(signal.SIGUSR2)
    process.send_signal(signal.SIGINT)
    assert await process.communicate() == (b"caught\n", b"")
    assert (process.returncode, process.slurm_job_state) == (1, "FAILED")
    assert sorted(call.argv[1:3] for call in doorman.calls("scancel")) == sorted(
        [(f"--signal={int(signal.SIGUSR2)}", process.slurm_jobid), ("--signal=2", "--batch")]
    )


async def test_cancelled_outside_after_a_lost_reply(manager, cluster, doorman, work):
    before = set(cluster.control.squeue())
    doorman.refuse("sbatch", message="Batch job submission failed: Zzz")
    doorman.lose_reply("sbatch")
    process = await create_slurmprocess_submit("outside", UNTIL, work)
    assert set(cluster.control.squeue()) - before == {process.slurm_jobid}
    await until_up(work / "up", "up\n")
    cluster.control.run("scancel", process.slurm_jobid)
    assert await process.wait() == 1
    assert process.slurm_job_state == "CANCELLED"


async def test_without_accounting(cluster_without_accounting, job_runtime, work):
    bad = await create_slurmprocess_submit("bad", "#!/bin/bash\necho why >&2\nexit 4\n", work)
    given_up = await create_slurmprocess_submit("given_up", UNTIL, work)
    assert await bad.communicate() == (b"", b"why\n")
    given_up.terminate()
    assert await given_up.wait() == 1
    assert (bad.returncode, given_up.slurm_job_state) == (1, "CANCELLED")
    await JobManager.current().shutdown()


async def test_what_follows_a_cancelled_command_is_not_run(manager, cluster, work):
    script = "#!/bin/bash\necho up >up\nsleep 600\ntouch results\n"
    process = await create_slurmprocess_submit("results", script, work)
    await until_up(work / "up", "up\n")
    process.terminate()
    assert await process.wait() == 1
    await until(lambda: queued(cluster) == {})
    assert not (work / "results").exists()
