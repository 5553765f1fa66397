"""A kernel that is killed while programs run: the next one gets the values, nothing runs twice."""

from __future__ import annotations

import asyncio

import handmade
import pytest
from function_programs import calls, function, left_beside
from killed_evaluation import evaluate, kill_kernel_within

from asyncmd_jupyter.errors import SlurmError
from asyncmd_jupyter.jobs.manager import JobManager
from asyncmd_jupyter.jobs.model import JobState, Status
from asyncmd_jupyter.testing import MemoryLauncher


@pytest.fixture
def folder(tmp_path, manager):
    for n in (1, 2):
        handmade.trajectory(tmp_path / "data", [n, -n], f"traj{n}")
    return tmp_path


@pytest.fixture
def traj(tmp_path, manager):
    return handmade.trajectory(tmp_path / "data", [0.5, 1.5])


async def test_running_programs_are_waited_for(folder):
    await kill_kernel_within(folder, "local", 2)
    asking = asyncio.create_task(evaluate(folder, "local"))
    while not JobManager.current().records():
        await asyncio.sleep(0.01)
    (folder / "gate").touch()
    assert [values.tolist() for values in await asking] == [[1, -1], [2, -2]]
    assert len(calls(folder)) == 2
    assert left_beside(folder / "data") == []


async def test_what_ended_meanwhile_is_fetched(folder):
    await kill_kernel_within(folder, "local", 2)
    (folder / "gate").touch()
    while len(list((folder / "data" / ".asyncmd_jobs").glob("*/exit_code.0"))) < 2:
        await asyncio.sleep(0.01)
    values = await evaluate(folder, "local")
    assert [each.tolist() for each in values] == [[1, -1], [2, -2]]
    assert len(calls(folder)) == 2
    assert left_beside(folder / "data") == []


async def test_what_was_ended_meanwhile_is_computed_again(folder):
    await kill_kernel_within(folder, "local", 2)
    other = JobManager.current()
    for job in await other.unfinished({}):
        await job.cancel()
        await job.wait()
    (folder / "gate").touch()
    values = await evaluate(folder, "local")
    assert [each.tolist() for each in values] == [[1, -1], [2, -2]]
    assert len(calls(folder)) == 4


class Unlucky(MemoryLauncher):
    """Each job ends as a test says, one after the other."""

    def __init__(self, *ends: Status) -> None:
        super().__init__(name="unlucky")
        self.ends = list(ends)
        self._given: dict[str, Status] = {}

    async def poll(self, jobs):
        for job in jobs:
            if job.id not in self._given:
                self._given[job.id] = self.ends.pop(0)
        return {job.id: self._given[job.id] for job in jobs}


def lost_node(cause="NODE_FAIL"):
    reason = "A node on which it ran failed."
    return Status(JobState.FAILED, cause=cause, reason=reason, interrupted=True)


@pytest.mark.parametrize("cause", ["NODE_FAIL", "PREEMPTED", "REQUEUED", "LAUNCH_FAILED"])
async def test_node_failures_are_repeated_but_not_for_ever(manager, traj, tmp_path, cause):
    launcher = Unlucky(*[lost_node(cause)] * 4)
    manager.register(launcher)
    with pytest.raises(SlurmError, match="failed in each of 3 attempts: A node on which it ran"):
        await function(tmp_path, launcher="unlucky")(traj)
    assert len(launcher.ends) == 1
    launcher.ends[:] = [lost_node(cause)] * 9
    patient = function(tmp_path, launcher="unlucky")
    patient.max_attempts = 5
    with pytest.raises(SlurmError, match="in each of 5 attempts"):
        await patient(traj)
    assert len(launcher.ends) == 4


async def test_a_job_that_is_lost_is_repeated_only_if_that_may_help(manager, traj, tmp_path):
    lost = Status(JobState.LOST, reason="Gone.", interrupted=True)
    launcher = Unlucky(lost, Status(JobState.LOST, reason="Gone, too."), lost)
    manager.register(launcher)
    with pytest.raises(SlurmError, match=r"failed: Gone, too\."):
        await function(tmp_path, launcher="unlucky")(traj)
    assert len(launcher.ends) == 1


async def test_a_time_limit_would_be_reached_again(manager, traj, tmp_path):
    launcher = Unlucky(lost_node("TIMEOUT"), lost_node())
    manager.register(launcher)
    with pytest.raises(SlurmError, match="sbatch option 'time'"):
        await function(tmp_path, launcher="unlucky")(traj)
    assert len(launcher.ends) == 1


async def test_an_end_with_0_after_an_interruption_is_no_result(manager, traj, tmp_path):
    interrupted = Status(JobState.DONE, exit_code=0, cause="PREEMPTED", interrupted=True)
    done = Status(JobState.DONE, exit_code=0)
    launcher = Unlucky(interrupted, done)
    manager.register(launcher)
    with pytest.raises(SlurmError, match="has not written"):
        await function(tmp_path, launcher="unlucky")(traj)
    assert launcher.ends == []
