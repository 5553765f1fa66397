"""Jobs whose input comes after they are in the queue."""

from __future__ import annotations

import asyncio

import pytest
from slurm.launcher.launching import until

from asyncmd_jupyter.slurm import create_slurmprocess_submit

READ = "#!/bin/bash\ncat\n"


def is_held(cluster, process) -> bool:
    told = cluster.control.run("squeue", "-h", "-o", "%r", "-j", process.slurm_jobid)
    return told.strip() == "JobHeldUser"


async def submitted(work):
    return await create_slurmprocess_submit("read", READ, workdir=work, time=0.1, stdin="later")


async def test_it_is_held_until_its_input_is_given(manager, cluster, work):
    process = await submitted(work)
    await until(lambda: is_held(cluster, process))
    with pytest.raises(RuntimeError, match=r"held until its input is there.*later"):
        await process.communicate()
    waiter = asyncio.create_task(process.wait())
    out, err = await process.communicate(input=b"said \0 late")
    assert (out, err) == (b"said \0 late", b"")
    assert (await waiter, process.returncode) == (0, 0)
    assert (work / "later").read_bytes() == b"said \0 late"
    with pytest.raises(RuntimeError, match="submitted already"):
        await process.communicate(input=b"again")


async def test_an_input_that_somebody_else_writes(manager, cluster, work):
    process = await submitted(work)
    await until(lambda: is_held(cluster, process))
    (work / "later").write_bytes(b"mine")
    with pytest.raises(RuntimeError, match="is there already"):
        await process.communicate(input=b"yours")
    waiters = [asyncio.create_task(process.wait()) for _ in range(3)]
    assert await asyncio.gather(*waiters) == [0, 0, 0]
    assert (await process.communicate())[0] == b"mine"


async def test_it_can_be_ended_while_it_is_held(manager, cluster, work):
    process = await submitted(work)
    process.terminate()
    assert await process.wait() == 1
    assert process.slurm_job_state == "CANCELLED"


async def test_one_that_is_there_is_read_at_once(manager, work):
    (work / "later").write_bytes(b"there")
    process = await submitted(work)
    assert (await process.communicate())[0] == b"there"
