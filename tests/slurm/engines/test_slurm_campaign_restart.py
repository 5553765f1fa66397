"""A campaign whose kernel is killed while some of its jobs run and others wait."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
import slurm_campaign
from engine_harness import all_frames
from job_helpers import PACKAGE
from slurm.launcher.launching import queued

from asyncmd_jupyter.errors import EngineError

TESTS = Path(__file__).parents[2]


def start_kernel(runtime, work):
    paths = [PACKAGE, TESTS, TESTS / "jobs"]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))}
    argv = [sys.executable, slurm_campaign.__file__, runtime.settings.state_dir, work]
    return subprocess.Popen(argv, env=env)


async def test_it_goes_on_in_a_new_kernel(manager, cluster, runtime, work):
    before = set(cluster.control.squeue())
    kernel = start_kernel(runtime, work)
    try:
        await asyncio.to_thread(wait_for_all, cluster, kernel, before)
    finally:
        kernel.kill()
        kernel.wait()
    states = list(queued(cluster).values())
    assert "PENDING" in states
    results = await slurm_campaign.propagate_all(work, continuation=True)
    submitted = set(cluster.control.squeue()) - before
    assert len(submitted) == slurm_campaign.N_SIMULATIONS, "no job was doubled, none was lost"
    for number, parts in enumerate(results):
        steps, positions = all_frames(parts)
        assert steps == list(range(0, slurm_campaign.N_STEPS + 1, 200))
        if number < 2:
            (work / "undisturbed").mkdir(exist_ok=True)
            expected = await slurm_campaign.make(number, "local").propagate(
                None, work / "undisturbed", f"sim{number}"
            )
            assert positions.tobytes() == all_frames(expected)[1].tobytes()


def wait_for_all(cluster, kernel, before):
    """Until all jobs have come to the queue, which some have left already; others run."""
    while True:
        assert kernel.poll() is None
        came = cluster.control.squeue().keys() - before
        if len(came) == slurm_campaign.N_SIMULATIONS and "RUNNING" in queued(cluster).values():
            return


async def test_two_kernels_do_not_fight(manager, cluster, runtime, work):
    before = set(cluster.control.squeue())
    kernel = start_kernel(runtime, work)
    try:
        await asyncio.to_thread(wait_for_all, cluster, kernel, before)
        assert await manager.attach() == [], "the other kernel looks after its jobs"
        last = slurm_campaign.N_SIMULATIONS - 1
        with pytest.raises(EngineError, match="another kernel"):
            await slurm_campaign.make(last).propagate(None, work, f"sim{last}", continuation=True)
    finally:
        kernel.kill()
        kernel.wait()
    jobs = await manager.attach()
    await manager.cancel([job.record for job in jobs])
