"""The script alone, without a launcher."""

import os
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from asyncmd_jupyter.jobs.folder import prepare_folder, read_end, read_start
from asyncmd_jupyter.jobs.model import Command, JobRecord, JobState, Resources, ScriptTemplate
from asyncmd_jupyter.jobs.script import ATTEMPT_VARIABLE, render_script
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


LEAVES = """
import os, pathlib, signal, sys, time
def leave(*_):
    time.sleep(float(sys.argv[1]))
    pathlib.Path(f"saved.{os.environ.get('OMPI_COMM_WORLD_RANK', 0)}").touch()
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
pathlib.Path(f"up.{os.getpid()}").touch()
time.sleep(60)
"""


def started(record, n_programs, folder, **variables):
    """The script, with its programs ready, and their process ids."""
    environment = os.environ | variables
    process = subprocess.Popen(["bash", record.script], env=environment, start_new_session=True)
    while len(found := list(folder.glob("up.*"))) < n_programs:
        assert process.poll() is None
        time.sleep(0.01)
    return process, [int(path.suffix[1:]) for path in found]


def test_in_slurm_a_signal_is_known_before_the_exit_code(tmp_path):
    """Slurm sends SIGTERM to all processes, and the script may be the last to run again."""
    record = job(tmp_path, sys.executable, "-c", LEAVES, "0")
    process, [program] = started(record, 1, tmp_path, SLURM_JOB_ID="1")
    process.send_signal(signal.SIGSTOP)
    for pid in (program, process.pid):
        os.kill(pid, signal.SIGTERM)
    while not (record.folder / "ended.0").exists():
        time.sleep(0.01)
    assert read_end(record) is None
    process.send_signal(signal.SIGCONT)
    assert process.wait() == 0
    assert read_end(record).state is JobState.DONE
    assert (record.folder / "signalled.0").exists()


@pytest.mark.parametrize("code", [0, 4])
def test_in_slurm_what_has_ended_is_not_run_again(tmp_path, code):
    record = job(tmp_path, "bash", "-c", f"echo run; exit {code}")
    in_slurm = os.environ | {"SLURM_JOB_ID": "1"}
    assert subprocess.run(["bash", record.script], check=False, env=in_slurm).returncode == code
    again = in_slurm | {"SLURM_RESTART_COUNT": "1"}
    assert subprocess.run(["bash", record.script], check=False, env=again).returncode == code
    assert "not run twice" in (record.folder / "slurm.txt").read_text()
    assert record.stdout.read_text() == "run\n"
    assert read_end(replace(record, attempt=1)).exit_code == code


def test_in_slurm_what_was_interrupted_is_run_again(tmp_path):
    record = job(tmp_path, sys.executable, "-c", LEAVES, "0")
    process, [program] = started(record, 1, tmp_path, SLURM_JOB_ID="1")
    for pid in (program, process.pid):
        os.kill(pid, signal.SIGTERM)
    assert process.wait() == 0
    (tmp_path / f"up.{program}").unlink()
    process, _ = started(record, 1, tmp_path, SLURM_JOB_ID="1", SLURM_RESTART_COUNT="1")
    process.send_signal(signal.SIGUSR1)
    assert process.wait() == 0


@pytest.mark.gromacs
@pytest.mark.parametrize("in_slurm", ["", "1"])
@pytest.mark.parametrize("shell", [(), ("bash", "-c", 'trap : TERM; "$@"; exit $?', "bash")])
def test_ranks_of_mpi_have_time_to_save_what_they_have(tmp_path, in_slurm, shell):
    """mpirun kills them a second after it has got SIGTERM."""
    mpirun = ("mpirun", "--allow-run-as-root", "--oversubscribe", "-np", "2")
    record = job(tmp_path, *shell, *mpirun, sys.executable, "-c", LEAVES, "2.5")
    process, _ = started(record, 2, tmp_path, SLURM_JOB_ID=in_slurm)
    process.send_signal(signal.SIGUSR1)
    assert process.wait() == 0
    assert {path.name for path in tmp_path.glob("saved.*")} == {"saved.0", "saved.1"}


