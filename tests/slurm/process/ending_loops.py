"""Scripts whose event loop ends while they submit and cancel; run as a program.

``ending_loops.py cancelled|interrupted NUMBER SECONDS``
"""

import asyncio
import os
import signal
import sys
import threading
import time

from asyncmd_jupyter.slurm import SlurmProcess

SCRIPT = "#!/bin/bash\nsleep 600\n"


async def one(number):
    process = SlurmProcess(f"leak{number}", SCRIPT, sbatch_options={"partition": "main"})
    await process.submit()
    try:
        await process.wait()
    except asyncio.CancelledError:
        process.terminate()
        raise


async def cancelled(n, seconds):
    tasks = [asyncio.create_task(one(number)) for number in range(n)]
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()


async def interrupted(n, seconds):
    tasks = [asyncio.create_task(one(number)) for number in range(n)]
    threading.Thread(target=interrupt, args=(seconds,)).start()
    await asyncio.wait(tasks)


def interrupt(seconds):
    time.sleep(seconds)
    os.kill(os.getpid(), signal.SIGINT)


if __name__ == "__main__":
    kind = {"cancelled": cancelled, "interrupted": interrupted}[sys.argv[1]]
    try:
        asyncio.run(kind(int(sys.argv[2]), float(sys.argv[3])))
    except KeyboardInterrupt:
        sys.exit(0)
