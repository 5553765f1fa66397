"""Jobs that end while no kernel watches: `asyncmd jobs` finds out, writes it down and counts."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest
from job_helpers import program, until_up
from slurm.cluster.waiting import wait_until
from slurm.launcher.launching import queued, until

from asyncmd_jupyter.jobs.cli import cancel_jobs, list_jobs
from asyncmd_jupyter.jobs.core_hours import Budget
from asyncmd_jupyter.jobs.folder import read_start
from asyncmd_jupyter.jobs.process import find_members, kill_rest
from asyncmd_jupyter.jobs.store import JobStore


@pytest.fixture
def store(job_runtime, monkeypatch):
    monkeypatch.setenv("ASYNCMD_STATE_DIR", str(job_runtime.settings.state_dir))
    store = JobStore(job_runtime.settings.state_dir)
    yield store
    store.close()


@pytest.fixture
def forget(tmp_path, monkeypatch):
    """Lets squeue show a job no longer, as Slurm does some minutes after its end."""
    folder, forgotten = tmp_path / "forgetful", tmp_path / "forgotten"
    folder.mkdir()
    forgotten.write_text("none\n")
    wrapper = folder / "squeue"
    wrapper.write_text(
        "#!/bin/bash\nset -o pipefail\n"
        f"PATH={os.environ['PATH']}\nsqueue \"$@\" | grep -v -w -f '{forgotten}' || true\n"
    )
    wrapper.chmod(0o700)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")

    def forget(*native_ids):
        with forgotten.open("a") as file:
            file.writelines(f"^{each}\n" for each in native_ids)

    return forget


async def submit(kernel, name, *args, cwd, **options):
    command = program(name, *args, cwd=cwd)
    return await kernel.submit(command, name, launcher="slurm", options=options)


async def until_stored(store, *ids):
    """Wait for the ids of Slurm."""
    while any(record.native_id is None for record in store.find(ids=ids)):
        await asyncio.sleep(0.01)
    return {record.id: record for record in store.find(ids=ids)}


async def end_in_slurm(cluster, *native_ids):
    await asyncio.to_thread(cluster.control.run, "scancel", *native_ids)
    await asyncio.to_thread(
        wait_until, lambda: not queued(cluster).keys() & set(native_ids), "they have ended"
    )


async def table(**options):
    text = await asyncio.to_thread(list_jobs, **options)
    return {line.split()[0]: line for line in text.splitlines()[1:]}, text.splitlines()[-1]


def kill_command(record):
    """SIGKILL for the command, not for the script around it."""
    script = read_start(record).value
    for process in find_members({record.id: None})[record.id]:
        if process.pid != script and b"until_stop" in _argv(process.pid):
            process.send(signal.SIGKILL)


def _argv(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):  # it has ended
        return b""


async def test_ends_that_no_kernel_saw(kernel, cluster, store, job_runtime, forget, work):
    first = kernel()
    names = ("cancelled", "killed", "good", "going")
    ups = {name: work / name for name in names}
    gate = work / "gate"
    ids = {
        name: await submit(first, "until_file", ups[name], gate, cwd=work)
        if name == "good"
        else await submit(first, "until_stop", ups[name], cwd=work)
        for name in names
    }
    ids["held"] = await submit(first, "exit_with", 0, cwd=work, hold="")
    await asyncio.gather(*map(until_up, ups.values()))
    records = await until_stored(store, *ids.values())
    await first.kill()
    native = {name: records[ids[name]].native_id for name in ids}

    gate.touch()
    kill_command(records[ids["killed"]])
    await end_in_slurm(cluster, native["cancelled"], native["held"])
    for name in ("good", "killed"):
        await until(records[ids[name]].exit_file().exists)
    forget(native["cancelled"], native["held"], native["killed"])

    counted = Budget(job_runtime.settings.state_dir).count()
    assert counted.running <= 2, "the files tell without asking Slurm"
    rows, footer = await table(all=True)
    states = {name: rows[ids[name]].split()[2] for name in ids}
    assert states == {
        "cancelled": "cancelled",
        "held": "cancelled",
        "killed": "failed",
        "good": "done",
        "going": "running",
    }
    assert footer.endswith("1 running, 0 waiting")
    unfinished = {record.id for record in store.find(unfinished=True)}
    assert unfinished == {ids["going"], ids["good"]}, "good ends are left for attach()"
    found = {record.id: record for record in store.find()}
    ended = found[ids["killed"]]
    exit_time = ended.exit_file().stat().st_mtime
    assert ended.ended.timestamp() == pytest.approx(exit_time, abs=0.01)

    assert (await asyncio.to_thread(cancel_jobs, [native["going"]]))[0].startswith("Ended")
    before = Budget(job_runtime.settings.state_dir).count()
    await asyncio.sleep(0.2)
    after = Budget(job_runtime.settings.state_dir).count()
    assert before == after
    assert (after.running, after.waiting) == (0, 0)


@pytest.mark.parametrize("accounting", [True, False])
async def test_cancel_what_slurm_has_forgotten(request, kernel, store, forget, work, accounting):
    name = "cluster" if accounting else "cluster_without_accounting"
    cluster = request.getfixturevalue(name)
    first = kernel()
    job_id = await submit(first, "exit_with", 0, cwd=work, hold="")
    record = (await until_stored(store, job_id))[job_id]
    await first.kill()
    await end_in_slurm(cluster, record.native_id)
    forget(record.native_id)
    [said] = await asyncio.to_thread(cancel_jobs, [record.native_id])
    assert "is not in Slurm any more" in said
    [record] = store.find(ids=[job_id])
    assert record.state.value == ("cancelled" if accounting else "lost")
    [said] = await asyncio.to_thread(cancel_jobs, [job_id])
    assert "had ended before" in said


async def test_records_of_a_living_kernel_are_only_looked_at(kernel, cluster, store, work):
    first = kernel()
    up = work / "up"
    job_id = await submit(first, "until_stop", up, cwd=work)
    await until_up(up)
    record = (await until_stored(store, job_id))[job_id]
    first.process.send_signal(signal.SIGSTOP)
    [stored] = store.find(ids=[job_id])
    try:
        await end_in_slurm(cluster, record.native_id)
        rows, _ = await table(all=True)
        assert "cancelled" in rows[job_id]
        assert store.find(ids=[job_id]) == [stored]
    finally:
        first.process.send_signal(signal.SIGCONT)
    assert (await first.ask(wait=job_id))["state"] == "cancelled"


async def test_tasks_of_an_array_by_the_ids_of_slurm(kernel, cluster, store, work):
    first = kernel()
    command = program("exit_with", 0, cwd=work)
    order = first.order(command, launcher="slurm", options={"hold": ""}, times=3)
    ids = (await first.ask(**order))["ids"]
    records = await until_stored(store, *ids)
    await first.kill()
    array = {record.native_id.partition("_")[0] for record in records.values()}
    assert len(array) == 1
    one = next(each for each in records.values() if each.native_id.endswith("_1"))
    [said] = await asyncio.to_thread(cancel_jobs, [one.native_id])
    assert said == f"Ended {one.id} {one.name!r}."
    assert len(await asyncio.to_thread(cancel_jobs, list(array))) == 2
    assert store.find(unfinished=True) == []


async def test_accounting_knows_until_when_a_silent_job_ran(kernel, cluster, store, forget, work):
    first = kernel()
    up = work / "up"
    job_id = await submit(first, "until_stop", up, cwd=work)
    await until_up(up)
    record = (await until_stored(store, job_id))[job_id]
    await first.kill()
    for path in record.folder.iterdir():
        os.utime(path, (0, 0))
    assert kill_rest({job_id: None})
    await asyncio.to_thread(
        wait_until, lambda: record.native_id not in queued(cluster), "it has ended"
    )
    forget(record.native_id)
    asking = ("sacct", "-nXPj", record.native_id, "--format=End")
    await asyncio.to_thread(
        wait_until, lambda: "Unknown" not in cluster.control.run(*asking), "accounting knows it"
    )
    ran_until = cluster.control.run(*asking).strip()
    await table()
    [found] = store.find(ids=[job_id])
    assert found.state.is_final
    assert f"{found.ended.astimezone():%Y-%m-%dT%H:%M:%S}" == ran_until
