"""Limits of the process."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import subprocess
import sys
import threading

import pytest

from asyncmd_jupyter import config
from asyncmd_jupyter.files.writing import create
from asyncmd_jupyter.frames.cache import ValueCaches
from asyncmd_jupyter.frames.threads import WorkThreads
from asyncmd_jupyter.jobs.schema import check_schema
from asyncmd_jupyter.jobs.store import make_state_folder
from asyncmd_jupyter.machine import allowed_cores, allowed_files
from asyncmd_jupyter.runtime import Runtime, use
from asyncmd_jupyter.settings import Settings


def test_limits_are_set_and_shown(runtime):
    config.set_max_process(3)
    config.set_max_cores(2)
    config.end_jobs_on_shutdown()
    shown = config.show_config()
    assert (shown.max_processes, shown.max_cores) == (3, 2)
    assert shown.end_local_jobs_on_shutdown
    config.set_max_process(8, max_num=5)
    assert config.show_config().max_processes == 5
    config.set_max_process()
    config.set_max_cores()
    assert config.show_config().max_processes == max(1, allowed_cores() // 4)
    assert config.show_config().max_cores == allowed_cores()


@pytest.mark.parametrize("number", [0, -1, 1.5, True, "3"])
def test_numbers_that_are_none(runtime, number):
    for change in (config.set_max_process, config.set_max_cores):
        with pytest.raises(ValueError, match=f"{number!r} has to be a whole number"):
            change(number)


def test_files_are_limited_by_what_the_system_allows(runtime):
    allowed = allowed_files()
    config.set_max_files_open(200)
    shown = config.show_config()
    assert (shown.max_files_open, shown.files_margin) == (200, 30)
    config.set_max_files_open(31, margin=0)
    assert config.show_config().files_margin == 0
    with pytest.warns(UserWarning, match=f"the limit is {allowed}"):
        config.set_max_files_open(allowed + 1)
    assert config.show_config().max_files_open == allowed
    config.set_max_files_open()
    assert config.show_config().max_files_open == allowed


@pytest.mark.parametrize(
    ("num", "margin", "message"),
    [
        (30, 30, "num=30 has to be more than margin=30"),
        (5, 30, "num=5 has to be more than margin=30"),
        (0, 0, "num=0 has to be a whole number of at least 1"),
        ("many", 30, "num='many' has to be"),
        (100, -1, "margin=-1 has to be a whole number of at least 0"),
        (100, 2.5, "margin=2.5 has to be"),
        (None, 2**40, "has to be more than margin"),
    ],
)
def test_file_limits_that_are_none(runtime, num, margin, message):
    before = runtime.settings
    with pytest.raises(ValueError, match=message):
        config.set_max_files_open(num, margin)
    assert runtime.settings == before


class Turnstile:
    """Calls that wait until they are let go, and how many of them there are at once."""

    def __init__(self):
        self.began = threading.Semaphore(0)
        self.go_on = threading.Event()
        self.lock = threading.Lock()
        self.running = self.most = 0

    def __call__(self):
        with self.lock:
            self.running += 1
            self.most = max(self.most, self.running)
        self.began.release()
        assert self.go_on.wait(60)
        with self.lock:
            self.running -= 1

    async def have_begun(self, number):
        for _ in range(number):
            assert await asyncio.to_thread(self.began.acquire, timeout=60)
        for _ in range(20):
            await asyncio.to_thread(lambda: None)
        assert self.running == number


async def test_files_of_calls_count_together_and_the_limit_can_be_raised(runtime):
    config.set_max_process(8)
    config.set_max_files_open(40, margin=30)
    calls = Turnstile()
    tasks = [asyncio.create_task(WorkThreads.current().run(calls, files=4)) for _ in range(6)]
    await calls.have_begun(2)
    config.set_max_files_open(50, margin=30)
    for _ in range(3):
        assert await asyncio.to_thread(calls.began.acquire, timeout=60)
    calls.go_on.set()
    await asyncio.gather(*tasks)
    assert calls.most == 5


async def test_a_call_that_needs_more_files_than_allowed_runs_alone(runtime):
    config.set_max_process(8)
    config.set_max_files_open(40, margin=30)
    calls, large = Turnstile(), Turnstile()
    first = asyncio.create_task(WorkThreads.current().run(calls, files=4))
    await calls.have_begun(1)
    second = asyncio.create_task(WorkThreads.current().run(large, files=1000))
    third = asyncio.create_task(WorkThreads.current().run(calls, files=4))
    calls.go_on.set()
    await first
    await large.have_begun(1)
    assert calls.running == 0
    assert not third.done()
    large.go_on.set()
    await asyncio.gather(second, third)


async def test_a_lower_limit_holds_for_what_begins_later(runtime):
    config.set_max_process(3)
    calls, later = Turnstile(), Turnstile()
    tasks = [asyncio.create_task(WorkThreads.current().run(calls)) for _ in range(3)]
    await calls.have_begun(3)
    config.set_max_process(1)
    assert calls.running == 3
    tasks += [asyncio.create_task(WorkThreads.current().run(later)) for _ in range(3)]
    calls.go_on.set()
    await asyncio.gather(*tasks[:3])
    await later.have_begun(1)
    later.go_on.set()
    await asyncio.gather(*tasks)
    assert later.most == 1


def test_limits_hold_in_event_loops_one_after_the_other(runtime):
    config.set_max_process(1)
    for number in (1, 2, 1):

        async def use(number: int = number) -> None:
            config.set_max_process(number)
            calls = Turnstile()
            tasks = [asyncio.create_task(WorkThreads.current().run(calls)) for _ in range(3)]
            await calls.have_begun(number)
            calls.go_on.set()
            await asyncio.gather(*tasks)
            assert calls.most == number

        asyncio.run(use())


@pytest.mark.parametrize("name", ["npz", "NPZ", "Memory", "h5py", "H5PY"])
def test_cache_types_in_any_case(runtime, name):
    config.set_trajectory_cache_type(name)
    assert ValueCaches.current().type == name.lower()
    assert config.show_config().cache_type == name.lower()


@pytest.mark.parametrize("name", ["hdf5", "", None, 3])
def test_cache_types_that_are_none(runtime, name):
    with pytest.raises(ValueError, match="choose one of h5py, memory, npz"):
        config.set_trajectory_cache_type(name)
    assert ValueCaches.current().type == "npz"


def test_the_config_reads_well(runtime, tmp_path):
    import h5py

    config.set_max_process(3)
    with h5py.File(tmp_path / "<v>.h5", "w") as file:
        config.register_h5py_cache(file)
        shown = config.show_config()
        lines = repr(shown).splitlines()
        assert "functions and conversions at once  3" in lines[1]
        assert lines[1].endswith("set_max_process")
        assert len({line.index(row[2]) for line, row in zip(lines, shown.rows(), strict=True)}) == 1
        text = shown._repr_html_()
    assert "&lt;v&gt;.h5 (/)" in text
    assert "<script" not in text
    assert "<v>" not in text
    with pytest.raises(AttributeError):
        shown.max_nothing  # noqa: B018


def test_administrators_have_the_last_word_on_cores(tmp_path):
    settings = Settings.from_environment({"ASYNCMD_MAX_CORES": "3", "HOME": str(tmp_path)})
    with use(Runtime(settings)) as runtime:
        with pytest.warns(UserWarning, match="num=8 is more than the 3 that ASYNCMD_MAX_CORES"):
            config.set_max_cores(8)
        assert "3, at most 3 (ASYNCMD_MAX_CORES)" in repr(config.show_config())
        config.set_max_cores(2)
        assert runtime.settings.max_cores == 2
        assert runtime.change_settings(max_cores=8).max_cores == 3
        config.set_max_cores()
        assert runtime.settings.max_cores == min(3, allowed_cores())


LIMITS = {
    "none": ("0::/user.slice\n", {"user.slice/cpu.max": "max 100000"}, 10**6),
    "of this group": ("0::/a/b\n", {"a/b/cpu.max": "150000 100000", "a/cpu.max": "max 1"}, 1),
    "of a group above": ("0::/a/b\n", {"a/b/cpu.max": "max 1", "cpu.max": "100000 100000"}, 1),
    "less than one core": ("0::/\n", {"cpu.max": "30000 100000"}, 1),
    "version 1": (
        "3:cpuset:/\n2:cpu,cpuacct:/j\n",
        {"cpu/j/cpu.cfs_quota_us": "100000", "cpu/j/cpu.cfs_period_us": "100000"},
        1,
    ),
    "version 1, none": (
        "2:cpu,cpuacct:/\n",
        {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"},
        10**6,
    ),
    "nonsense": ("0::/\n", {"cpu.max": "many few"}, 10**6),
}


@pytest.mark.parametrize("kind", LIMITS)
def test_cores_are_those_that_a_container_gets(tmp_path, kind):
    groups, files, most = LIMITS[kind]
    for name, text in {"proc/self/cgroup": groups}.items() | {
        (f"sys/fs/cgroup/{name}", text) for name, text in files.items()
    }:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert allowed_cores(tmp_path) == min(most, len(os.sched_getaffinity(0)))


def test_environment(tmp_path):
    environ = {
        "ASYNCMD_STATE_DIR": str(tmp_path),
        "ASYNCMD_MAX_CORES": "3",
        "ASYNCMD_MAX_PROCESSES": "2",
        "ASYNCMD_END_JOBS_ON_SHUTDOWN": "1",
        "ASYNCMD_CANCEL_GRACE": "7",
        "ASYNCMD_KEEP_JOBS_DAYS": "30",
    }
    settings = Settings.from_environment(environ)
    assert (settings.state_dir, settings.max_cores, settings.max_processes) == (tmp_path, 3, 2)
    assert settings.end_local_jobs_on_shutdown
    assert settings.cancel_grace.total_seconds() == 7
    assert settings.keep_ended_jobs.days == 30


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ASYNCMD_MAX_CORES", "many"),
        ("ASYNCMD_MAX_CORES", "0"),
        ("ASYNCMD_END_JOBS_ON_SHUTDOWN", "maybe"),
    ],
)
def test_environment_that_says_nothing(name, value):
    with pytest.raises(ValueError, match=f"{name}='{value}'"):
        Settings.from_environment({name: value})


def test_parts_that_get_nowhere(runtime):
    config.set_max_fruitless_parts(5)
    assert runtime.settings.max_fruitless_parts == 5
    assert "set_max_fruitless_parts" in repr(config.show_config())
    config.set_max_fruitless_parts()
    assert runtime.settings.max_fruitless_parts == 3
    with pytest.raises(ValueError, match="num=0"):
        config.set_max_fruitless_parts(0)


def shown_by_a_script(tmp_path, text, *argv):
    script = tmp_path / "script.py"
    script.write_text(f"from asyncmd_jupyter import config\n{text}\n")
    environment = {**os.environ, "ASYNCMD_STATE_DIR": str(tmp_path / "state")}
    done = subprocess.run(
        [sys.executable, *(argv or (str(script),))],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("call", ["config.show_config()", "print(config.show_config())"])
def test_a_script_shows_the_limits_once(tmp_path, call):
    said = shown_by_a_script(tmp_path, call)
    assert said.count("CPU cores of local jobs") == 1
    assert said.count("job store") == 1


def test_what_a_script_keeps_is_not_printed(tmp_path):
    assert shown_by_a_script(tmp_path, "shown = config.show_config()") == ""


def test_one_line_of_code_shows_the_limits(tmp_path):
    line = "from asyncmd_jupyter import config; config.show_config()"
    assert "CPU cores of local jobs" in shown_by_a_script(tmp_path, "", "-c", line)


def test_a_damaged_job_store_is_shown_as_such(tmp_path):
    state = tmp_path / "state"
    state.mkdir()
    (state / "jobs.sqlite").write_text("this was a database " * 1000)
    said = shown_by_a_script(tmp_path, "config.show_config()")
    assert "CPU cores of local jobs" in said
    assert max(map(len, said.splitlines())) < 200
    assert "not known, see below" in said
    assert "can't be used (file is not a database)" in " ".join(said.split())


@pytest.mark.parametrize("row", ["no JSON", '{"launcher": "slurm", "folder": 5}'])
def test_one_row_that_is_damaged_hides_no_setting(runtime, row):
    folder = runtime.settings.state_dir
    make_state_folder(folder)
    with (
        create(folder / "jobs.sqlite", 0o600),
        contextlib.closing(sqlite3.connect(folder / "jobs.sqlite")) as db,
    ):
        check_schema(db)
        db.execute("INSERT INTO jobs VALUES ('a', 'nobody', 'running', 0, 0, 1, ?)", (row,))
        db.commit()
    shown = config.show_config()
    assert "CPU cores of local jobs" in repr(shown)
    assert str(folder) in shown.problem
    assert "<p role='alert'>" in shown._repr_html_()
