import asyncio
import gc
import weakref
from contextlib import aclosing

import pytest
from job_helpers import end_all, program, until, until_up

from asyncmd_jupyter import runtime as runtimes
from asyncmd_jupyter.errors import JobError, SubmissionError
from asyncmd_jupyter.jobs.manager import JobManager
from asyncmd_jupyter.jobs.model import Command, JobChanged, JobState, Resources
from asyncmd_jupyter.testing import MemoryLauncher


def test_the_manager_is_a_service_of_the_runtime(job_runtime):
    assert JobManager.current() is job_runtime.service(JobManager.create)
    with runtimes.use(runtimes.Runtime(job_runtime.settings)):
        assert JobManager.current() is not job_runtime.service(JobManager.create)


def test_making_a_manager_writes_nothing(job_runtime):
    JobManager(job_runtime)
    assert not job_runtime.settings.state_dir.exists()


def test_one_event_loop_after_the_other(job_runtime, work):
    manager = JobManager(job_runtime)
    up, gate = work / "up", work / "gate"
    waiting_up = work / "waiting"
    job_runtime.change_settings(max_cores=1)

    async def first():
        job = await manager.submit(program("until_file", up, gate, cwd=work), name="first")
        await until_up(up)
        await until(lambda: job.state is JobState.RUNNING)
        return job

    async def second():
        return await manager.submit(program("until_stop", waiting_up, cwd=work), name="second")

    async def third():
        gate.touch()
        record = await running.wait()
        await until_up(waiting_up)
        return record

    running = asyncio.run(first())
    waiting = asyncio.run(second())
    assert (running.state, waiting.state) == (JobState.RUNNING, JobState.WAITING)
    assert asyncio.run(third()).state is JobState.DONE
    asyncio.run(end_all(manager))
    assert waiting.state is JobState.CANCELLED


def test_an_event_loop_that_ends_during_a_submission_leaks_nothing(job_runtime, work):
    manager = JobManager(job_runtime)

    async def submit_and_leave(turns):
        command = program("until_stop", work / str(turns), cwd=work)
        task = asyncio.create_task(manager.submit(command, name="left"))
        for _ in range(turns):
            await asyncio.sleep(0.002)
        return task

    for turns in range(8):
        task = asyncio.run(submit_and_leave(turns))
        for record in manager.records():
            wanted = not task.cancelled() and record.id == task.result().id
            if wanted:
                asyncio.run(task.result().cancel())
    asyncio.run(end_all(manager))
    assert {record.state for record in manager.records()} <= {JobState.CANCELLED}


async def test_a_job_is_had_again_by_its_id(manager, work):
    job = await manager.submit(program("exit_with", 0, cwd=work), name="x", tags={"run": "first"})
    await job.wait()
    again = manager.job(job.id[:6])
    assert again == job
    assert hash(again) == hash(job)
    assert again.record.tags == {"run": "first"}
    assert manager.records() == [job.record]


async def test_final_jobs_of_earlier_kernels_are_in_the_store(manager, work, job_runtime):
    job = await manager.submit(program("exit_with", 4, cwd=work), name="x")
    record = await job.wait()
    (stored,) = await manager.history()
    assert stored == record
    later = JobManager(job_runtime)
    assert later.records() == []
    assert await later.job(job.id).wait() == record


async def test_unknown_ids_are_explained(manager, work):
    job = await manager.submit(program("exit_with", 0, cwd=work), name="x")
    await job.wait()
    mistyped = job.id[:-1] + "_"
    with pytest.raises(JobError, match=f"{mistyped}.*Did you mean {job.id}"):
        manager.job(mistyped)
    with pytest.raises(JobError, match="asyncmd jobs"):
        manager.job("")


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"argv": ()}, ValueError, "names no program"),
        ({"argv": ("a", "b\0c")}, ValueError, "NUL"),
        ({"argv": "gmx mdrun"}, TypeError, "'gmx mdrun'"),
        ({"argv": ("a", 3)}, TypeError, "3"),
        ({"env": {"a b": "c"}}, ValueError, "'c'.*environment variable"),
        ({"cwd": "missing"}, FileNotFoundError, "missing"),
        ({"cwd": "file"}, NotADirectoryError, "file"),
        ({"cores": 0}, ValueError, "cores=0"),
        ({"launcher": "nowhere"}, ValueError, "'nowhere'.*'local'"),
        ({"tags": {"what": object()}}, TypeError, "can't be stored"),
    ],
)
async def test_bad_input(manager, work, changes, error, message):
    (work / "file").touch()
    values = {"argv": ("true",), "env": {}, "cwd": "", "cores": 1, "launcher": "local"} | changes
    command = Command(values["argv"], work / values["cwd"], values["env"])
    with pytest.raises(error, match=message):
        await manager.submit(
            command,
            name="bad",
            resources=Resources(cores=values["cores"]),
            launcher=values["launcher"],
            tags=values.get("tags"),
        )
    assert manager.records() == []


async def test_a_store_that_cannot_be_written_refuses_jobs(job_runtime, work):
    job_runtime.settings.state_dir.write_text("not a folder")
    manager = JobManager(job_runtime)
    with pytest.raises(JobError, match="ASYNCMD_STATE_DIR"):
        await manager.submit(program("exit_with", 0, cwd=work), name="x")
    assert manager.records() == []
    await manager.shutdown()


