"""The page's view of a real queue, and what it does there."""

import asyncio
import os
from datetime import UTC, datetime, timedelta

from job_helpers import program, until_up

from asyncmd_jupyter.jobs.slurm.listing import list_history, parse_history
from asyncmd_jupyter.settings import SlurmSettings

NAME = "née | 'x' $HOME"


async def until_seen(server, job_id, others=1, **wanted):
    """Wait until the page sees a job so."""
    while True:
        jobs = {job["id"]: job for job in (await server.snapshot(others))["jobs"]}
        job = jobs.get(job_id)
        if job and all(job[name] == value for name, value in wanted.items()):
            return job
        await asyncio.sleep(0.05)


async def submit(cluster, script, *options):
    return await asyncio.to_thread(cluster.control.submit, script, *options)


async def until_accounted(cluster, job_id):
    """Wait until accounting knows that a job has ended."""
    since = datetime.now(UTC) - timedelta(hours=1)
    argv = list_history(SlurmSettings(), os.getuid(), since)
    while True:
        listed = parse_history(await asyncio.to_thread(cluster.control.run, *argv))
        if found := [job for job in listed if job.id == job_id and job.ended]:
            return found[0]
        await asyncio.sleep(0.1)


async def test_other_jobs_of_the_user(server, cluster, work):
    array = await submit(
        cluster, "sleep 600", "--array=3-5", f"--job-name={NAME}", "--time=1-00:01:00"
    )
    failed = await submit(cluster, "exit 3", f"--chdir={work}")
    held = await submit(cluster, "true", "--hold", "--array=7")
    for number in (3, 4, 5):
        job = await until_seen(server, f"slurm:{array}_{number}", state="running")
        assert (job["ours"], job["name"], job["launcher"]) == (False, NAME, "slurm")
        assert (job["native_id"], job["partition"]) == (f"{array}_{number}", "main")
        assert (job["time_limit"], job["cores"], job["logs"]) == (86460, 1, [])
        assert job["submitted"] <= job["started"]
        assert (job["nodes"][0] in cluster.nodes, job["can"]) == (True, ["cancel", "requeue"])
    job = await until_seen(server, f"slurm:{held}_7", state="pending", held=True)
    assert (job["can"], job["cause"]) == (["cancel", "release"], "JobHeldUser")
    assert "It is held" in job["reason"]
    job = await until_seen(server, f"slurm:{failed}", state="failed", exit_code=3, can=[])
    assert (job["folder"], job["path"]) == (work.name, str(work))
    assert job["ended"] is not None
    accounted = await until_accounted(cluster, failed)
    assert (accounted.state, accounted.exit_code, accounted.workdir) == ("FAILED", 3, str(work))
    snapshot = await server.snapshot(others=0)
    assert (snapshot["jobs"], snapshot["scheduler"]) == ([], "slurm")
    assert snapshot["queue_problem"] == ""


async def test_changing_other_jobs(server, cluster):
    running = await submit(cluster, "sleep 600", "--requeue")
    fixed = await submit(cluster, "sleep 600", "--no-requeue")
    waiting = await submit(cluster, "sleep 600", "--begin=now+1hour", "--array=1-2")
    ids = [f"slurm:{running}", f"slurm:{waiting}_1", "slurm:999999"]
    await until_seen(server, ids[0], state="running")
    await until_seen(server, f"slurm:{fixed}", state="running")
    await until_seen(server, ids[1], state="pending")

    results = await server.do("hold", *ids)
    assert [result["ok"] for result in results] == [False, True, False]
    assert "runs already" in results[0]["message"]
    assert "not in Slurm's queue" in results[2]["message"]
    await until_seen(server, ids[1], held=True)
    assert "held already" in (await server.do("hold", ids[1]))[0]["message"]
    await until_seen(server, f"slurm:{waiting}_2", held=False)

    assert [result["ok"] for result in await server.do("release", *ids)] == [False, True, False]
    await until_seen(server, ids[1], held=False)
    assert "is not held" in (await server.do("release", ids[1]))[0]["message"]

    results = await server.do("requeue", ids[0], f"slurm:{fixed}", ids[1])
    assert [result["ok"] for result in results] == [True, False, False]
    assert "can't requeue" in results[1]["message"]
    assert "waits already" in results[2]["message"]
    await until_seen(server, ids[0], state="pending", attempt=1)
    await until_seen(server, f"slurm:{fixed}", state="running")

    assert [result["ok"] for result in await server.do("cancel", *ids)] == [True, True, False]
    await until_seen(server, ids[0], state="cancelled", can=[])
    await until_seen(server, f"slurm:{waiting}_2", state="pending")


async def test_our_jobs(server, cluster, kernel, work):
    """Held, released, and cancelled when the kernel is dead."""
    running = await kernel.submit(
        program("until_stop", work / "up", cwd=work), launcher="slurm", options={"time": "5"}
    )
    later = {"begin": "now+1hour"}
    waiting = await kernel.submit(
        program("exit_with", 0, cwd=work), launcher="slurm", options=later
    )
    await until_up(work / "up")
    job = await until_seen(server, running, state="running", partition="main")
    assert (job["ours"], job["path"], job["time_limit"]) == (True, str(work), 300)
    assert set(job["can"]) == {"cancel", "requeue"}
    assert job["logs"] == ["stdout", "stderr"]
    others = [job for job in (await server.snapshot(others=1))["jobs"] if not job["ours"]]
    assert job["native_id"] not in {other["native_id"] for other in others}

    await until_seen(server, waiting, state="pending", held=False)
    assert [result["ok"] for result in await server.do("hold", waiting, running)] == [True, False]
    await until_seen(server, waiting, held=True, can=["cancel", "release"])
    assert (await server.do("release", waiting))[0]["ok"]
    await until_seen(server, waiting, held=False)

    await kernel.kill()
    results = await server.do("cancel", running, waiting)
    assert all(result["ok"] for result in results), results
    await until_seen(server, running, state="cancelled", can=[])
    await until_seen(server, waiting, state="cancelled", can=[])


async def test_what_becomes_of_our_jobs_without_a_kernel(server, cluster, kernel, work):
    gate = work / "gate"
    ids = [
        await kernel.submit(program("until_file", work / name, gate, cwd=work), launcher="slurm")
        for name in ("a", "b")
    ]
    await until_up(work / "a")
    await until_up(work / "b")
    await kernel.kill()
    second = await until_seen(server, ids[1], state="running")
    await asyncio.to_thread(cluster.control.run, "scancel", second["native_id"])
    job = await until_seen(server, ids[1], state="cancelled", can=[])
    assert "cancelled it in Slurm" in job["reason"]
    gate.touch()
    await until_seen(server, ids[0], state="done", exit_code=0)


async def test_a_queue_that_is_away_is_said_and_ends_nothing(server, cluster):
    job = await submit(cluster, "sleep 600")
    await until_seen(server, f"slurm:{job}", state="running")
    cluster.stop_accounting()
    with cluster.without_controller():
        while not (snapshot := await server.snapshot(1))["queue_problem"]:
            await asyncio.sleep(0.05)
        assert "does not answer" in snapshot["queue_problem"]
        assert f"slurm:{job}" in {each["id"] for each in snapshot["jobs"]}, "shown as it was"
        (result,) = await server.do("cancel", f"slurm:{job}")
        assert not result["ok"]
    while (await server.snapshot(1))["queue_problem"]:
        await asyncio.sleep(0.05)
    assert (await server.do("cancel", f"slurm:{job}"))[0]["ok"]
