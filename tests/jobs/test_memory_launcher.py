import pytest

from asyncmd_jupyter import testing
from asyncmd_jupyter.errors import JobError
from asyncmd_jupyter.jobs.model import Command, JobState
from asyncmd_jupyter.testing import MemoryLauncher


@pytest.fixture
def driven(manager):
    launcher = MemoryLauncher(name="driven")
    manager.register(launcher)
    return launcher


@pytest.fixture
async def job(manager, driven, work):
    return await manager.submit(Command(("x", "y"), work), name="x", launcher="driven")


async def test_a_test_drives_the_states(driven, job, work):
    assert job.state is JobState.PENDING
    driven.start(job)
    driven.finish(job, 3, stdout="out\n", stderr="a\nb\n")
    record = await job.wait()
    assert (record.state, record.exit_code) == (JobState.FAILED, 3)
    assert (job.tail(1), job.tail(stream="stdout")) == ("b", "out")


async def test_ended_by_a_signal(driven, job):
    driven.finish(job, -9)
    record = await job.wait()
    assert (record.exit_code, record.reason.count("SIGKILL")) == (-9, 1)


async def test_lost(driven, job):
    driven.lose(job)
    assert (await job.wait()).state is JobState.LOST


async def test_wishes_can_be_seen(driven, job):
    assert not driven.was_asked_to_stop(job)
    await job.ask_to_stop()
    assert driven.was_asked_to_stop(job)
    await job.cancel()
    assert (await job.wait()).state is JobState.CANCELLED


async def test_a_failing_function_leaves_its_traceback(manager, work):
    def explode(arguments, stop):
        raise RuntimeError(f"with {arguments}")

    manager.register(MemoryLauncher({"explode": explode}, name="functions"))
    command = Command(("explode", "x"), work)
    job = await manager.submit(command, name="x", launcher="functions")
    assert (await job.wait()).exit_code == 1
    assert job.tail(1) == "RuntimeError: with ('x',)"


def test_a_stranger_is_refused():
    stranger = type("Stranger", (), {"id": "abc"})()
    with pytest.raises(JobError, match="'abc'"):
        MemoryLauncher().start(stranger)


def test_names_are_found_lazily():
    assert "MemoryLauncher" in dir(testing)
    with pytest.raises(AttributeError, match="nothing"):
        _ = testing.nothing
