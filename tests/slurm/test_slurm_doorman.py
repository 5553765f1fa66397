"""Faults that are made before Slurm's commands."""

from __future__ import annotations

import subprocess


def sbatch(*options):
    return subprocess.run(
        ["sbatch", "--parsable", "--output=/dev/null", *options],
        input="#!/bin/bash\ntrue\n",
        capture_output=True,
        text=True,
        check=False,
    )


def test_calls_are_counted_with_their_arguments(cluster, doorman):
    sbatch("--job-name=a 'b'\n$(c)")
    [call] = doorman.calls("sbatch")
    assert call.argv[-1] == "--job-name=a 'b'\n$(c)"
    assert doorman.calls("squeue") == []


def test_sbatch_refuses_now_and_then(cluster, doorman):
    doorman.refuse("sbatch", times=2)
    answers = [sbatch() for _ in range(3)]
    assert [answer.returncode for answer in answers] == [1, 1, 0]
    assert answers[0].stderr.startswith("sbatch: error: Batch job submission failed")
    assert list(cluster.control.squeue()) != []
    assert len(doorman.calls("sbatch")) == 3


def test_a_reply_gets_lost(cluster, doorman):
    before = set(cluster.control.squeue())
    doorman.lose_reply("sbatch")
    answer = sbatch()
    assert (answer.returncode, answer.stdout) == (1, "")
    assert len(set(cluster.control.squeue()) - before) == 1


def test_a_command_takes_longer(cluster, doorman):
    doorman.delay("sbatch", 0.3)
    sbatch()
    sbatch()
    [first, second] = doorman.calls("sbatch")
    assert second.time - first.time > 0.3
