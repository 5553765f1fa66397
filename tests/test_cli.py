import asyncio
import os
import subprocess
import sys
from dataclasses import replace

import pytest

import asyncmd_jupyter
from asyncmd_jupyter import cli
from asyncmd_jupyter.jobs.manager import JobManager
from asyncmd_jupyter.jobs.model import Command, JobState
from asyncmd_jupyter.jobs.store import JobStore


def test_says_its_version(capsys):
    with pytest.raises(SystemExit) as exit_:
        cli.main(["--version"])
    assert exit_.value.code == 0
    assert capsys.readouterr().out == f"asyncmd-jupyter {asyncmd_jupyter.__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "COMMAND"),
        (["quickstart", "--port", "0"], "'0' is no port; give a number from 1 to 65535"),
        (["quickstart", "--port", "x"], "'x' is no port"),
        (["cancel"], "ID --all is required"),
        (["cancel", "--all", "abc"], "not allowed with"),
        (["dance"], "'dance'"),
    ],
)
def test_bad_arguments_are_named(arguments, message, capsys):
    with pytest.raises(SystemExit) as exit_:
        cli.main(arguments)
    assert exit_.value.code == cli.BAD_INPUT
    assert message in capsys.readouterr().err


def test_a_folder_that_is_a_file_is_one_clear_line(tmp_path, capsys):
    file = tmp_path / "file"
    file.touch()
    assert cli.main(["quickstart", "--dir", str(file)]) == cli.BAD_INPUT
    assert capsys.readouterr().err == f"asyncmd: {file} is a file; choose a folder with --dir.\n"


def test_a_folder_that_cannot_be_made_is_one_clear_line(capsys):
    assert cli.main(["quickstart", "--dir", "/proc/asyncmd"]) == cli.BAD_INPUT
    assert capsys.readouterr().err.startswith("asyncmd: /proc/asyncmd: ")


@pytest.fixture
async def job(runtime, tmp_path):
    manager = JobManager.create(runtime)
    yield await manager.submit(Command(("sleep", "1000"), tmp_path), name="nap")
    await manager.shutdown()


async def test_jobs_of_a_kernel_are_listed_and_ended(job, capsys):
    assert await asyncio.to_thread(cli.main, ["jobs"]) == cli.DONE
    listed = capsys.readouterr().out
    assert job.id in listed
    assert "nap" in listed

    assert await asyncio.to_thread(cli.main, ["cancel", job.id]) == cli.DONE
    assert f"Ended {job.id}" in capsys.readouterr().out
    assert (await job.wait()).state is JobState.CANCELLED

    assert await asyncio.to_thread(cli.main, ["jobs"]) == cli.DONE
    assert capsys.readouterr().out == "No job is running.\n"
    assert await asyncio.to_thread(cli.main, ["jobs", "--all"]) == cli.DONE
    assert "cancelled" in capsys.readouterr().out


async def test_a_terminal_obeys_nothing_that_a_job_is_called_or_wrote(runtime, tmp_path, capsys):
    manager = JobManager.create(runtime)
    writes = ("bash", "-c", r"printf 'error: \033[2J\rall is well'; exit 1")
    job = await manager.submit(Command(writes, tmp_path), name="\x1b[2Jnap\u202e")
    await job.wait()
    await manager.shutdown()
    store = JobStore(runtime.settings.state_dir)
    store.save(replace(job.record, reason="down\n\x1b[2Jroot  0\u202e")).result()
    store.close()
    for arguments in (["jobs", "--all"], ["why", job.id], ["cancel", job.id]):
        await asyncio.to_thread(cli.main, arguments)
        said = capsys.readouterr()
        assert job.id in said.out
        assert all(line.isprintable() for line in (said.out + said.err).split("\n"))
        has_row = any(line.startswith("\\x1b") for line in said.out.split("\n"))
        assert not (has_row and "jobs" in arguments), "one that no job has"


def test_nothing_to_cancel(capsys):
    assert cli.main(["cancel", "--all"]) == cli.DONE
    assert capsys.readouterr().out == "No job is running.\n"


def test_a_job_nobody_knows_is_named(capsys):
    assert cli.main(["cancel", "nosuchjob"]) == cli.BAD_INPUT
    assert "nosuchjob" in capsys.readouterr().err


def test_whoever_reads_may_have_seen_enough(tmp_path):
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as pipe:
        done = subprocess.run(
            [sys.executable, "-m", "asyncmd_jupyter.cli", "jobs", "--all"],
            stdout=pipe,
            stderr=subprocess.PIPE,
            env={**os.environ, "ASYNCMD_STATE_DIR": str(tmp_path)},
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, "")