async def test_a_store_that_breaks_later_stops_nothing(manager, work, job_runtime, caplog):
    gate = work / "gate"
    job = await manager.submit(program("until_file", work / "up", gate, cwd=work), name="x")
    await until_up(work / "up")
    path = job_runtime.settings.state_dir / "jobs.sqlite"
    good = path.read_bytes()
    path.write_text("damaged" * 1000)
    gate.touch()
    assert (await job.wait()).state is JobState.DONE
    await until(lambda: "ASYNCMD_STATE_DIR" in caplog.text)
    path.write_bytes(good)
    (stored,) = await manager.history()
    assert stored.state is JobState.DONE


async def test_a_launcher_that_fails_to_look_is_asked_again(manager, work, caplog):
    class Moody(MemoryLauncher):
        fails = 2

        async def poll(self, jobs):
            if self.fails:
                self.fails -= 1
                raise OSError("the queue is away")
            return await super().poll(jobs)

    launcher = Moody(name="moody")
    manager.register(launcher)
    job = await manager.submit(Command(("x",), work), name="x", launcher="moody")
    launcher.finish(job)
    assert (await job.wait()).state is JobState.DONE
    assert "the queue is away" in caplog.text


async def test_a_refused_submission_frees_its_cores(manager, work, job_runtime):
    class Refusing(MemoryLauncher):
        async def submit(self, job):
            raise SubmissionError("no such partition")

    job_runtime.change_settings(max_cores=1)
    manager.register(Refusing(name="refusing"))
    command = program("exit_with", 0, cwd=work)
    with pytest.raises(SubmissionError, match="no such partition"):
        await manager.submit(command, name="x", launcher="refusing")
    (record,) = manager.records()
    assert (record.state, record.reason) == (JobState.FAILED, "no such partition")
    blocking = await manager.submit(
        program("until_file", work / "up", work / "gate", cwd=work), name="blocking"
    )
    waiting = await manager.submit(command, name="waits, then refused", launcher="refusing")
    assert waiting.state is JobState.WAITING
    (work / "gate").touch()
    assert (await blocking.wait()).state is JobState.DONE
    assert (await waiting.wait()).reason == "no such partition"


async def test_jobs_of_a_queue_elsewhere_use_no_cores_here(manager, work, job_runtime):
    class Elsewhere(MemoryLauncher):
        is_local = False

    job_runtime.change_settings(max_cores=1)
    launcher = Elsewhere(name="elsewhere")
    manager.register(launcher)
    jobs = [
        await manager.submit(Command(("x",), work), name=str(number), launcher="elsewhere")
        for number in range(3)
    ]
    assert {job.state for job in jobs} == {JobState.PENDING}
    for job in jobs:
        launcher.finish(job)
        await job.wait()


async def test_changes_can_be_streamed(manager, work, job_runtime):
    states = []
    job = await manager.submit(program("exit_with", 0, cwd=work), name="x")
    async with aclosing(job_runtime.events.stream(JobChanged)) as events:
        async for event in events:
            states.append(event.record.state)
            if event.record.state.is_final:
                break
    assert states[-1] is JobState.DONE
    await job.wait()


async def test_the_poll_loop_ends_with_the_last_job(manager, work):
    job = await manager.submit(program("exit_with", 0, cwd=work), name="x")
    await job.wait()
    await until(lambda: len(asyncio.all_tasks()) == 1)


async def test_a_waiter_is_told_of_a_shutdown(job_runtime, work):
    manager = JobManager(job_runtime)
    up, gate = work / "up", work / "gate"
    job = await manager.submit(program("until_file", up, gate, cwd=work), name="x")
    waiter = asyncio.create_task(job.wait())
    await until_up(up)
    await manager.shutdown()
    with pytest.raises(JobError, match="shut down"):
        await waiter
    with pytest.raises(JobError, match="restart"):
        await manager.submit(program("exit_with", 0, cwd=work), name="late")
    gate.touch()
    await until(job.record.exit_file().exists)


async def test_dropped_managers_are_freed(settings, work):
    runtime = runtimes.Runtime(settings)
    manager = runtime.service(JobManager.create)
    job = await manager.submit(program("exit_with", 0, cwd=work), name="x")
    await job.wait()
    await manager.shutdown()
    gone = weakref.ref(manager)
    del manager, runtime, job
    while gone() is not None:  # a thread may not have dropped its last task yet
        await asyncio.sleep(0.01)
        gc.collect()


async def test_a_job_is_found_by_the_name_that_tables_show(manager, work):
    endless = program("until_stop", work / "up", cwd=work)
    first = await manager.submit(endless, name="run_1.part0001")
    await manager.submit(endless, name="twice")
    await manager.submit(endless, name="twice")
    assert manager.job("run_1.part0001") == first
    with pytest.raises(JobError, match="Several jobs are named 'twice'"):
        manager.job("twice")
    await first.cancel()
    await first.wait()
    with pytest.raises(JobError, match="no job 'run_1"):
        manager.job("run_1.part0001")


async def test_jobs_that_share_the_cores_are_told_theirs(manager, work, job_runtime):
    job_runtime.change_settings(max_cores=4)
    command = Command(("bash", "-c", 'echo "$OMP_NUM_THREADS"; sleep 0.2'), work)

    async def run(number):
        party = f"party {number}"
        needs = Resources(share=True, threads_variable="OMP_NUM_THREADS", party=party)
        with manager.announced(party):
            await asyncio.sleep(0)
            job = await manager.submit(command, name=f"job {number}", resources=needs)
        record = await job.wait()
        cores = record.resources.cores
        assert f"export OMP_NUM_THREADS={cores}\n" in record.script.read_text()
        return cores, int(job.tail(stream="stdout"))

    assert await run(0) == (4, 4)
    assert await asyncio.gather(run(1), run(2)) == [(2, 2), (2, 2)]
    assert await asyncio.gather(*(run(n) for n in range(5))) == [(1, 1)] * 5
