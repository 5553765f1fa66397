"""What a page sees of jobs and does with them, with and without a living kernel."""

import asyncio
import json
import sqlite3
from contextlib import closing

import pytest
from job_helpers import end_all, processes_of, program, until_up

from asyncmd_jupyter.jobs.manager import JobManager
from asyncmd_jupyter.jobs.process import Owner
from asyncmd_jupyter.jobs.store import JobStore


async def until_job(server, job_id, **wanted):
    """Wait until the page sees a job so."""
    while True:
        job = await server.job(job_id)
        if all(job[name] == value for name, value in wanted.items()):
            return job
        await asyncio.sleep(0.05)


async def test_a_running_job(server, kernel, work):
    job_id = await kernel().submit(program("until_stop", work / "up", cwd=work), "née <b>\n")
    await until_up(work / "up")
    job = await until_job(server, job_id, state="running")
    assert job["ours"] is True
    assert job["name"] == "née <b>\n"
    assert (job["launcher"], job["folder"], job["path"]) == ("local", work.name, str(work))
    assert (job["run"], job["engine"], job["notebook"], job["ended"]) == ("", "", "", None)
    assert (job["can"], job["logs"]) == (["cancel"], ["stdout", "stderr"])
    assert job["host"] == Owner.this().host
    assert job["submitted"] <= job["started"]
    snapshot = await server.snapshot()
    assert snapshot["protocol"] == 1
    assert (snapshot["problems"], snapshot["queue_problem"]) == ([], "")


@pytest.mark.parametrize("kernel_lives", [True, False])
async def test_cancel(server, kernel, store, work, kernel_lives):
    first = kernel()
    job_id = await first.submit(program("until_stop", work / "up", cwd=work))
    done = await first.submit(program("exit_with", 0, cwd=work), "short")
    await until_up(work / "up")
    await first.ask(wait=done)
    if not kernel_lives:
        await first.kill()
    results = await server.do("cancel", job_id, done, "aaaaaaaa")
    assert [result["id"] for result in results] == [job_id, done, "aaaaaaaa"]
    assert [result["ok"] for result in results] == [True, False, False]
    assert "had ended before (done)" in results[1]["message"]
    assert "no job aaaaaaaa" in results[2]["message"]
    await until_job(server, job_id, state="cancelled", can=[])
    assert processes_of(store.find()) == set()
    if kernel_lives:
        assert (await first.ask(wait=job_id))["state"] == "cancelled"


async def test_a_stubborn_job_is_answered_for_before_it_has_ended(server, kernel, work):
    many = [
        await kernel().submit(program("stubborn", work / str(number), cwd=work))
        for number in range(2)
    ]
    for number in range(2):
        await until_up(work / str(number))
    results = await server.do("cancel", *many)
    assert all(result["ok"] for result in results)
    for job_id in many:
        await until_job(server, job_id, state="cancelled")


async def test_what_local_jobs_can_not_do(server, kernel, work):
    job_id = await kernel().submit(program("until_stop", work / "up", cwd=work))
    await until_up(work / "up")
    for verb in ("hold", "release", "requeue"):
        (result,) = await server.do(verb, job_id)
        assert not result["ok"]
        assert "is not in Slurm" in result["message"]
    assert (await server.job(job_id))["state"] == "running"


async def test_the_truth_about_a_job_whose_kernel_is_dead(server, kernel, store, work):
    first = kernel()
    gate = work / "gate"
    ids = [
        await first.submit(program("until_file", work / f"{number}", gate, cwd=work))
        for number in range(5)
    ]
    await until_up(work / "3")
    await first.kill()
    held_back = await until_job(server, ids[4], state="cancelled")
    assert "held it back" in held_back["reason"]
    gate.touch()
    for job_id in ids[:4]:
        job = await until_job(server, job_id, state="done", exit_code=0)
        assert job["can"] == []
    assert {record.id for record in store.find(unfinished=True)} >= set(ids), "left for attach()"


async def test_only_what_changed_is_sent(server, kernel, work):
    first = kernel()
    still = await first.submit(program("until_stop", work / "still", cwd=work))
    await until_up(work / "still")
    await until_job(server, still, state="running")
    async with server.events() as events:
        name, snapshot = await events.next()
        assert name == "snapshot"
        assert "text/event-stream" in events.head
        assert snapshot["protocol"] == 1
        assert still in {job["id"] for job in snapshot["jobs"]}
        new = await first.submit(program("exit_with", 3, cwd=work), "new")
        seen = []
        while not seen or seen[-1]["state"] != "failed":
            change = await events.until("change", lambda change: change["jobs"])
            assert {job["id"] for job in change["jobs"]} == {new}
            seen += change["jobs"]
        assert seen[-1]["exit_code"] == 3
        assert (await events.next()) == ("comment", ": alive")


