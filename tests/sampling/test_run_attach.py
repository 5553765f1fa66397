"""Runs on disk: what is kept of them, and how another kernel brings them back."""

from __future__ import annotations

import asyncio
import io
import json
import linecache
import marshal
import os
import pickle
import sqlite3
from contextlib import closing
from pathlib import Path
from types import CodeType

import cloudpickle
import numpy as np
import pytest
from toy_states import in_a, in_b, position

from asyncmd_jupyter import runtime as runtimes
from asyncmd_jupyter.errors import EngineCrashedError
from asyncmd_jupyter.jobs.manager import JobManager
from asyncmd_jupyter.jobs.process import Owner, ProcessId, hostname
from asyncmd_jupyter.sampling import run_memory, running
from asyncmd_jupyter.sampling.events import RunChanged
from asyncmd_jupyter.sampling.functions import PyTrajectoryFunctionWrapper
from asyncmd_jupyter.sampling.progress import RunState
from asyncmd_jupyter.sampling.run import Runs, start_run
from asyncmd_jupyter.sampling.run_memory import attach_runs
from asyncmd_jupyter.sampling.run_memory_pickle import RunMemoryError, load_spec, write_pickle
from asyncmd_jupyter.sampling.run_memory_seal import unsealed
from asyncmd_jupyter.sampling.run_record import look_for_records, records_in
from asyncmd_jupyter.sampling.states import Within, as_condition
from asyncmd_jupyter.testing import MemoryLauncher, ToyEngine
from asyncmd_jupyter.testing.toy_worker import main as toy_main


def never(traj) -> np.ndarray:
    return np.zeros(len(traj), dtype=bool)


def go(engine=None, *, until=((None, in_a), (None, in_b)), name="run", start=None, **options):
    engine = engine or ToyEngine(0.0, seed=5, launcher="memory")
    return start_run(engine, start, until=list(until), name=name, **options)


@pytest.fixture(autouse=True)
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
async def next_kernel(manager):
    """A runtime that knows nothing, like that of a new kernel."""
    with runtimes.use(runtimes.Runtime()) as fresh:
        made = JobManager.current()
        made.register(MemoryLauncher({"asyncmd_jupyter.testing.toy_worker": toy_main}))
        yield fresh
        fresh.change_settings(end_local_jobs_on_shutdown=True)
        await made.shutdown()


def named(function):
    """A condition with an id that is given, where none can be derived."""
    return PyTrajectoryFunctionWrapper(function, id="mine")


async def until(condition) -> None:
    while not condition():
        await asyncio.sleep(0.01)


async def forget_jobs(manager) -> None:
    """Let the store know nothing of what was computed."""
    with closing(sqlite3.connect(manager._store.path)) as db, db:
        db.execute("DELETE FROM jobs")


def record_text(folder: Path, name="run") -> dict:
    return json.loads((folder / name / f"{name}.run.json").read_text())


def living_process() -> str:
    """Another one than this, as the owner of a run."""
    return str(Owner(hostname(), ProcessId.of(os.getppid())))


async def attached():
    found = await attach_runs()
    assert found.problems == ()
    return {run.id: run for run in found.runs}


