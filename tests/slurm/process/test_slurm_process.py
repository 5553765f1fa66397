"""Scripts in Slurm in the shape of asyncio's processes."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys

import pytest
from job_helpers import until_up
from slurm.launcher.launching import until

import asyncmd_jupyter
from asyncmd_jupyter import config
from asyncmd_jupyter.jobs.model import JobState
from asyncmd_jupyter.slurm import SlurmProcess, create_slurmprocess_submit

TALK = """#!/bin/bash
#SBATCH --job-name=ignored
echo "to out ${HOME:+set} {braces} ${#}"
echo 'to err' >&2
exit %d
"""
READ = "#!/bin/bash\ncat\n"
UNTIL = "#!/bin/bash\necho begun\necho up >up\nuntil [ -e gate ]; do sleep 0.02; done\n"
HOSTILE = ["a 0", "a'; touch pwned #", "$(touch pwned)", "a\n0", "-rf", "--x=1", '"`{é}%j\\']


def shown(work):
    return sorted(path.name for path in work.iterdir() if path.is_file())


async def test_success(manager, work):
    process = await create_slurmprocess_submit("talk", TALK % 0, workdir=work, time=0.01)
    assert isinstance(process.slurm_jobid, str)
    name = f"talk.out.{process.slurm_jobid}", f"talk.err.{process.slurm_jobid}"
    assert shown(work) == sorted(name)
    impatient, *waiters = [asyncio.create_task(process.wait()) for _ in range(4)]
    await asyncio.sleep(0)
    impatient.cancel()
    out, err = await process.communicate()
    assert (out, err) == (b"to out set {braces} 0\n", b"to err\n")
    assert await asyncio.gather(*waiters) == [0, 0, 0]
    assert (process.returncode, process.slurm_job_state) == (0, "COMPLETED")
    assert shown(work) == []
    assert await process.communicate() == (out, err)
    process.terminate()
    with pytest.raises(RuntimeError, match="submitted already") as raised:
        await process.submit()
    with pytest.raises(RuntimeError, match=r"in place of 'submit'") as again:
        await process.communicate(input=b"late")
    del process, waiters, impatient, raised, again  # what can be read is kept until nobody can
    gc.collect()
    assert list(work.rglob("std*.txt")) == []


async def test_nodes_are_known_from_the_start_on_and_after_short_jobs(manager, doorman, work):
    options = {"nodes": 2, "nodelist": "n[1-2]"}
    script = "#!/bin/sh\n"
    short = await create_slurmprocess_submit("short", script, work, sbatch_options=options)
    assert await short.wait() == 0
    assert short.nodes == ["n1", "n2"]
    script = "#!/bin/sh\nexec sleep 600\n"
    long = await create_slurmprocess_submit("long", script, work, sbatch_options=options)
    await until(lambda: long.slurm_job_state == "RUNNING")
    assert long.nodes == ["n1", "n2"]
    long.terminate()
    await long.wait()


@pytest.mark.parametrize(
    ("removal", "code", "stays"),
    [("success", 3, True), ("no", 0, True), ("yes", 3, False), ("always", 3, False)],
)
async def test_files_stay_or_go(manager, work, removal, code, stays):
    process = await create_slurmprocess_submit("talk", TALK % code, work, stdfiles_removal=removal)
    assert await process.wait() == bool(code)
    assert process.slurm_job_state == ("FAILED" if code else "COMPLETED")
    out, err = await process.communicate()
    assert err == b"to err\n"
    if stays:
        assert (work / f"talk.out.{process.slurm_jobid}").read_bytes() == out
    assert len(shown(work)) == 2 * stays


async def test_output_can_be_read_while_it_runs(manager, cluster, work):
    process = await create_slurmprocess_submit(
        "until", UNTIL, work, sbatch_options={"nodes": 2, "nodelist": "n[1-2]", "ntasks": 2}
    )
    out = work / f"until.out.{process.slurm_jobid}"
    await until(lambda: out.read_text() == "begun\n")
    await until(lambda: process.slurm_job_state == "RUNNING" and process.nodes)
    assert process.nodes == ["n1", "n2"]
    process.nodes.clear()
    assert process.returncode is None
    (work / "gate").touch()
    assert await process.wait() == 0
    assert process.nodes == ["n1", "n2"]


@pytest.mark.parametrize("how", ["symbolic", "none"])
async def test_without_links(manager, work, monkeypatch, how):
    # A file system without them can't be had here.
    def refuse(*_, **__):
        raise PermissionError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    if how == "none":
        monkeypatch.setattr(os, "symlink", refuse)
    process = await create_slurmprocess_submit("until", UNTIL, work, stdfiles_removal="no")
    out = work / f"until.out.{process.slurm_jobid}"
    await until_up(work / "up", "up\n")
    assert not out.exists() if how == "none" else out.read_text() == "begun\n"
    (work / "gate").touch()
    assert await process.communicate() == (b"begun\n", b"")
    assert out.read_text() == "begun\n"
    assert not out.is_symlink()


async def test_input(manager, work):
    data = bytes(range(256)) * 1000
    (work / "given").write_bytes(data)
    from_file = SlurmProcess("read", READ, workdir=work)
    at_once = SlurmProcess("read", READ, workdir=work)
    nothing = await create_slurmprocess_submit("read", READ, workdir=work)
    await from_file.submit(stdin="given")
    assert await at_once.communicate(input=data[::-1]) == (data[::-1], b"")
    assert await from_file.communicate() == (data, b"")
    assert await nothing.communicate() == (b"", b"")
    assert shown(work) == ["given"]
    assert list(work.rglob("input.*")) == []


async def test_names_and_folders_are_data(manager, work):
    async def run(text):
        folder = work / text
        folder.mkdir()
        (folder / "in put").write_text(text)
        (folder / "script").write_text("#!/bin/sh\npwd; cat\n")
        process = SlurmProcess(text, folder / "script", workdir=folder, stdfiles_removal="no")
        await process.submit(stdin="in put")
        out, err = await process.communicate()
        assert (out.decode(), err) == (f"{folder}\n{text}", b"")
        assert (folder / f"{text}.out.{process.slurm_jobid}").read_bytes() == out

    await asyncio.gather(*map(run, HOSTILE))
    assert not list(work.rglob("pwned"))


async def test_a_time_limit_is_never_none_at_all(manager, cluster, work):
    short = SlurmProcess("short", UNTIL, workdir=work, time=1e-6)
    other = SlurmProcess("other", UNTIL, workdir=work, sbatch_options={"time": 7, "hold": ""})
    await asyncio.gather(short.submit(), other.submit())
    limits = cluster.control.run("squeue", "--noheader", "--format=%j %l")
    assert sorted(limits.split("\n")) == ["", "other 7:00", "short 1:00"]
    assert other.slurm_job_state == "PENDING"
    short.kill()
    other.kill()
    assert await asyncio.gather(short.wait(), other.wait()) == [1, 1]


async def test_the_limit_on_jobs_holds_and_waits(manager, work):
    config.set_slurm_max_jobs(1)
    first = await create_slurmprocess_submit("first", UNTIL, work)
    processes = [SlurmProcess(f"later{number}", TALK % 0, workdir=work) for number in range(3)]
    tasks = [asyncio.create_task(process.submit()) for process in processes]
    await until(lambda: all(process.slurm_job_state == "PENDING" for process in processes))
    assert [process.slurm_jobid for process in processes] == [None] * 3
    with pytest.raises(RuntimeError, match="just being submitted"):
        await processes[0].wait()
    tasks[0].cancel()
    processes[1].terminate()
    with pytest.raises(asyncmd_jupyter.slurm.constants_and_errors.SlurmCancellationError):
        await tasks[1]
    (work / "gate").touch()
    await tasks[2]
    assert await asyncio.gather(first.wait(), processes[2].wait()) == [0, 0]
    assert tasks[0].cancelled()
    states = [record.state for record in manager.records()]
    assert sorted(state.value for state in states) == ["cancelled"] * 2 + ["done"] * 2
    assert JobState.CANCELLED in states


OLD_SCRIPT = """
import asyncio
import asyncmd_jupyter as asyncmd
from asyncmd_jupyter.slurm import create_slurmprocess_submit