async def test_nothing_is_asked_when_the_last_page_has_gone(server):
    calls = server.log.with_name("squeue.calls")

    def count():
        return len(calls.read_text().split()) if calls.exists() else 0

    async with server.events(others=1) as events:
        await events.next()
        before = count()
        while count() < before + 3:
            await asyncio.sleep(0.05)
    last = -1
    while last != count():
        last = count()
        await asyncio.sleep(0.5)


async def test_a_page_that_comes_back_gets_everything(server, kernel, work):
    for _ in range(2):
        async with server.events() as events:
            name, _ = await events.next()
            assert name == "snapshot"


async def test_what_is_no_longer_kept_is_gone(server, kernel, store, work):
    first = kernel()
    job_id = await first.submit(program("exit_with", 0, cwd=work))
    await first.ask(wait=job_id)
    await until_job(server, job_id, state="done")
    async with server.events() as events:
        await events.next()
        with store._connect() as db:
            db.execute("DELETE FROM jobs WHERE id = ?", (job_id,))
        change = await events.until("change", lambda change: change["gone"])
        assert change["gone"] == [job_id]


async def test_logs(server, kernel, work):
    first = kernel()
    script = "import sys; print('a\\nb\\nlast'); print('oops', file=sys.stderr)"
    command = program("exit_with", 0, cwd=work)
    order = first.order(command) | {"argv": [command.argv[0], "-c", script]}
    job_id = (await first.ask(**order))["id"]
    await first.ask(wait=job_id)
    path = f"api/jobs/{job_id}/log"
    assert (await server.get(path)).json == {
        "file": "stdout.txt", "text": "a\nb\nlast\n", "size": 9, "truncated": False,
    }  # fmt: skip
    short = (await server.get(f"{path}?stream=stdout&lines=1")).json
    assert (short["text"], short["truncated"]) == ("last\n", True)
    assert (await server.get(f"{path}?stream=stderr")).json["text"] == "oops\n"


async def test_why_a_job_failed(server, kernel, work):
    first = kernel()
    failed = await first.submit(program("exit_with", 137, cwd=work))
    well = await first.submit(program("exit_with", 0, cwd=work))
    for job_id in (failed, well):
        await first.ask(wait=job_id)
    found = (await server.get(f"api/jobs/{failed}/triage")).json
    assert "SIGKILL" in found["meaning"]
    assert found["remedies"]
    assert set(found) == {"kind", "title", "lines", "file", "meaning", "remedies", "policy"}
    healthy = await server.get(f"api/jobs/{well}/triage")
    assert (healthy.status, healthy.json) == (200, None)
    assert (await server.get("api/jobs/aaaaaaaa/triage")).status == 404
    assert (await server.get("api/jobs/slurm:12/triage")).status == 404


@pytest.fixture
async def manager(kernel_runtime):
    manager = JobManager(kernel_runtime)
    yield manager
    await end_all(manager)


async def first_run(events):
    """What the page is told of the only run, as soon as there is one."""
    _, news = await events.next()
    while not news["runs"]:
        news = await events.until("change", lambda change: change["runs"])
    (run,) = news["runs"]
    return run


