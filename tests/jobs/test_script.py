"""The script alone, without a launcher."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from asyncmd_jupyter.jobs.folder import prepare_folder, read_end, read_start
from asyncmd_jupyter.jobs.model import Command, JobRecord, JobState
from asyncmd_jupyter.jobs.script import render_script
from asyncmd_jupyter.jobs.slurm.claims import revoke


def job(folder, /, *argv, **env):
    command = Command(argv, folder, env)
    record = JobRecord("abc", "name", "local", command, folder / "jobs" / "it's {x} $HOME")
    prepare_folder(record)
    return record


def test_the_script_is_a_pure_function_of_the_job():
    record = JobRecord("abc", "n", "local", Command(("x", "a b"), Path("/w")), Path("/w/j"))
    assert render_script(record) == render_script(record)
    assert "exec -- x 'a b'" in render_script(record)


def test_variables_that_bash_keeps_for_itself_do_not_break_the_script(tmp_path):
    record = job(tmp_path, "bash", "-c", "exit 4", PATH=os.environ["PATH"], folder="x", code="7")
    assert subprocess.run(["bash", record.script], check=False).returncode == 4
    assert read_end(record).exit_code == 4


def test_each_attempt_leaves_its_own_exit_code(tmp_path):
    record = job(tmp_path, "true")
    subprocess.run(["bash", record.script], check=True)
    environment = os.environ | {"SLURM_RESTART_COUNT": "1"}
    subprocess.run(["bash", record.script], check=True, env=environment)
    names = {path.name for path in record.folder.glob("*_code.*")}
    assert names == {"exit_code.0", "exit_code.1"}
    assert not [path for path in record.folder.iterdir() if path.name.startswith(".")]


def test_a_job_that_is_in_a_queue_twice_runs_once(tmp_path):
    record = job(tmp_path, "bash", "-c", "echo run; sleep 0.5")
    starting = [
        subprocess.Popen(["bash", record.script, str(number)], stderr=subprocess.PIPE, text=True)
        for number in range(4)
    ]
    ends = {
        number: (each.communicate()[1], each.returncode) for number, each in enumerate(starting)
    }
    [winner] = [number for number, (_, code) in ends.items() if code == 0]
    assert record.stdout.read_text() == "run\n"
    assert (record.folder / "claim.0").read_text() == f"{winner}\n"
    assert all("elsewhere" in said for number, (said, _) in ends.items() if number != winner)
    assert read_end(record).state is JobState.DONE
    again = subprocess.run(["bash", record.script], check=False, capture_output=True)
    assert again.returncode == 1
    assert record.stdout.read_text() == "run\n"


def test_a_job_that_was_revoked_never_runs(tmp_path):
    (tmp_path / "begun").mkdir()
    record, begun = job(tmp_path, "echo", "run"), job(tmp_path / "begun", "true")
    assert revoke([record])
    assert revoke([record])
    assert (
        subprocess.run(["bash", record.script], check=False, stderr=subprocess.DEVNULL).returncode
        == 1
    )
    assert not record.stdout.exists()
    assert read_end(record) is None
    subprocess.run(["bash", begun.script], check=True)
    assert not revoke([record, begun])


def test_markers_tell_when(tmp_path):
    record = job(tmp_path, "sleep", "0.1")
    subprocess.run(["bash", record.script], check=True)
    end = read_end(record)
    assert end.state is JobState.DONE
    assert (end.ended - read_start(record).time).total_seconds() > 0.05


def test_a_folder_that_is_gone_is_told(tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    command = Command(("true",), gone)
    record = JobRecord("abc", "name", "local", command, tmp_path / "job")
    prepare_folder(record)
    gone.rmdir()
    assert subprocess.run(["bash", record.script], check=False).returncode == 1
    assert "gone" in record.stderr.read_text()


def test_the_script_is_for_its_user_only(tmp_path):
    assert job(tmp_path, "true", SECRET="x").script.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("content", ["", "x", "12 13"])
def test_a_torn_exit_code_is_none(tmp_path, content):
    record = job(tmp_path, "true")
    record.exit_file().write_text(content)
    assert read_end(record) is None


def test_a_good_end_after_a_signal_is_no_failure_to_a_queue(tmp_path):
    code = (
        "import signal, sys, time, pathlib\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(int(sys.argv[1])))\n"
        "pathlib.Path('up' + sys.argv[1]).touch()\n"
        "time.sleep(60)\n"
    )
    for ending, told in ((1, 0), (3, 3)):
        command = Command((sys.executable, "-c", code, str(ending)), tmp_path, stop_codes=(1, 2))
        record = JobRecord("abc", "n", "local", command, tmp_path / f"job{ending}")
        prepare_folder(record)
        process = subprocess.Popen(["bash", record.script])
        while not (tmp_path / f"up{ending}").exists():
            assert process.poll() is None
        process.terminate()
        assert process.wait() == told
        assert read_end(record).exit_code == ending
    command = Command(("bash", "-c", "exit 1"), tmp_path, stop_codes=(1, 2))
    record = JobRecord("abc", "n", "local", command, tmp_path / "unasked")
    prepare_folder(record)
    assert subprocess.run(["bash", record.script], check=False).returncode == 1


def test_the_folder_may_be_taken_away_at_the_end(tmp_path):
    record = job(tmp_path, "bash", "-c", "exit 4")
    mv = tmp_path / "bin" / "mv"
    mv.parent.mkdir()
    mv.write_text(
        '#!/bin/bash\n/bin/mv "$@"\n'
        f'case "$*" in *exit_code*) rm -r {shlex.quote(str(record.folder))} ;; esac\n'
    )
    mv.chmod(0o700)
    path = f"{mv.parent}:{os.environ['PATH']}"
    done = subprocess.run(["bash", record.script], check=False, env=os.environ | {"PATH": path})
    assert done.returncode == 4
    assert not record.folder.exists()