class TestRecord:
    async def test_says_what_the_run_is_and_how_it_ended(self, manager, in_folder, monkeypatch):
        monkeypatch.setenv("JPY_SESSION_NAME", "/home/me/it's.ipynb")
        run = go(n_walkers=2, campaign="first")
        await run
        record = record_text(in_folder)
        assert record["state"] == "reached"
        assert record["conditions"] == ["in_a", "in_b"]
        assert record["notebook"] == "/home/me/it's.ipynb"
        assert (record["pid"], record["campaign"]) == (os.getpid(), "first")
        assert [walker["state"] for walker in record["walkers"]] == ["reached"] * 2
        (found,) = records_in()
        assert found.walkers == run.snapshot().walkers
        assert found.engine_class.endswith("ToyEngine")
        pickled = in_folder / "run" / "run.run.pkl"
        assert pickled.stat().st_mode & 0o777 == 0o600

    async def test_is_there_while_the_run_goes_on(self, manager, in_folder):
        run = go(until=[never])
        await until(lambda: run.snapshot().walkers[0].n_frames > 2)
        await until(lambda: records_in()[0].state is RunState.RUNNING)
        assert records_in()[0].walkers[0].job_id == run.snapshot().walkers[0].job_id
        await run.cancel()
        assert records_in()[0].state is RunState.CANCELLED

    async def test_is_on_the_disk_before_the_run_is_said_to_be_there(
        self, manager, in_folder, monkeypatch
    ):
        synced, fsync = set(), os.fsync

        def recording(descriptor):
            path = Path(f"/proc/self/fd/{descriptor}").readlink()
            synced.add(path.name.partition(".run.")[2] if ".run." in path.name else path.name)
            fsync(descriptor)

        monkeypatch.setattr(os, "fsync", recording)
        await go()
        assert {"json", "pkl", "run"} <= synced, "both files, and the folder that names them"

    async def test_that_is_damaged_is_told_and_replaced(self, manager, in_folder, caplog):
        await go()
        (in_folder / "run" / "run.run.json").write_text('{"version": 1, "na')
        await go(continuation=True)
        assert "run.run.json' is damaged" in caplog.text
        assert records_in()[0].state is RunState.REACHED

    async def test_stays_with_a_continuation_and_goes_with_overwriting(self, manager, in_folder):
        await go()
        created = record_text(in_folder)["created"]
        await go(continuation=True)
        assert record_text(in_folder)["created"] == created
        await go(overwrite=True, until=[in_a])
        assert record_text(in_folder)["created"] > created
        assert record_text(in_folder)["conditions"] == ["in_a"]

    async def test_names_the_notebook_that_started_it(self, manager, in_folder, monkeypatch):
        first, second = in_folder / "a.ipynb", in_folder / "b.ipynb"
        first.touch()
        monkeypatch.setenv("JPY_SESSION_NAME", str(first))
        await go()
        monkeypatch.setenv("JPY_SESSION_NAME", str(second))
        await go(continuation=True)
        assert record_text(in_folder)["notebook"] == str(first)
        first.unlink()
        await go(continuation=True)
        assert record_text(in_folder)["notebook"] == str(second)

    async def test_tells_how_far_the_run_is(self, manager, in_folder, monkeypatch):
        monkeypatch.setattr(running, "_NOTE_SECONDS", 0.0)
        run = go(until=[never])
        await until(lambda: records_in() and records_in()[0].walkers[0].time_done > 0.5)
        await run.cancel()

    async def test_what_cannot_be_pickled_stops_nothing(self, manager, in_folder, next_kernel):
        with (in_folder / "notes.txt").open("w") as notes:

            def noting(traj):
                notes.write("seen ")
                return in_a(traj) | in_b(traj)

            with runtimes.use(manager._runtime):
                await go(until=[("noted", named(noting)), ("b", in_b)])
        record = record_text(in_folder)
        assert list(record["unpicklable"]) == ["the condition noted"]
        assert "files" in record["unpicklable"]["the condition noted"]
        assert not (in_folder / "run" / "run.run.pkl").exists()
        found = await attach_runs()
        assert found.runs == ()
        (problem,) = found.problems
        assert "noted" in problem
        assert "continuation=True" in problem
        assert "--continue" in problem

    async def test_an_earlier_pickle_does_not_outlive_its_run(self, manager, in_folder):
        await go()
        with (in_folder / "notes.txt").open("w") as notes:
            condition = named(lambda traj: in_b(traj) | notes.closed)
            await go(until=[condition], continuation=True)
        assert not (in_folder / "run" / "run.run.pkl").exists()

    async def test_records_are_found_one_level_down_and_damaged_ones_named(
        self, manager, in_folder, monkeypatch
    ):
        await go(name="one")
        await go(name="two")
        (in_folder / "three").mkdir()
        for number, text in enumerate(["", "{", "[]", '{"version": 99}', '{"version": 1}']):
            (in_folder / "three" / f"x{number}.run.json").write_text(text)
        found = look_for_records()
        assert [record.name for record in found.records] == ["one", "two"]
        assert len(found.problems) == 5
        assert "newer than this program" in found.problems[3]
        monkeypatch.chdir("one")
        assert [record.name for record in records_in()] == ["one"]
        with pytest.raises(FileNotFoundError, match="nowhere"):
            records_in("nowhere")
        with pytest.raises(NotADirectoryError, match="three"):
            records_in(in_folder / "three" / "x0.run.json")


class OldPickler(cloudpickle.Pickler):
    """Leaves names of files as they are, as cloudpickle did before version 3.1.3."""

    def reducer_override(self, value):
        if isinstance(value, CodeType):
            return marshal.loads, (marshal.dumps(value),)
        return super().reducer_override(value)


def payload_of(path: Path) -> dict:
    content, why_not = unsealed(path.read_bytes(), path, runtimes.current().settings.state_dir)
    assert why_not == ""
    return pickle.loads(content)


