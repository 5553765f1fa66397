"""Why jobs of a real cluster wait or have ended, as it is told to people."""

from __future__ import annotations

import asyncio

import pytest
from job_helpers import until_up
from slurm.launcher.launching import submit, until

from asyncmd_jupyter import triage
from asyncmd_jupyter.engines.command import FILES_TAG
from asyncmd_jupyter.errors import SubmissionError
from asyncmd_jupyter.jobs.model import Command, Resources


async def why(job):
    return await asyncio.to_thread(triage.diagnose, job.record)


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"hold": ""}, "queue-jobheldadmin"),  # for an administrator that is who holds it
        ({"begin": "now+1hour"}, "queue-begintime"),
        ({"partition": "short", "time": "9"}, "queue-partitiontimelimit"),
        ({"dependency": "afterok:{failed}"}, "queue-dependencyneversatisfied"),
        ({"nodelist": "n4"}, "queue-reqnodenotavail"),
    ],
)
async def test_waiting(manager, cluster, work, options, kind):
    failed = cluster.control.submit("exit 1")
    cluster.control.wait_for_state(failed, "FAILED")
    cluster.drain("n4")
    options = {name: value.format(failed=failed) for name, value in options.items()}
    job = await submit(manager, "exit_with", 0, cwd=work, **options)
    expected = (kind, "queue-jobhelduser") if "hold" in options else (kind,)
    await until(lambda: (found := triage.diagnose(job.record)) and found.kind in expected)
    found = await why(job)
    assert triage.explain_reason(job.record.reason) == found.meaning
    cluster.resume("n4")
    await job.cancel()
    assert (await job.wait()).state.is_final
    assert (await why(job)).kind == "node-cancelled"


async def test_a_time_limit(impatient, cluster, work):
    up = work / "up"
    job = await impatient.submit(
        Command(("bash", "-c", f"printf up >{up}; exec sleep 1000"), work),
        name="part",
        launcher="slurm",
        resources=Resources(options={"time": "3"}),
        tags={FILES_TAG: str(work / "sim"), "part": "1"},
    )
    await until_up(up)
    cluster.reach_time_limit(job.record.native_id)
    await job.wait()
    found = await why(job)
    assert found.kind == "limit-time"
    assert "goes on from the last checkpoint in a new job" in found.policy
    # The node may write its line after the controller has told of the end.
    await until(
        lambda: any("DUE TO TIME LIMIT" in line for line in triage.diagnose(job.record).lines)
    )


async def test_a_node_that_fails(impatient, cluster, work):
    up = work / "up"
    job = await submit(
        impatient, "until_file", up, work / "gate", cwd=work, nodelist="n4", no_requeue=""
    )
    await until_up(up)
    cluster.declare_down("n4")
    await job.wait()
    assert (await why(job)).kind == "node-failure"


async def test_a_disk_that_is_full(impatient, small_disk):
    fill = Command(("bash", "-c", "yes >$RANDOM; exit 3"), small_disk)
    job = await impatient.submit(fill, name="fill", launcher="slurm")
    await job.wait()
    assert (await why(job)).kind in ("limit-disk-now", "limit-disk"), "if that could be written"
    with pytest.raises(SubmissionError) as caught:
        await submit(impatient, "exit_with", 0, cwd=small_disk)
    assert triage.diagnose_error(caught.value).kind == "limit-disk"


async def test_cancelled_by_hand_and_a_program_that_is_not_there(impatient, cluster, work):
    up = work / "up"
    job = await submit(impatient, "until_file", up, work / "gate", cwd=work)
    gone = await impatient.submit(Command(("nonsense_mdrun",), work), name="gone", launcher="slurm")
    await until_up(up)
    cluster.control.run("scancel", job.record.native_id)
    await job.wait()
    assert (await why(job)).kind == "node-cancelled-elsewhere"
    await gone.wait()
    found = await why(gone)
    assert found.kind == "shell-not-found"
    assert any("nonsense_mdrun" in line for line in found.lines)