def with_threads(folder, *argv, cores=3, template=None, **env):
    command = Command(argv, folder, env, template=template)
    needs = Resources(cores=cores, threads_variable="OMP_NUM_THREADS")
    record = JobRecord("abc", "n", "local", command, folder / "job", needs)
    prepare_folder(record)
    return record


SHOWN = 'echo "$OMP_NUM_THREADS ${SRUN_CPUS_PER_TASK-none} ${SLURM_EXPORT_ENV-none}"'


@pytest.mark.parametrize(
    ("surroundings", "shown"),
    [
        ({}, "3 none none"),
        ({"OMP_NUM_THREADS": "8", "SRUN_CPUS_PER_TASK": "8"}, "3 8 none"),
        ({"SLURM_JOB_ID": "1"}, "3 3 none"),
        ({"SLURM_JOB_ID": "1", "SLURM_EXPORT_ENV": "NONE"}, "3 3 none"),
        ({"SLURM_JOB_ID": "1", "SLURM_CPUS_PER_TASK": "5"}, "5 5 none"),
        # In a job of somebody else, such as a notebook's, this is a job of this machine.
        ({"SLURM_JOB_ID": "1", "SLURM_CPUS_PER_TASK": "5", ATTEMPT_VARIABLE: "0"}, "3 none none"),
    ],
)
def test_the_threads_stand_in_the_script(tmp_path, surroundings, shown):
    record = with_threads(tmp_path, "bash", "-c", SHOWN)
    env = {"PATH": os.environ["PATH"], **surroundings}
    subprocess.run(["bash", record.script], check=True, env=env)
    assert record.stdout.read_text() == f"{shown}\n"


def test_what_a_user_says_about_threads_counts(tmp_path):
    text = "#!/bin/bash\nexport OMP_NUM_THREADS=7\n{cmd}\n"
    template = ScriptTemplate(text, "{cmd}")
    record = with_threads(tmp_path, "bash", "-c", SHOWN, template=template)
    subprocess.run(["bash", record.script], check=True)
    assert record.stdout.read_text().startswith("7 ")


def test_the_steps_of_a_script_without_a_place_for_a_command_are_its_own(tmp_path):
    template = ScriptTemplate('#!/bin/bash\necho "$SLURM_EXPORT_ENV"\n')
    record = with_threads(tmp_path, template=template)
    env = os.environ | {"SLURM_JOB_ID": "1", "SLURM_EXPORT_ENV": "NONE"}
    subprocess.run(["bash", record.script], check=True, env=env)
    assert record.stdout.read_text() == "NONE\n"


@pytest.mark.parametrize(
    "option",
    ["allexport", "errexit", "noclobber", "noglob", "nounset", "pipefail", "posix", "xtrace"],
)
@pytest.mark.parametrize("code", [0, 4])
def test_options_that_a_shell_exports(tmp_path, option, code):
    record = job(tmp_path, sys.executable, "-c", f"raise SystemExit({code})")
    env = os.environ | {"SHELLOPTS": option, "SLURM_JOB_ID": "1"}
    ran = subprocess.run(["bash", record.script], check=False, env=env, capture_output=True)
    assert (ran.returncode, read_end(record).exit_code) == (code, code), ran.stderr
    assert not [path for path in record.folder.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("option", ["failglob", "nullglob"])
def test_globs_of_a_shell_that_exports_them(tmp_path, option):
    record = job(tmp_path, "bash", "-c", "exit 4")
    env = os.environ | {"BASHOPTS": option, "SLURM_JOB_ID": "1", "SLURM_RESTART_COUNT": "1"}
    ran = subprocess.run(["bash", record.script], check=False, env=env, capture_output=True)
    assert (ran.returncode, ran.stderr) == (4, b"")