class TestPickle:
    async def test_that_is_gone_or_a_pipe_is_told(self, manager, in_folder):
        await go()
        (record,) = records_in()
        pickled = in_folder / "run" / "run.run.pkl"
        load_spec(record)
        os.truncate(pickled, 2**40)
        with pytest.raises(RunMemoryError, match=r"more than .*continuation=True"):
            load_spec(record)
        pickled.unlink()
        with pytest.raises(RunMemoryError, match=r"can't be read.*continuation=True"):
            load_spec(record)
        os.mkfifo(pickled)
        with pytest.raises(RunMemoryError, match=r"not a regular file.*continuation=True"):
            load_spec(record)

    async def test_of_another_python_or_without_a_module(self, manager, in_folder, monkeypatch):
        (in_folder / "mine").mkdir()
        source = "import numpy as np\ndef far(traj):\n    return np.ones(len(traj), bool)\n"
        (in_folder / "mine" / "my_states.py").write_text(source)
        with monkeypatch.context() as patch:
            patch.syspath_prepend(in_folder / "mine")
            import my_states

            await go(until=[my_states.far])
        import sys

        del sys.modules["my_states"]
        (record,) = records_in()
        with pytest.raises(RunMemoryError, match=r"No module named 'my_states'"):
            load_spec(record)
        pickled = in_folder / "run" / "run.run.pkl"
        payload = payload_of(pickled)
        write_pickle(pickled, pickle.dumps({**payload, "python": (3, 2)}))
        with pytest.raises(RunMemoryError, match=r"Python 3\.2, and this is"):
            load_spec(record)
        write_pickle(pickled, b"nonsense")
        with pytest.raises(RunMemoryError, match="damaged"):
            load_spec(record)

    async def test_pickles_of_earlier_versions_have_the_texts_beside_the_code(
        self, manager, in_folder
    ):
        name = "/tmp/ipykernel_1/earlier.py"
        cell = "def far(traj):\n    return position(traj) > 60 * 60\n"
        linecache.cache[name] = (len(cell), None, [cell], name)
        namespace = {"__name__": "__main__", "position": position}
        exec(compile(cell, name, "exec"), namespace)
        condition = as_condition(namespace["far"])
        expected = condition.id
        await go(until=[in_a])
        pickled = in_folder / "run" / "run.run.pkl"
        payload = payload_of(pickled)
        engine, _ = pickle.loads(payload["main"])
        with io.BytesIO() as file:
            OldPickler(file).dump((engine, [condition]))
            payload |= {"main": file.getvalue(), "sources": {name: [cell]}}
        write_pickle(pickled, pickle.dumps(payload))
        del linecache.cache[name]
        with runtimes.use(runtimes.Runtime()):
            assert load_spec(records_in()[0]).until[0].id == expected
        del linecache.cache[name]

    async def test_functions_of_a_notebook_keep_their_ids(self, manager, in_folder):
        cell = (
            "import numpy as np\n"
            "LIMIT = 0.2\n"
            "def far(traj):\n"
            "    # told by the text of the cell\n"
            "    return np.abs(position(traj)) > LIMIT\n"
        )
        name = "/tmp/ipykernel_1/123.py"
        linecache.cache[name] = (len(cell), None, cell.splitlines(True), name)
        namespace = {"__name__": "__main__", "position": position}
        exec(compile(cell, name, "exec"), namespace)
        expected = as_condition(namespace["far"]).id
        await go(until=[namespace["far"]])
        del linecache.cache[name]
        assert as_condition(namespace["far"]).id == expected, "known from memory"
        with runtimes.use(runtimes.Runtime()):
            spec = load_spec(records_in()[0])
            assert spec.until[0].id == expected
            del linecache.cache[name]
        with runtimes.use(runtimes.Runtime()):
            assert as_condition(namespace["far"]).id != expected, "the text is not needed"


