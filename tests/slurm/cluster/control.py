"""Slurm's commands, none of which may block for minutes when no controller answers."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping

from .waiting import ClusterError, wait_until

TIMEOUT_S = 30.0


class Control:
    """What tests ask of a cluster by its own commands."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def call(
        self, *argv: str, stdin: str = "", timeout_s: float = TIMEOUT_S
    ) -> subprocess.CompletedProcess[str]:
        """Run a command, whatever its exit code."""
        return subprocess.run(
            argv,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            env={**os.environ, **self._environment},
            check=False,
        )

    def run(self, *argv: str, stdin: str = "", timeout_s: float = TIMEOUT_S) -> str:
        """Output of a command that has to succeed."""
        done = self.call(*argv, stdin=stdin, timeout_s=timeout_s)
        if done.returncode:
            raise ClusterError(f"{' '.join(argv)} ended with {done.returncode}:\n{done.stderr}")
        return done.stdout

    def submit(self, script: str, *options: str) -> str:
        """Id of a new job with the lines of a script as its body; its output is thrown away."""
        quiet = (
            () if any(each.startswith("--output") for each in options) else ("--output=/dev/null",)
        )
        text = f"#!/bin/bash\n{script}\n"
        return self.run("sbatch", "--parsable", *quiet, *options, stdin=text).strip()

    def squeue(self) -> dict[str, str]:
        """States like ``RUNNING`` of all jobs that the controller remembers."""
        lines = self.run(
            "squeue", "--noheader", "--array", "--states=all", "--format=%i %T"
        ).splitlines()
        return dict(line.split() for line in lines)

    def wait_for_state(self, job: str, *states: str) -> None:
        """Wait until the queue shows a job in one of some states."""
        wait_until(lambda: self.squeue().get(job) in states, f"job {job} is {' or '.join(states)}")

    def node_states(self) -> dict[str, str]:
        """States like ``idle`` or ``down*`` of all nodes."""
        lines = self.run("sinfo", "--noheader", "--Node", "--format=%N %T").splitlines()
        return dict(line.split() for line in lines)

    def cancel_all(self) -> None:
        """Leave no job unfinished."""
        self.run("scancel", "--user", str(os.getuid()))

        def finished() -> bool:
            return not self.run("squeue", "--noheader", "--format=%i")

        wait_until(finished, "all jobs have ended")
