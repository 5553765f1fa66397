"""Replies of Slurm's commands as we read them, by the Slurm that is installed."""

from __future__ import annotations

import pytest
from reliance import relies_on
from slurm.cluster import wait_until

from asyncmd_jupyter.jobs.slurm import commands
from asyncmd_jupyter.jobs.slurm.parsing import (
    parse_cluster_name,
    parse_sacct,
    parse_sbatch,
    parse_sinfo,
    parse_squeue,
)
from asyncmd_jupyter.settings import SlurmSettings

pytestmark = pytest.mark.slurm

SETTINGS = SlurmSettings()


@pytest.fixture
def failed(cluster):
    """The id of a job with a comment of ours that has ended with exit code 3."""
    said = cluster.control.run(
        *("sbatch", "--parsable", "--output=/dev/null", "--comment=asyncmd:habit"),
        stdin="#!/bin/sh\nexit 3\n",
    )
    job = parse_sbatch(said)
    relies_on("sbatch --parsable writes the id of the job", job, "jobs/slurm/parsing.py")
    cluster.control.wait_for_state(job[0], "FAILED")
    return job[0]


def name_of(cluster):
    name = parse_cluster_name(cluster.control.run("scontrol", "show", "config"))
    relies_on("scontrol show config writes ClusterName", name, "jobs/slurm/parsing.py")
    return name


def test_squeue_writes_the_fields_that_it_is_asked_for(cluster, failed):
    text = cluster.control.run(*commands.squeue(SETTINGS, 0))
    entry = {each.id: each for each in parse_squeue(text)}.get(failed)
    relies_on(
        "squeue --Format writes JobArrayID, State, RestartCnt, exit_code (as a wait status), "
        "NodeList, Cluster, SubmitTime, Reason, Name and Comment with '|' behind each, but wrote "
        f"{text!r}",
        entry
        and (entry.state, entry.restarts, entry.exit_code) == ("FAILED", 0, 3)
        and (entry.reason, entry.job_id) == ("NonZeroExitCode", "habit")
        and (entry.cluster, entry.label) == (name_of(cluster), "|sbatch|asyncmd:habit||")
        and entry.submitted
        and entry.nodes in cluster.nodes,
        "jobs/slurm/parsing.py",
    )


def test_sacct_writes_the_fields_that_it_is_asked_for(cluster, failed):
    argv = commands.sacct(SETTINGS, [failed])

    def accounted():
        [entry] = parse_sacct(cluster.control.run(*argv)).get(failed, [None])
        return entry if entry and entry.ended else None

    wait_until(accounted, f"job {failed} is accounted for")
    entry = accounted()
    relies_on(
        "sacct writes JobID, State, ExitCode (as code:signal), NodeList, End and Submit (times), "
        "Cluster, JobName and Comment",
        (entry.state, entry.exit_code, entry.nodes in cluster.nodes) == ("FAILED", 3, True)
        and entry.cluster == name_of(cluster)
        and entry.label in ("|sbatch||", "|allocation||")
        and entry.submitted <= entry.ended,
        "jobs/slurm/parsing.py",
    )


def test_sinfo_writes_the_fields_that_it_is_asked_for(cluster):
    text = cluster.control.run(*commands.sinfo(SETTINGS))
    relies_on(
        f"sinfo --Format writes NodeList and StateLong with '|' behind each, but wrote {text!r}",
        set(parse_sinfo(text)) == set(cluster.nodes)
        and {state.rstrip("*") for state in parse_sinfo(text).values()} <= {"idle", "allocated"},
        "jobs/slurm/parsing.py",
    )