class TestEnded:
    async def test_shows_what_it_showed(self, manager, in_folder, next_kernel):
        right = Within(position, 0.2, name="right")
        with runtimes.use(manager._runtime):
            run = go(until=[right, ("left", in_a)], n_walkers=2)
            await run
            before, series = run.snapshot(), [run.series(0), run.series(1)]
        changes = []
        next_kernel.events.subscribe(changes.append, RunChanged)
        again = (await attached())["run"]
        assert again.done
        assert Runs.current().get("run") is again
        assert again.snapshot() == before
        assert await again == await run
        changes.clear()
        assert len(again.series(0).times) == 0, "it is read when it is asked for"
        await until(lambda: changes)
        await again.read()
        for walker, expected in enumerate(series):
            found = again.series(walker)
            assert found.reached_frame == expected.reached_frame
            assert np.array_equal(found.times, expected.times)
            assert np.array_equal(found.parts, expected.parts)
            for name, values in expected.fulfilled.items():
                assert np.array_equal(found.fulfilled[name], values)
            assert np.array_equal(found.observables[0].values, expected.observables[0].values)
            assert found.observables[0].bands == expected.observables[0].bands
            assert again.pieces(walker).n_frames == len(expected.times)
        assert await attached() == {}, "it is here"

    async def test_limit_cancelled_failed_and_start_in_a_state(
        self, manager, in_folder, next_kernel
    ):
        with runtimes.use(manager._runtime):
            limited = go(until=[never], max_steps=50, name="limited")
            expected = await limited
            cancelled = go(until=[never], name="cancelled", n_walkers=2)
            await until(lambda: all(w.n_frames > 5 for w in cancelled.snapshot().walkers))
            await cancelled.cancel()
            engine = ToyEngine(0.25, launcher="memory")
            start = await engine.generate_velocities(None, "start.trr")
            at_once = go(engine, start=start, name="at_once")
            await at_once
            failed = go(ToyEngine(0.1, timestep=5.0, launcher="memory"), until=[never], name="bad")
            with pytest.raises(EngineCrashedError):
                await failed
        (in_folder / "start.trr").unlink()
        again = await attached()
        for run in (limited, cancelled, at_once, failed):
            assert again[run.id].snapshot() == run.snapshot()
            await again[run.id].read()
        assert await again["limited"] == expected
        assert np.array_equal(again["limited"].series().times, limited.series().times)
        assert len(again["cancelled"].series(1).times) > 5
        assert len(again["at_once"].series().times) == 0
        assert len(await again["at_once"]) == 1
        with pytest.raises(EngineCrashedError, match="finite"):
            await again["bad"]

    async def test_values_are_not_computed_again(self, manager, in_folder, next_kernel):
        log = in_folder / "calls.txt"

        def logged(traj, log=str(log)):
            with Path(log).open("a") as file:
                file.write("called\n")
            return traj.frame_table().times

        with runtimes.use(manager._runtime):
            await go(until=[Within(logged, 0.5, 1e9)])
        log.write_text("")
        again = (await attached())["run"]
        await again.read()
        assert len(again.series().times) > 2
        assert log.read_text() == "", "cached values count again"

    async def test_what_was_cancelled_without_a_kernel_stays_so(
        self, manager, in_folder, next_kernel
    ):
        with runtimes.use(manager._runtime):
            run = go(until=[never], n_walkers=2)
            await until(lambda: all(w.n_frames > 3 for w in run.snapshot().walkers))
            await run.cancel()
        text = record_text(in_folder)  # as a kernel leaves it that dies before
        for walker in text["walkers"]:
            walker["state"] = "running"
        (in_folder / "run" / "run.run.json").write_text(json.dumps(text))
        n_jobs = len(await JobManager.current().history())
        again = (await attached())["run"]
        assert again.done
        assert again.state is RunState.CANCELLED
        assert record_text(in_folder)["state"] == "cancelled"
        await again.read()
        assert len(again.series(1).times) > 3
        assert len(await JobManager.current().history()) == n_jobs

    async def test_what_ended_with_its_kernel_goes_on(self, manager, in_folder, next_kernel):
        with runtimes.use(manager._runtime):
            run = go(until=[never])
            await until(lambda: run.snapshot().walkers[0].n_frames > 3)
            text = (in_folder / "run" / "run.run.json").read_text()
            manager._runtime.change_settings(end_local_jobs_on_shutdown=True)
            await manager.shutdown()
        (in_folder / "run" / "run.run.json").write_text(text)  # as a kernel leaves it that dies
        again = (await attached())["run"]
        await until(lambda: again.state is RunState.RUNNING)
        await again.cancel()

    async def test_what_is_cancelled_before_it_was_read_again_keeps_its_frames(
        self, manager, in_folder, next_kernel
    ):
        with runtimes.use(manager._runtime):
            run = go(until=[never])
            await until(lambda: run.snapshot().walkers[0].n_frames > 3)
            await run.cancel()
            (before,) = run.snapshot().walkers
        text = record_text(in_folder)
        text["walkers"][0]["state"] = "held"  # cancelled by no one: the record of a killed kernel
        text["walkers"][0]["job_id"] = None
        (in_folder / "run" / "run.run.json").write_text(json.dumps(text))
        await forget_jobs(JobManager.current())
        again = (await attached())["run"]
        await again.cancel()
        (seen,) = again.snapshot().walkers
        assert seen.state is RunState.CANCELLED
        for name in ("steps_done", "time_done", "n_frames", "part", "trajectory_files"):
            assert getattr(seen, name) == getattr(before, name), name
        assert record_text(in_folder)["walkers"][0]["n_frames"] == before.n_frames

    async def test_only_what_was_asked_for(self, manager, in_folder, next_kernel):
        with runtimes.use(manager._runtime):
            for name in ("one", "two", "three"):
                await go(name=name)
        with pytest.raises(ValueError, match=r"no run 'four'.*: one, three, two\."):
            await attach_runs(names=["two", "four"])
        found = await attach_runs(names=["two", "three"])
        assert [run.id for run in found.runs] == ["two", "three"]

    async def test_same_name_elsewhere_is_a_problem(self, manager, in_folder, next_kernel):
        (in_folder / "a").mkdir()
        with runtimes.use(manager._runtime):
            await go(workdir="a")
        mine = await go() and Runs.current().get("run")
        found = await attach_runs("a")
        assert found.runs == ()
        assert "another one of that name" in found.problems[0]
        assert Runs.current().get("run") is mine

    async def test_of_two_kernels_at_once_one_goes_on(
        self, manager, in_folder, next_kernel, monkeypatch
    ):
        await go(until=[never], max_steps=200)
        Runs.current().forget("run")
        text = record_text(in_folder)
        text["walkers"][0]["state"] = "running"
        path = in_folder / "run" / "run.run.json"
        path.write_text(json.dumps(text))
        load = run_memory.load_spec

        def meanwhile_taken_by_another(record, **options):
            path.write_text(json.dumps(text | {"owner": living_process()}))
            return load(record, **options)

        monkeypatch.setattr(run_memory, "load_spec", meanwhile_taken_by_another)
        found = await attach_runs()
        assert "left alone" in found.problems[0]
        assert (found.runs, Runs.current().all()) == ((), [])
        assert record_text(in_folder)["owner"] == living_process()

    async def test_by_force_it_is_taken_over_and_its_record_with_it(
        self, manager, in_folder, next_kernel
    ):
        run = go(until=[in_a], max_steps=200)
        await run
        Runs.current().forget("run")
        text = record_text(in_folder) | {"owner": living_process()}
        text["walkers"][0]["state"] = "running"
        path = in_folder / "run" / "run.run.json"
        path.write_text(json.dumps(text))
        assert "left alone" in (await attach_runs()).problems[0]
        await run._keeper.settled()  # of a kernel that has slept
        assert record_text(in_folder)["owner"] == living_process()
        found = await attach_runs(force=True)
        assert found.problems == ()
        assert f"taken over from the kernel with the process {os.getppid()}" in found.taken[0]
        await found.runs[0]
        assert record_text(in_folder)["owner"] == str(Owner.this())
        assert record_text(in_folder)["state"] == "limit"

    async def test_one_that_found_another_kernel_at_work_goes_on(
        self, manager, in_folder, next_kernel
    ):
        await go(until=[in_a], max_steps=200)
        Runs.current().forget("run")
        text = record_text(in_folder)
        text["walkers"][0]["state"] = "failed"
        text["error_kinds"] = ["OtherKernelError"]
        (in_folder / "run" / "run.run.json").write_text(json.dumps(text))
        run = (await attached())["run"]
        await run
        assert run.state.is_final
        assert run.state is not RunState.FAILED

    async def test_many_do_not_block_the_loop(self, manager, in_folder, next_kernel):
        import shutil

        with runtimes.use(manager._runtime):
            await go(name="x0")
        for number in range(1, 60):
            folder = in_folder / f"x{number}"
            folder.mkdir()
            for path in (in_folder / "x0").iterdir():
                if path.is_file():
                    shutil.copy2(path, folder / path.name.replace("x0", folder.name))
            record = json.loads((folder / f"{folder.name}.run.json").read_text())
            record["name"] = folder.name
            (folder / f"{folder.name}.run.json").write_text(json.dumps(record))
        attaching = asyncio.create_task(attach_runs(trust=True))
        turns = 0
        while not attaching.done():
            await asyncio.sleep(0)
            turns += 1
        assert len((await attaching).runs) == 60
        assert turns > 60, "others had their turn between any two runs"
