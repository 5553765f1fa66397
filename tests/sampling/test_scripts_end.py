"""Scripts that end their event loop, in whatever way, leave nothing on the terminal."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from asyncmd_jupyter.jobs.model import JobState
from asyncmd_jupyter.jobs.office import Office
from asyncmd_jupyter.sampling.progress import RunState
from asyncmd_jupyter.sampling.run_record import records_in
from asyncmd_jupyter.settings import Settings

SCRIPT = Path(__file__).with_name("script_that_ends.py")
STRICT = ("-X", "dev", "-W", "error")


@pytest.fixture
def office(tmp_path):
    """Sees the jobs that scripts leave, and ends them after the test."""
    made = Office(Settings(state_dir=tmp_path / "state", max_cores=8, max_processes=1))
    yield made
    made.end(made.unfinished())


@pytest.fixture
def run(tmp_path, office):
    def run_script(what, how, *options):
        environment = {name: value for name, value in os.environ.items() if name[:3] != "COV"}
        environment |= {"ASYNCMD_STATE_DIR": str(tmp_path / "state"), "ASYNCMD_MAX_CORES": "8"}
        environment.pop("PYTHONWARNINGS", None)
        done = subprocess.run(
            [sys.executable, *options, str(SCRIPT), what, how],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stderr == ""
        assert done.returncode == 0
        return done.stdout.splitlines()

    return run_script


# A loop that is only stopped, Python itself complains of where it is strict.
WAYS = [("ran", STRICT), ("closed", STRICT), ("stopped", ())]


@pytest.mark.parametrize(("how", "options"), WAYS)
def test_what_is_awaited(run, office, how, options):
    assert run("finished", how, *options) == ["first 200"]
    assert not office.unfinished()


@pytest.mark.parametrize(("how", "options"), WAYS)
def test_a_run_that_goes_on(run, office, tmp_path, how, options):
    assert run("left", how, *options) == ["run goes on"]
    # asyncio.run cancels what it leaves; otherwise jobs go on as those of a kernel do.
    going_on = [] if how == "ran" else ["run.part0001"]
    assert [job.name for job in office.unfinished()] == going_on
    [record] = records_in(tmp_path)
    assert record.state.is_final == (how == "ran")
    assert record.state in (RunState.CANCELLED, RunState.PREPARING, RunState.RUNNING)


@pytest.mark.parametrize(("how", "options"), WAYS)
def test_jobs_end_with_the_script_if_that_is_set(run, office, monkeypatch, how, options):
    monkeypatch.setenv("ASYNCMD_END_JOBS_ON_SHUTDOWN", "1")
    assert run("left", how, *options) == ["run goes on"]
    assert office.unfinished() == []
    [job] = office.store.find()
    assert job.state is JobState.CANCELLED


def test_a_run_is_taken_up_in_another_loop(run, office):
    closed, *taken_up = run("left_and_taken_up", "closed", *STRICT)[1:]
    assert closed.startswith("The event loop in which the run 'run' was started was closed")
    assert taken_up == ["same job: True", "cancelled"]
    assert office.unfinished() == []


@pytest.mark.parametrize(("how", "options"), WAYS)
def test_a_run_that_has_hardly_begun(run, how, options):
    assert run("in_a_thread", how, *options) == ["run begins"]


@pytest.mark.parametrize(("how", "options"), WAYS)
def test_an_error_of_the_script(run, how, options):
    assert run("failing", how, *options) == ["run goes on", "an error of the script"]


@pytest.mark.parametrize(("how", "options"), WAYS)
def test_an_interrupt(run, how, options):
    assert run("interrupted", how, *options) == ["run goes on", "interrupted"]


@pytest.mark.parametrize(("how", "options"), WAYS)
def test_one_loop_after_the_other(run, how, options):
    said = run("several", how, *options)
    assert said == ["one goes on", "two 200", "three goes on", "four 200"]
