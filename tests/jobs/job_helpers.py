"""Helpers of the tests of the jobs room."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import asyncmd_jupyter
from asyncmd_jupyter.jobs.model import Command
from asyncmd_jupyter.jobs.process import find_members, wait_gone

HERE = Path(__file__).parent
PACKAGE = Path(asyncmd_jupyter.__file__).parents[1]


async def end_all(manager):
    unfinished = [record for record in manager.records() if not record.state.is_final]
    await manager.cancel(unfinished)
    for record in unfinished:
        await manager.wait(record)
    await manager.shutdown()
    assert processes_of(manager.records()) == set()


def processes_of(records):
    """All living processes that the jobs have started; given the moment that an exit takes."""
    found = set().union(*find_members({record.id: None for record in records}).values())
    wait_gone(found, timeout=5)
    return {process for process in found if process.is_alive()}


def program(name, *args, cwd):
    """A command that runs one of job_programs."""
    path = {"PYTHONPATH": str(HERE)}
    argv = (sys.executable, "-m", "job_programs", name, *map(str, args))
    return Command(argv, cwd, path)


async def until(condition):
    """Wait for a condition; the time limit of the test is the only one."""
    while not condition():
        await asyncio.sleep(0.005)


async def until_up(path, text="up"):
    await until(lambda: path.exists() and path.read_text() == text)


class Kernel:
    """Another process with a job manager on the same store."""

    def __init__(self, settings, *flags):
        argv = [sys.executable, HERE / "kernel.py", settings.state_dir, str(settings.max_cores)]
        self.process = subprocess.Popen(
            [*argv, *flags],
            env={**os.environ, "PYTHONPATH": str(PACKAGE)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    async def ask(self, **order):
        return await asyncio.to_thread(self._ask, order)

    async def submit(self, command, name="job", **more):
        return (await self.ask(**self.order(command, name, **more)))["id"]

    def order(self, command, name="job", **more):
        argv, cwd, env = command.argv, str(command.cwd), command.env
        return {"argv": argv, "cwd": cwd, "env": env, "name": name, **more}

    async def kill(self):
        self.process.kill()
        await asyncio.to_thread(self.process.wait)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def _ask(self, order):
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())
