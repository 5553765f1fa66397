"""A kernel in a process of its own: starts jobs, says what it did, obeys lines on stdin.

``kernel.py STATE_DIR CORES`` reads JSON lines ``{"argv": [...], "cwd": "...", "name": "..."}``
to submit (with "launcher", "options" and "tags" if wanted, and "times" for several at once that get
their number as one more argument), ``{"cancel": id}``,
``{"attach": true}``, ``{"wait": id}`` or ``{"shutdown": true}``, and answers each with one
JSON line.
"""

import asyncio
import json
import sys
from pathlib import Path

from asyncmd_jupyter import runtime
from asyncmd_jupyter.errors import AsyncMDError
from asyncmd_jupyter.jobs.manager import JobManager
from asyncmd_jupyter.jobs.model import Command, Resources
from asyncmd_jupyter.settings import Settings


async def answer(manager, order):
    if "argv" in order:
        if "times" in order:
            numbers = map(str, range(order["times"]))
            jobs = await asyncio.gather(*(submit(manager, order, each) for each in numbers))
            return {"ids": [job.id for job in jobs]}
        job = await submit(manager, order)
        return {"id": job.id, "state": job.state.value}
    if "attach" in order:
        return {"ids": [job.id for job in await manager.attach()]}
    if "wait" in order:
        record = await manager.job(order["wait"]).wait()
        return {"state": record.state.value, "exit_code": record.exit_code}
    if "cancel" in order:
        await manager.job(order["cancel"]).cancel()
        return {}
    if "shutdown" in order:
        await manager.shutdown()
        return {}
    raise ValueError(order)


def submit(manager, order, *more):
    argv = (*order["argv"], *more)
    return manager.submit(
        Command(argv, Path(order["cwd"]), order.get("env", {})),
        name=order["name"],
        launcher=order.get("launcher", "local"),
        resources=Resources(options=order.get("options", {})),
        tags=order.get("tags", {}),
    )


async def main(manager):
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        try:
            said = await answer(manager, json.loads(line))
        except AsyncMDError as error:
            said = {"error": str(error)}
        print(json.dumps(said), flush=True)


if __name__ == "__main__":
    settings = Settings(
        Path(sys.argv[1]), int(sys.argv[2]), 1, end_local_jobs_on_shutdown="end" in sys.argv[3:]
    )
    with runtime.use(runtime.Runtime(settings)):
        asyncio.run(main(JobManager.current()))
