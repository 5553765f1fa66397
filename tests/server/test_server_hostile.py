"""What others may put where the server looks: it goes on, and none of it is run."""

import asyncio
import json
import os
import subprocess
import sys

import pytest
from job_helpers import program

from asyncmd_jupyter.jupyter.server.places import Places
from asyncmd_jupyter.jupyter.server.poll import SharedPoll
from asyncmd_jupyter.jupyter.server.runs import RunRecords
from asyncmd_jupyter.jupyter.server.triage import _environment


@pytest.fixture
async def ended_job(server, kernel, work):
    """A job of the run `first` in the work folder."""
    first = kernel()
    order = first.order(program("exit_with", 1, cwd=work))
    job_id = (await first.ask(**order, tags={"run": "first", "walker": "0"}))["id"]
    await first.ask(wait=job_id)
    return job_id


async def test_why_runs_no_module_of_the_servers_folder(server, ended_job):
    """Where the server was started, others may write; it is asked for with a right to read."""
    base = server.log.parent
    planted = [base / f"{name}.py" for name in ("argparse", "json", "asyncmd_jupyter")]
    for path in planted:
        path.write_text(f"open({str(base / 'was_run')!r}, 'w').close()\n")
    try:
        found = (await server.get(f"api/jobs/{ended_job}/triage")).json
    finally:
        for path in planted:
            path.unlink()
    assert found["remedies"]
    assert not (base / "was_run").exists()


def test_why_inherits_no_token_and_no_folder_that_depends_on_where_one_is(tmp_path):
    given = {
        **{"JUPYTER_TOKEN": "1", "JUPYTERHUB_API_TOKEN": "2", "JPY_API_TOKEN": "3"},
        **{"PYTHONPATH": f":.:{tmp_path}:lib", "HOME": "/root", "PYTHONSTARTUP": "x.py"},
    }
    assert _environment(given, tmp_path) == {
        "HOME": "/root",
        "PYTHONPATH": str(tmp_path),
        "ASYNCMD_STATE_DIR": str(tmp_path),
    }


async def test_records_that_are_none_are_named_and_the_rest_is_shown(server, ended_job, work):
    record = work / "first.run.json"
    texts = {"too deeply": "[" * 200_000, "digits": '{"walkers": 1' + "0" * 400, "JSON": '{"na'}
    for why, text in texts.items():
        record.write_text(text)
        await shown_problem(server, record, why)
    record.unlink()
    os.mkfifo(record)
    try:
        await shown_problem(server, record, "not a regular file")
        assert ended_job in [job["id"] for job in (await server.snapshot())["jobs"]]
    finally:
        record.unlink()


async def shown_problem(server, record, why):
    async with asyncio.timeout(60):
        while not any(why in problem for problem in (await server.snapshot())["problems"]):
            await asyncio.sleep(0.02)
    (problem,) = (await server.snapshot())["problems"]
    assert str(record) in problem


def read(folder, values, name="first"):
    """What the server makes of a record; its JSON is as strict as that of a page."""
    (folder / f"{name}.run.json").write_text(json.dumps(values))
    records = RunRecords(Places(str(folder)), folder)
    records.read([(str(folder), name)])

    def refuse(number):
        raise AssertionError(number)

    rows = [json.loads(run.text, parse_constant=refuse) for run in records.runs.values()]
    return (rows[0] if rows else None), records.problems


GOOD = {
    "name": "first", "owner": "host:1:1", "state": "running", "campaign": "scan",
    "conditions": ["in_a"], "walkers": [{"state": "running", "time_done": 1.0, "time_limit": 2.0}],
    "created": "2026-01-01T00:00:00+00:00", "updated": "2026-01-01T00:00:00+00:00",
}  # fmt: skip


def test_a_run_is_called_as_its_file_and_a_campaign_as_one_can_be(tmp_path):
    row, _ = read(tmp_path, GOOD | {"name": "{1/0}", "campaign": "{1/0}"})
    assert (row["name"], row["campaign"]) == ("first", "")
    row, (problem,) = read(tmp_path, GOOD, name="{1\x1b[2J}")
    assert row is None
    assert problem.isprintable()


@pytest.mark.parametrize(
    "walker",
    [
        {"time_done": 1e308, "state": "running", "ns_per_day": 1e308},
        {"time_done": float("nan"), "time_limit": 5e-324, "state": "running"},
        {"time_done": -1e14, "time_limit": 5e-324, "state": "running"},
        {"time_done": 10**39, "time_limit": 10**39},
        {"reached": 5},
        {"reached": ["x"] * 5, "state": ["running"], "error": {"a": 1}},
    ],
)
def test_a_page_can_read_all_that_is_sent(tmp_path, walker):
    row, problems = read(tmp_path, GOOD | {"walkers": [walker, walker], "created": "never"})
    assert (row is None) == bool(problems)
    assert row is None or row["created"] == ""


async def test_a_look_that_hangs_does_not_keep_the_server(monkeypatch):
    monkeypatch.setattr("asyncmd_jupyter.jupyter.server.poll._PATIENCE_SECONDS", 0.05)

    async def look(_others):
        await asyncio.Event().wait()

    poll = SharedPoll(look, interval=0.01)
    poll.listen(others=False)
    await asyncio.sleep(0)
    await poll.close()
    await asyncio.sleep(0)
    assert not poll.is_running


HANGING = """
import asyncio, os, sys
from asyncmd_jupyter.jupyter.server.threads import DaemonThread, in_daemon

def wait_for_a_writer():
    print("waits", flush=True)
    os.open(sys.argv[1], os.O_RDONLY)

async def main():
    thread = DaemonThread("asyncmd-look")
    assert await thread.run(abs, -1) == await in_daemon(abs, -1) == 1
    tasks = [asyncio.ensure_future(do(wait_for_a_writer)) for do in (thread.run, in_daemon)]
    await asyncio.wait(tasks, timeout=0.05)
    for task in tasks:
        task.cancel()

asyncio.run(main())
"""


def test_threads_that_hang_keep_no_process(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    command = [sys.executable, "-c", HANGING, str(tmp_path / "pipe")]
    done = subprocess.run(command, stdout=subprocess.PIPE, timeout=120, check=True)
    assert done.stdout == b"waits\nwaits\n"
