"""``asyncmd jobs`` and ``asyncmd cancel``, with and without a living kernel."""

import asyncio

import pytest
from job_helpers import processes_of, program, until, until_up

from asyncmd_jupyter.errors import JobError
from asyncmd_jupyter.jobs.cli import cancel_jobs, list_jobs
from asyncmd_jupyter.jobs.store import JobStore


@pytest.fixture(autouse=True)
def environment(settings, monkeypatch):
    monkeypatch.setenv("ASYNCMD_STATE_DIR", str(settings.state_dir))
    monkeypatch.setenv("ASYNCMD_CANCEL_GRACE", "1")


@pytest.fixture
def store(settings):
    store = JobStore(settings.state_dir)
    yield store
    cancel_jobs(None)
    assert processes_of(store.find()) == set()
    store.close()


def rows(table):
    return {line.split()[0]: line for line in table.splitlines()[1:]}


def test_without_a_store():
    assert list_jobs() == "No job is running."
    assert list_jobs(all=True) == "There are no jobs."
    assert cancel_jobs(None) == []
    with pytest.raises(JobError, match="'abc'"):
        cancel_jobs(["abc"])


async def shown(**options):
    return await asyncio.to_thread(list_jobs, **options)


async def ended(ids):
    return await asyncio.to_thread(cancel_jobs, ids)


@pytest.mark.parametrize("kernel_lives", [True, False])
async def test_shown_and_ended(kernel, store, work, kernel_lives):
    first = kernel()
    up = work / "up"
    job_id = await first.submit(program("until_stop", up, cwd=work), "a\n\x1b[31mname")
    await until_up(up)
    done = await first.submit(program("exit_with", 0, cwd=work), "short")
    await first.ask(wait=done)
    if not kernel_lives:
        await first.kill()
    assert set(rows(await shown())) == {job_id}
    assert set(rows(await shown(all=True))) == {job_id, done}
    assert "running" in rows(await shown())[job_id]
    assert "a??[31mname" in rows(await shown())[job_id]
    assert await ended([job_id[:7], done]) == [
        f"Ended {job_id} 'a??[31mname'.",
        f"{done} 'short' had ended before (done).",
    ]
    assert processes_of(store.find()) == set()
    assert await shown() == "No job is running."
    assert "cancelled" in rows(await shown(all=True))[job_id]
    if kernel_lives:
        assert (await first.ask(wait=job_id))["state"] == "cancelled"


async def test_truth_about_jobs_of_a_dead_kernel(kernel, store, work):
    first = kernel()
    gate = work / "gate"
    ids = [
        await first.submit(program("until_file", work / str(number), gate, cwd=work))
        for number in range(5)
    ]
    await until_up(work / "3")
    await first.kill()
    assert ids[4] not in rows(await shown())
    assert "held it back" in rows(await shown(all=True))[ids[4]]
    gate.touch()
    for record in store.find(ids=ids[:4]):
        await until(record.exit_file().exists)
    assert await shown() == "No job is running."
    table = rows(await shown(all=True))
    assert all("done" in table[job_id] for job_id in ids[:4])
    assert len(store.find(unfinished=True)) == 5, "listing leaves the ends for attach()"


async def test_a_job_that_a_living_kernel_holds_back(kernel, store, work):
    first = kernel()
    ids = [
        await first.submit(program("until_stop", work / str(number), cwd=work))
        for number in range(5)
    ]
    (message,) = await ended([ids[4]])
    assert message.startswith(f"Ended {ids[4]}")
    assert len(await ended(None)) == 4
    for job_id in ids:
        assert (await first.ask(wait=job_id))["state"] == "cancelled"


async def test_an_unknown_id_ends_nothing(kernel, store, work):
    first = kernel()
    up = work / "up"
    job_id = await first.submit(program("until_stop", up, cwd=work))
    await until_up(up)
    with pytest.raises(JobError, match="no job 'nobody'"):
        await ended([job_id, "nobody"])
    assert job_id in rows(await shown())
