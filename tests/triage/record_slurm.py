"""Real words of Slurm: ``cd tests && python -m triage.record_slurm``.

Boots clusters on loopback, lets jobs wait for each reason that can be provoked there, and
end in each way. Writes ``recorded/reasons.txt`` (pattern, reason) and what slurmstepd says.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from slurm.cluster import Cluster
from slurm.cluster.configuration import MEMORY_LIMITS
from slurm.cluster.waiting import wait_until
from triage.record import HERE, anonymous

SLEEP = "sleep 600"
ENFORCED = {
    "AccountingStorageEnforce": "associations,limits,qos,safe",
    "Licenses": "gold:1",
    "SchedulerParameters": "sched_min_interval=0,batch_sched_delay=0,bf_interval=1",
}
ACCOUNTS = {
    "lab": (),
    "few": ("MaxJobs=0",),
    "narrow": ("GrpTRES=cpu=1",),
    "poor": ("GrpTRESMins=cpu=1",),
    "short": ("MaxWall=1",),
    "small": ("MaxTRESPerJob=cpu=1",),
}
QUALITIES = {
    "q-user": ("MaxTRESPerUser=cpu=1",),
    "q-jobs": ("MaxJobsPerUser=0",),
    "q-group": ("GrpTRES=cpu=1",),
    "q-wall": ("MaxWall=1",),
    "q-least": ("MinTRESPerJob=cpu=3",),
    "q-hours": ("GrpTRESMins=cpu=1",),
}
STEPS = {
    "signal-segfault.srun": "bash -c 'kill -SEGV $$'",
    "shell-not-found.srun": "nonsense_mdrun",
}
TWO = ("--ntasks=2", "--time=60")
# Which pattern has to know the reason of a job with these options.
WAITING: list[tuple[str, tuple[str, ...]]] = [
    ("queue-personal", ("--account=few",)),
    ("queue-group", ("--account=narrow", *TWO)),
    ("queue-budget", ("--account=poor", *TWO)),
    ("queue-timelimit", ("--account=short", "--time=9")),
    ("queue-perjob", ("--account=small", *TWO)),
    ("queue-personal", ("--qos=q-user", *TWO)),
    ("queue-personal", ("--qos=q-jobs",)),
    ("queue-group", ("--qos=q-group", *TWO)),
    ("queue-timelimit", ("--qos=q-wall", "--time=9")),
    ("queue-minimum", ("--qos=q-least",)),
    ("queue-budget", ("--qos=q-hours", *TWO)),
    ("queue-jobhelduser", ("--hold",)),
    ("queue-begintime", ("--begin=now+1hour",)),
    ("queue-reqnodenotavail", ("--nodelist=n4",)),
    ("queue-partitiontimelimit", ("--partition=short", "--time=9")),
    ("queue-partitionnodelimit", ("--nodes=9",)),
    ("queue-licenses", ("--licenses=gold",)),
    ("queue-dependency", ("--dependency=afterok:{running}",)),
    ("queue-dependencyneversatisfied", ("--dependency=afterok:{failing}",)),
    ("queue-partitiondown", ("--partition=urgent",)),
    ("queue-partitiondown", ("--partition=spot", "--nodelist=n4")),
    ("queue-reservation", ("--reservation=later",)),
    ("queue-resources", ("--nodelist=n1", "--exclusive")),
    ("queue-jobarraytasklimit", ("--array=1-3%1", "--nodelist=n2")),
]


def main() -> None:
    with Cluster.up(options=ENFORCED) as cluster:
        reasons = waiting(cluster)
    (HERE / "reasons.txt").write_text("".join(f"{kind}\t{said}\n" for kind, said in reasons))
    with tempfile.TemporaryDirectory() as folder:
        with Cluster.up(nodes=2) as cluster:
            endings(cluster, Path(folder))
        with Cluster.up(nodes=1, options=MEMORY_LIMITS) as cluster:
            out_of_memory(cluster, Path(folder))


def waiting(cluster: Cluster) -> list[tuple[str, str]]:
    run = cluster.control.run
    prepare(cluster)
    failing = cluster.control.submit("exit 1")
    cluster.control.wait_for_state(failing, "FAILED")
    running = cluster.control.submit(SLEEP, "--nodelist=n1", "--licenses=gold")
    cluster.control.wait_for_state(running, "RUNNING")
    jobs = []
    for kind, options in WAITING:
        named = [part.format(running=running, failing=failing) for part in options]
        done = cluster.control.call(
            "sbatch", "--parsable", "--output=/dev/null", *named, stdin=f"#!/bin/bash\n{SLEEP}\n"
        )
        if done.returncode:
            print(f"{kind} {options}: {done.stderr.strip()}")
            continue
        jobs.append((kind, done.stdout.strip()))
    run("scontrol", "update", "partition=spot", "state=inactive")
    held = cluster.control.submit(SLEEP, "--begin=now+1hour")
    run("scontrol", "hold", held)
    jobs.append(("queue-jobheldadmin", held))
    time.sleep(8)  # the scheduler gives its reasons in its own time
    again = cluster.control.submit(SLEEP, "--nodelist=n1")
    cluster.control.wait_for_state(again, "RUNNING")
    run("scontrol", "requeuehold", again)
    wait_until(lambda: "held" in reason(cluster, again), "it is held")
    return [(kind, reason(cluster, job)) for kind, job in [*jobs, ("queue-heldagain", again)]]


def reason(cluster: Cluster, job: str) -> str:
    lines = cluster.control.run("squeue", "--noheader", f"--jobs={job}", "--format=%t %r")
    told = [line.partition(" ")[2] for line in lines.splitlines() if line.startswith("PD")]
    return told[-1] if told else lines.strip()


def prepare(cluster: Cluster) -> None:
    run = cluster.control.run
    for account, limits in ACCOUNTS.items():
        run("sacctmgr", "--immediate", "add", "account", account)
        run("sacctmgr", "--immediate", "add", "user", "root", f"account={account}")
        if limits:
            run("sacctmgr", "--immediate", "modify", "account", account, "set", *limits)
    run("sacctmgr", "--immediate", "modify", "user", "root", "set", "DefaultAccount=lab")
    for name, limits in QUALITIES.items():
        run("sacctmgr", "--immediate", "add", "qos", name)
        run("sacctmgr", "--immediate", "modify", "qos", name, "set", *limits)
    every = ",".join(["normal", *QUALITIES])
    run("sacctmgr", "--immediate", "modify", "user", "root", "set", f"qos={every}")
    run("scontrol", "update", "partition=urgent", "state=down")
    cluster.drain("n4")
    run(
        "scontrol",
        "create",
        "reservation=later",
        "starttime=now+2hours",
        "duration=10",
        "users=root",
        "nodes=n3",
    )
    time.sleep(3)


def endings(cluster: Cluster, folder: Path) -> None:
    control = cluster.control
    file = folder / "time.txt"
    job = control.submit(SLEEP, "--time=1", f"--output={file}")
    control.wait_for_state(job, "RUNNING")
    cluster.reach_time_limit(job)
    control.wait_for_state(job, "TIMEOUT")
    keep(file, folder, "limit-time")
    for name, command in STEPS.items():
        file = folder / f"{name}.txt"
        job = control.submit(f"srun {command}", f"--output={file}")
        control.wait_for_state(job, "FAILED")
        keep(file, folder, name)
    file = folder / "preempted.txt"
    job = control.submit(SLEEP, "--partition=spot", "--exclusive", "--nodes=2", f"--output={file}")
    control.wait_for_state(job, "RUNNING")
    control.submit("true", "--partition=urgent", "--nodes=2", "--exclusive")
    control.wait_for_state(job, "PREEMPTED")
    keep(file, folder, "node-preempted")
    file = folder / "requeued.txt"
    job = control.submit(SLEEP, f"--output={file}")
    control.wait_for_state(job, "RUNNING")
    control.run("scontrol", "requeue", job)
    control.wait_for_state(job, "PENDING")
    keep(file, folder, "node-requeued")
    file = folder / "cancelled.txt"
    job = control.submit(SLEEP, f"--output={file}")
    control.wait_for_state(job, "RUNNING")
    control.run("scancel", job)
    control.wait_for_state(job, "CANCELLED")
    keep(file, folder, "node-cancelled-elsewhere")
    file = folder / "down.txt"
    job = control.submit(SLEEP, "--nodelist=n2", "--no-requeue", f"--output={file}")
    control.wait_for_state(job, "RUNNING")
    control.run("scontrol", "update", "node=n2", "state=down", "reason=recorded")
    control.wait_for_state(job, "NODE_FAIL")
    keep(file, folder, "node-failure")


def out_of_memory(cluster: Cluster, folder: Path) -> None:
    file = folder / "memory.txt"
    eat = f"{sys.executable} -c 'x = b\"1\" * 300_000_000; import time; time.sleep(60)'"
    job = cluster.control.submit(eat, "--mem=50", f"--output={file}")
    cluster.control.wait_for_state(job, "FAILED", "OUT_OF_MEMORY", "CANCELLED")
    keep(file, folder, "limit-memory.slurm")


def keep(file: Path, folder: Path, name: str) -> None:
    wait_until(lambda: file.exists() and file.read_text().strip() != "", f"{name} has words")
    (HERE / f"{name}.txt").write_text(anonymous(file.read_text(), str(folder)))


if __name__ == "__main__":
    main()