async def test_the_run_of_a_job(server, manager, work):
    from asyncmd_jupyter.files.writing import write_bytes
    from asyncmd_jupyter.sampling.progress import RunState, WalkerSnapshot
    from asyncmd_jupyter.sampling.run_record import record_file

    folder = work / "first"
    folder.mkdir()
    tags = {"run": "first", "walker": "1", "part": "2", "engine": "ToyEngine"}
    job = await manager.submit(
        program("until_stop", folder / "up", cwd=folder), name="first_1", tags=tags
    )
    await until_up(folder / "up")
    assert (await until_job(server, job.id, state="running"))["engine"] == "ToyEngine"
    record = run_record(folder, work / "a.ipynb", str(Owner.this()))
    write_bytes(record_file(folder, "first"), record.to_text().encode())
    async with server.events() as events:
        run = await first_run(events)
        assert run["key"] == f"{folder}/first"
        assert (run["state"], run["followed"]) == ("running", True)
        assert (run["walkers"], run["ended"], run["reached"]) == (2, 1, {"alphaR": 1})
        assert sum(run["states"].values()) == 2
        assert run["states"]["reached"] == 1
        assert run["conditions"] == ["alphaR", "C7eq"]
        assert (run["folder"], run["path"]) == (f"{work.name}/first", str(folder))
        assert run["notebook"] == f"{work.name}/a.ipynb"
        assert (run["simulated"], run["progress"], run["speed"]) == (30.0, 0.75, 12.5)
        row = await server.job(job.id)
        assert (row["run"], row["walker"], row["part"]) == ("first", "1", "2")
        assert (row["engine"], row["campaign"]) == ("OpenMM", "scan")
        assert row["notebook"] == f"{work.name}/a.ipynb"

        ended = run_record(folder, work / "a.ipynb", str(Owner.this()), RunState.CANCELLED)
        assert isinstance(ended.walkers[0], WalkerSnapshot)
        write_bytes(record_file(folder, "first"), ended.to_text().encode())
        change = await events.until("change", lambda change: change["runs"])
        assert [each["state"] for each in change["runs"]] == ["cancelled"]
        assert change["jobs"] == []
        record_file(folder, "first").unlink()


async def test_a_run_that_no_kernel_follows(server, kernel, work):
    """Its record says for ever what it was when its kernel died."""
    from asyncmd_jupyter.files.writing import write_bytes
    from asyncmd_jupyter.sampling.run_record import record_file

    first = kernel()
    order = first.order(program("until_stop", work / "up", cwd=work))
    tags = {"run": "first", "walker": "1"}
    job_id = (await first.ask(**order, tags=tags))["id"]
    await until_up(work / "up")
    await until_job(server, job_id, state="running")
    await first.kill()
    record = run_record(work, work / "a.ipynb", (await record_of(server, job_id)).owner)
    write_bytes(record_file(work, "first"), record.to_text().encode())
    async with server.events() as events:
        run = await first_run(events)
        assert (run["state"], run["followed"]) == ("running", False)
        (result,) = await server.do("cancel", job_id)
        assert result["ok"]
        change = await events.until("change", lambda change: change["runs"])
        assert [each["state"] for each in change["runs"]] == ["cancelled"]
    record_file(work, "first").unlink()


async def record_of(server, job_id):
    (record,) = await asyncio.to_thread(JobStore(server.state).find, ids=[job_id])
    return record


def run_record(folder, notebook, owner, state=None):
    """The record of a run as a kernel writes it."""
    from datetime import UTC, datetime

    from asyncmd_jupyter.sampling.progress import RunState, WalkerSnapshot
    from asyncmd_jupyter.sampling.run_record import RunRecord

    walkers = (
        WalkerSnapshot(0, RunState.REACHED, reached=("alphaR",), time_done=10.0, time_limit=40.0),
        WalkerSnapshot(
            1, state or RunState.RUNNING, time_done=20.0, time_limit=40.0, ns_per_day=12.5
        ),
    )
    return RunRecord(
        name="first", folder=folder, campaign="scan", engine="OpenMM", engine_class="x.Y",
        launcher="local", conditions=("alphaR", "C7eq"), mode="any", n_walkers=2, max_steps=None,
        walltime_per_part=1.0, dt=0.002, created=datetime.now(UTC), updated=datetime.now(UTC),
        owner=owner, notebook=str(notebook), wall_seconds=1.0, walkers=walkers,
        error_kinds=("", ""), unpicklable={},
    )  # fmt: skip


async def test_a_store_that_can_not_be_read_is_a_problem_and_no_crash(server, store):
    with store._connect() as db:
        db.execute("PRAGMA user_version = 99")
    try:
        while not (snapshot := await server.snapshot())["problems"]:
            await asyncio.sleep(0.05)
        assert "can't be used" in snapshot["problems"][0]
        body = json.dumps({"ids": ["aaaaaaaa"]}).encode()
        answer = await asyncio.to_thread(server.request, "POST", "api/jobs/cancel", body)
        assert answer.status == 503
        assert "can't be used" in answer.json["message"]
        assert (await server.get("api/jobs/aaaaaaaa/log")).status == 503
    finally:
        with closing(sqlite3.connect(store.path)) as db:
            db.execute("PRAGMA user_version = 1")
