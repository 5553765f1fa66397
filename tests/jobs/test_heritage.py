"""What processes that we start get from us, and what ends with them."""

import asyncio
import functools
import os
import pickle
import re
import subprocess
import sys
import time

import psutil
import pytest
from job_helpers import PACKAGE, until

from asyncmd_jupyter.jobs.folder import prepare_folder
from asyncmd_jupyter.jobs.heritage import without_secrets
from asyncmd_jupyter.jobs.local import LocalLauncher
from asyncmd_jupyter.jobs.model import Command, JobRecord, JobState
from asyncmd_jupyter.jobs.python_worker import PythonWorker
from asyncmd_jupyter.jobs.quick import lines_of, run_now
from asyncmd_jupyter.jobs.slurm import commands
from asyncmd_jupyter.jobs.slurm.client import NoAnswerError, SlurmClient

SECRETS = {
    "JUPYTER_TOKEN": "secret",
    "JUPYTERHUB_API_TOKEN": "secret",
    "JUPYTERHUB_OAUTH_SCOPES": "secret",
    "JPY_API_TOKEN": "secret",
    "JUPYTER_SERVER_ROOT": "secret",
    "CONFIGPROXY_AUTH_TOKEN": "secret",
}
KEPT = {"JUPYTER_PATH": "/share", "JUPYTER_CONFIG_DIR": "/etc/jupyter", "HOME": "/root"}


def test_tokens_of_jupyter_are_not_inherited():
    assert without_secrets(SECRETS | KEPT) == KEPT


async def test_nor_by_jobs_unless_they_are_given_them(manager, work, monkeypatch):
    for name in SECRETS:
        monkeypatch.setenv(name, "secret")
    command = Command(("env",), work, {"JUPYTERHUB_API_TOKEN": "given"})
    job = await manager.submit(command, name="a")
    await job.wait()
    said = job.record.stdout.read_text()
    assert "secret" not in said
    assert "JUPYTERHUB_API_TOKEN=given\n" in said
    assert "secret" not in run_now(["env"], work).output
    assert not [line for line in lines_of(["env"], work) if "secret" in line]


def test_nor_by_jobs_in_slurm(tmp_path):
    job = JobRecord("a", "n", "slurm", Command(("x",), tmp_path), tmp_path)
    assert SECRETS.keys() & commands.environment(job, SECRETS | KEPT).keys() == set()


def wrapper(tmp_path):
    """A script of a site around a command, which does not end with it."""
    path = tmp_path / "wrapper"
    path.write_text(f"#!/bin/bash\nsleep 1000 &\necho $! >{tmp_path / 'pid'}\nwait\n")
    path.chmod(0o700)
    return path


def has_ended(path):
    try:
        return psutil.Process(int(path.read_text())).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


async def test_a_wrapper_around_a_command_of_slurm_ends_in_time_with_all_it_started(tmp_path):
    client = SlurmClient(seconds=0.5)
    begin = time.monotonic()
    with pytest.raises(NoAnswerError, match="did not answer"):
        await client.run([str(wrapper(tmp_path))])
    assert time.monotonic() - begin < 500  # the sleeper keeps the pipes for longer
    await until(lambda: has_ended(tmp_path / "pid"))


async def test_so_it_does_when_nobody_waits_any_more(tmp_path):
    running = asyncio.ensure_future(SlurmClient().run([str(wrapper(tmp_path))]))
    await until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
    running.cancel()
    await asyncio.wait([running])
    await until(lambda: has_ended(tmp_path / "pid"))


def test_so_it_does_around_a_command_whose_lines_are_not_read_to_the_end(tmp_path):
    path = wrapper(tmp_path)
    path.write_text(path.read_text().replace("wait", "echo a; wait"))
    lines = lines_of([str(path)], tmp_path)
    assert next(lines) == "a\n"
    lines.close()
    while not has_ended(tmp_path / "pid"):
        time.sleep(0.005)


SUBMITTING = """
import asyncio
from asyncmd_jupyter.jobs.slurm.client import SlurmClient
command = ["bash", "-c", "echo >begun; sleep 1; cat >all"]
asyncio.run(SlurmClient().run(command, script=b"x" * 2**20))
"""


async def test_a_script_is_there_as_a_whole_also_when_the_kernel_is_killed(tmp_path):
    kernel = subprocess.Popen([sys.executable, "-c", SUBMITTING], cwd=tmp_path)
    await until((tmp_path / "begun").exists)
    kernel.kill()
    kernel.wait()
    await until(lambda: (tmp_path / "all").exists() and (tmp_path / "all").stat().st_size == 2**20)


def test_an_exit_code_of_the_shell_is_not_a_signal(settings, work, monkeypatch, tmp_path):
    bash = tmp_path / "bin" / "bash"
    bash.parent.mkdir()
    bash.write_text("#!/bin/sh\nexit 3\n")
    bash.chmod(0o700)
    monkeypatch.setenv("PATH", f"{bash.parent}:{os.environ['PATH']}")
    job = JobRecord("abc", "n", "local", Command(("true",), work), work / ".asyncmd_jobs" / "n.abc")
    prepare_folder(job)
    launcher = LocalLauncher(lambda: settings.cancel_grace)
    asyncio.run(launcher.submit(job))
    while not (found := launcher.look([job]).get(job.id)) or not found.state.is_final:
        time.sleep(0.005)
    assert (found.state, found.exit_code) == (JobState.FAILED, 3)
    assert "exit code 3" in found.reason
    assert "signal" not in found.reason


def test_workers_do_not_inherit_them_either(monkeypatch):
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "secret")
    worker = PythonWorker()
    try:
        call = functools.partial(os.getenv, "JUPYTERHUB_API_TOKEN")
        assert worker.call(pickle.dumps(call)) is None
    finally:
        worker.close()


def test_no_process_imports_what_lies_where_it_is_started():
    """Each start of Python in the package has the option -P."""
    lines = [
        f"{path.name}: {line.strip()}"
        for path in PACKAGE.joinpath("asyncmd_jupyter").rglob("*.py")
        for line in re.findall(r"sys\.executable,[^\]\)]*", path.read_text("utf-8"))
    ]
    assert len(lines) >= 4
    assert not [line for line in lines if '"-P"' not in line and "*_ASK" not in line]


FORKING = """
import os, sys
from asyncmd_jupyter.background import at_exit
class Owner: pass
owner = Owner()
at_exit(lambda _: print("ended by", os.getpid(), flush=True), owner)
child = os.fork()
if not child:
    sys.exit()
os.waitpid(child, 0)
print(os.getpid(), flush=True)
"""


def test_a_forked_child_ends_nothing():
    said = subprocess.run([sys.executable, "-c", FORKING], capture_output=True, text=True)
    pid, *ends = said.stdout.splitlines()
    assert ends == [f"ended by {pid}"]


FORKING_WITH_WORKER = """
import functools, os, pickle, sys
from asyncmd_jupyter.jobs.python_worker import PythonWorker
worker = PythonWorker()
child = os.fork()
if not child:
    worker.close()
    sys.exit()
os.waitpid(child, 0)
print(worker.call(pickle.dumps(functools.partial(int, "4"))), flush=True)
worker.close()
"""


def test_nor_the_workers_of_its_parent():
    argv = [sys.executable, "-c", FORKING_WITH_WORKER]
    said = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert said.stdout == "4\n"