asyncmd.config.set_slurm_settings(min_time_between_sacct_calls=1)

async def one(number):
    process = await create_slurmprocess_submit(
        jobname=f"square_{number}",
        sbatch_script="square.sh",
        workdir=".",
        time=0.1,
        sbatch_options={"ntasks": "1", "mem": "10M"},
    )
    stdout, stderr = await process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"job {process.slurm_jobid} failed: {stderr.decode()}")
    return int(stdout)

async def main():
    print(await asyncio.gather(*(one(number) for number in range(3))))
    sleep = "#!/bin/bash\\nsleep 600\\n"
    given_up = [await create_slurmprocess_submit("given_up", sleep, workdir=".") for _ in "12"]
    for process in given_up:
        process.terminate()
    return given_up[0].wait()

async def later(end):
    print(await end)

asyncio.run(later(asyncio.run(main())))
"""


async def test_a_script_of_old(manager, cluster, work):
    """It wants the end of jobs when there is hardly an event loop any more to see to it."""
    (work / "square.sh").write_text('#!/bin/bash\nn="${SLURM_JOB_NAME##*_}"\necho "$((n * n))"\n')
    run = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", OLD_SCRIPT],
        cwd=work,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.stdout, run.stderr) == ("[0, 1, 4]\n1\n", "")
    names = cluster.control.run("squeue", "--noheader", "--states=R,PD", "--format=%j").split()
    assert names == []
