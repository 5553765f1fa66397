"""Real output of Slurm for the tests of parsers: ``python -m tests.slurm.record [FOLDER]``.

Provokes what can be provoked on loopback and writes each answer to ``NAME.txt``, what was
said on stderr to ``NAME.err.txt``, and all commands with their exit codes to ``commands.txt``.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from .cluster import Cluster, wait_until

HERE = Path(__file__).parent
WORK = Path("/tmp/asyncmd-recording")
FIELDS = "%i|%F|%K|%t|%T|%r|%N|%M|%l|%S|%P|%D|%C|%u|%a|%j"
LONG_FIELDS = (
    "JobID:30,ArrayJobID:20,ArrayTaskID:30,StateCompact:10,State:20,Reason:40,NodeList:40,"
    "exit_code:10,RestartCnt:10,TimeLeft:20,Name:60"
)
ACCOUNTED = (
    "JobID,JobIDRaw,JobName%60,State%40,ExitCode,DerivedExitCode,Reason,Submit,Start,End,"
    "ElapsedRaw,TimelimitRaw,NodeList,AllocCPUS,CPUTimeRAW,MaxRSS,ReqMem"
)
SLEEP = "sleep 600"
STUBBORN = "trap '' TERM; sleep 600"
SCRIPT = "#!/bin/bash\ntrue\n"
QUIET = "--output=/dev/null"
EVERYTHING = ("--nodes=4", "--ntasks=16")
NODE_DOWN = ("scontrol", "update", "node=n4", "state=down", "reason=recorded")
WAITING = (
    ("--hold",),
    ("--begin=now+1hour",),
    ("--dependency=afterok:{running}",),
    ("--dependency=afterok:{failing}",),
    ("--partition=short", "--time=5"),
    ("--licenses=gold",),
    ("--nodelist=n4",),
    ("--nodes=3", "--exclusive"),
    ("--nodes=3", "--exclusive", "--nice=100"),
    ("--array=1,5,9-20:2%3", "--hold"),
    ("--array=1-3", "--nodelist=n4"),
)
REFUSED = {
    "bad-partition": ("--partition=nonsense",),
    "bad-time": ("--time=nonsense",),
    "bad-memory": ("--mem=nonsense",),
    "bad-dependency": ("--dependency=afterok:999999",),
    "bad-option": ("--nonsense",),
    "bad-gpus": ("--gres=gpu:1",),
    "bad-constraint": ("--constraint=nonsense",),
    "bad-array": ("--array=nonsense",),
    "bad-license": ("--licenses=nonsense",),
    "bad-folder": ("--chdir=/nonsense",),
    "bad-cluster": ("--clusters=nonsense",),
    "too-many-nodes": ("--nodes=99",),
    "too-much-memory": ("--mem=99T",),
    "big-array": ("--array=1-99999",),
    "test-only": ("--test-only",),
    "wait": ("--wait",),
    "account-ignored": ("--account=nonsense",),
}
MANAGED = (
    ("add", "account", "lab"),
    ("add", "user", "root", "account=lab"),
    ("modify", "user", "root", "where", "account=lab", "set", "MaxSubmitJobs=2"),
    ("modify", "user", "root", "set", "DefaultAccount=lab"),
)


class Recorder:
    """Writes what commands answer."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._commands: list[str] = []
        self.cluster: Cluster | None = None
        folder.mkdir(exist_ok=True)
        for old in folder.glob("*.txt"):
            old.unlink()

    def record(self, name: str, *argv: str, stdin: str = "") -> None:
        """Run a command and write its answer under a name."""
        assert self.cluster is not None
        done = self.cluster.control.call(*argv, stdin=stdin, timeout_s=120)
        self._folder.joinpath(f"{name}.txt").write_text(done.stdout)
        if done.stderr:
            self._folder.joinpath(f"{name}.err.txt").write_text(done.stderr)
        self._commands.append(f"{name}\t{done.returncode}\t{argv!r}")
        self._folder.joinpath("commands.txt").write_text("\n".join(self._commands) + "\n")


def main() -> None:
    recorder = Recorder(Path(sys.argv[1]) if sys.argv[1:] else HERE / "recorded")
    WORK.mkdir(mode=0o700)
    os.chdir(WORK)  # is the folder of all jobs
    try:
        with Cluster.up(WORK / "c", options={"Licenses": "gold:1"}) as recorder.cluster:
            record_states(recorder, recorder.cluster)
            record_refusals(recorder)
            record_absences(recorder, recorder.cluster)
        options = {
            "AccountingStorageEnforce": "associations,limits,qos",
            "EnforcePartLimits": "ALL",
            "MessageTimeout": "2",
        }
        with Cluster.up(WORK / "c", nodes=1, options=options) as recorder.cluster:
            record_strict(recorder, recorder.cluster)
        with Cluster.up(WORK / "c", nodes=1, accounting=False) as recorder.cluster:
            recorder.record("sacct-without-accounting", "sacct", "--parsable2")
            recorder.record("scontrol-ping", "scontrol", "ping")
    finally:
        WORK.rmdir()


def record_states(recorder: Recorder, cluster: Cluster) -> None:
    final = finish_jobs(cluster)
    recorder.record("squeue-all-final", "squeue", "--noheader", "--states=all", f"-o{FIELDS}")
    requeued = fill_cluster(cluster)
    recorder.record("squeue-completing", "squeue", "--noheader", f"-o{FIELDS}")
    recorder.record("squeue", "squeue")
    recorder.record("squeue-fields", "squeue", "--noheader", "--states=all", f"-o{FIELDS}")
    recorder.record("squeue-fields-array", "squeue", "--noheader", "--array", f"-o{FIELDS}")
    recorder.record("squeue-long-fields", "squeue", "--states=all", f"-O{LONG_FIELDS}")
    recorder.record("squeue-json", "squeue", "--states=all", "--json")
    recorder.record("squeue-user", "squeue", "--noheader", "--me", "-o%i|%t")
    name = cluster.control.run("scontrol", "show", "config")
    name = next(line.split()[-1] for line in name.splitlines() if line.startswith("ClusterName"))
    recorder.record("squeue-cluster", "squeue", "-M", name, "-o%i|%t")
    recorder.record("squeue-cluster-noheader", "squeue", "-h", "-M", name, "-o%i|%t")
    some = f"-j{final[0]},{final[1]},999999"
    recorder.record("squeue-some", "squeue", "-h", some, "-o%i|%t")
    recorder.record("squeue-some-all-states", "squeue", "-h", some, "--states=all", "-o%i|%t")
    recorder.record("squeue-one-unknown", "squeue", "-h", "-j999999", "-o%i|%t")
    recorder.record("squeue-bad-state", "squeue", "--states=nonsense")
    recorder.record("scontrol-show-job", "scontrol", "show", "job")
    recorder.record("scontrol-show-job-oneline", "scontrol", "--oneliner", "show", "job")
    recorder.record("scontrol-show-job-details", "scontrol", "--details", "show", "job", final[0])
    recorder.record("scontrol-show-job-json", "scontrol", "--json", "show", "job", final[0])
    recorder.record("scontrol-show-job-unknown", "scontrol", "show", "job", "999999")
    recorder.record("scontrol-show-node", "scontrol", "--oneliner", "show", "node")
    recorder.record("scontrol-show-partition", "scontrol", "--oneliner", "show", "partition")
    recorder.record("scontrol-hostnames", "scontrol", "show", "hostnames", "a[1-2,07-09],b3")
    recorder.record("sinfo", "sinfo")
    recorder.record("sinfo-nodes", "sinfo", "--noheader", "--Node", "-o%N|%t|%T|%P|%C|%E|%m|%l")
    recorder.record("sinfo-partitions", "sinfo", "--noheader", "-o%P|%a|%l|%D|%T|%N|%G")
    recorder.record("sinfo-json", "sinfo", "--json")
    recorder.record("sinfo-reasons", "sinfo", "--list-reasons")
    recorder.record("sinfo-unknown-partition", "sinfo", "--partition=nonsense")
    accounting = ("sacct", "--parsable2", f"--format={ACCOUNTED}")
    wait_until(
        lambda: cluster.control.run(
            "sacct", "-n", "-X", "--format=State", f"-j{final[-1]}"
        ).strip(),
        "accounting has caught up",
    )
    recorder.record("sacct", *accounting)
    recorder.record("sacct-allocations", *accounting, "--allocations", "--noheader")
    recorder.record("sacct-duplicates", *accounting, "--allocations", "--duplicates")
    recorder.record("sacct-duplicates-steps", *accounting, "--duplicates")
    recorder.record("sacct-bad-field", "sacct", "--format=JobID,Restarts")
    recorder.record("sacct-json", "sacct", "--json", "--duplicates", f"--jobs={','.join(final)}")
    recorder.record("sacct-unknown", *accounting, "--jobs=999999")
    cluster.control.wait_for_state(requeued, "RUNNING")
    again = (*accounting, f"--jobs={requeued}")
    wait_until(
        lambda: "RUNNING" in cluster.control.run(*again), "accounting knows the second attempt"
    )
    recorder.record("sacct-second-attempt", *again)
    recorder.record("sacct-second-attempt-duplicates", *again, "--duplicates")
    recorder.record("sbatch-version", "sbatch", "--version")
    recorder.record(
        "sbatch-parsable-cluster", "sbatch", "-M", name, "--parsable", QUIET, stdin=SCRIPT
    )
    recorder.record("sbatch-cluster", "sbatch", "-M", name, QUIET, stdin=SCRIPT)


def finish_jobs(cluster: Cluster) -> list[str]:
    """Jobs that end in each way that there is."""
    control = cluster.control
    jobs = [
        finish(cluster, "srun true", "COMPLETED", "--job-name=with a step"),
        finish(cluster, "exit 3", "FAILED", '--job-name=it\'s | "odd"\n$(name)'),
        finish(cluster, "kill -SEGV $$", "FAILED"),
        finish(cluster, "srun bash -c 'exit 4'; exit 0", "COMPLETED", "--job-name=größer"),
        finish(cluster, "sleep 0.2; scancel $SLURM_JOB_ID; sleep 60", "CANCELLED"),
        finish(cluster, SLEEP, "CANCELLED", "--hold", then=("scancel", "JOB")),
    ]
    on_n4 = ("--nodelist=n4", "--no-requeue")
    jobs.append(finish(cluster, SLEEP, "NODE_FAIL", *on_n4, then=NODE_DOWN))
    wait_for_idle(cluster)
    jobs.append(run(cluster, SLEEP, "--partition=spot", *EVERYTHING))
    jobs.append(finish(cluster, "sleep 0.2", "COMPLETED", "--partition=urgent", *EVERYTHING))
    control.wait_for_state(jobs[-2], "PREEMPTED")
    jobs.append(run(cluster, SLEEP, "--time=1"))
    cluster.reach_time_limit(jobs[-1])
    control.wait_for_state(jobs[-1], "TIMEOUT")
    array = control.submit("exit $((SLURM_ARRAY_TASK_ID % 2))", "--array=1-3")
    for task in (1, 2, 3):
        control.wait_for_state(f"{array}_{task}", "FAILED", "COMPLETED")
    return [*jobs, array]


def fill_cluster(cluster: Cluster) -> str:
    """Jobs that wait for each reason and run in each way that there is; which was requeued."""
    control = cluster.control
    cluster.drain("n4")
    requeued = run(cluster, SLEEP, "--nodelist=n1", "--job-name=requeued")
    control.run("scontrol", "requeue", requeued)
    requeued_held = run(cluster, SLEEP, "--nodelist=n1", "--job-name=requeued and held")
    control.run("scontrol", "requeuehold", requeued_held)
    special = run(cluster, SLEEP, "--nodelist=n1", "--job-name=special exit")
    control.run("scontrol", "requeuehold", "State=SpecialExit", special)
    suspended = run(cluster, SLEEP, "--nodelist=n2", "--job-name=suspended")
    control.run("scontrol", "suspend", suspended)
    running = run(cluster, SLEEP, "--nodelist=n1,n3", "--job-name=on two nodes", "--ntasks=2")
    run(cluster, SLEEP, "--nodelist=n[2-3]", "--nodes=2", "--licenses=gold")
    failing = control.submit("exit 1")
    control.wait_for_state(failing, "FAILED")
    array = control.submit(SLEEP, "--array=1-7%2", "--job-name=limited array")
    control.wait_for_state(f"{array}_2", "RUNNING")
    for options in WAITING:
        named = (part.format(running=running, failing=failing) for part in options)
        control.submit(SLEEP, *named, f"--job-name=waits {' '.join(options)}")
    completing = run(cluster, STUBBORN, "--nodelist=n1", "--job-name=completing")
    time.sleep(3)  # the scheduler gives its reasons in its own time
    control.run("scancel", completing)
    return requeued


def finish(
    cluster: Cluster, body: str, state: str, *options: str, then: tuple[str, ...] = ()
) -> str:
    """Submit a job, perhaps run a command on it, and wait for its final state."""
    job = cluster.control.submit(body, *options)
    if then == NODE_DOWN:
        cluster.control.wait_for_state(job, "RUNNING")
    if then:
        cluster.control.run(*(job if part == "JOB" else part for part in then))
    cluster.control.wait_for_state(job, state)
    return job


def run(cluster: Cluster, body: str, *options: str) -> str:
    """Submit a job and wait until it runs."""
    job = cluster.control.submit(body, *options)
    cluster.control.wait_for_state(job, "RUNNING")
    return job


def wait_for_idle(cluster: Cluster) -> None:
    states = cluster.control.node_states
    wait_until(lambda: set(states().values()) == {"idle"}, "all nodes are idle")


def record_refusals(recorder: Recorder) -> None:
    """What sbatch and scancel say when they are asked for the impossible."""
    for name, options in REFUSED.items():
        recorder.record(f"sbatch-{name}", "sbatch", "--parsable", QUIET, *options, stdin=SCRIPT)
    recorder.record("sbatch-no-interpreter", "sbatch", stdin="true\n")
    recorder.record("sbatch-empty", "sbatch", stdin="")
    recorder.record("sbatch-no-such-file", "sbatch", "nonsense.sh")
    recorder.record("sbatch-long-reply", "sbatch", QUIET, stdin=SCRIPT)
    recorder.record("scancel-unknown", "scancel", "999999")
    recorder.record("scancel-final", "scancel", "1")
    recorder.record("scancel-final-verbose", "scancel", "--verbose", "1")
    recorder.record("scancel-nonsense", "scancel", "nonsense")
    recorder.record("scontrol-requeue-final", "scontrol", "requeue", "1")


def record_absences(recorder: Recorder, cluster: Cluster) -> None:
    """What commands say when daemons are away."""
    with cluster.without_controller():
        for command in ("squeue", "sinfo", "sacct"):
            recorder.record(f"{command}-without-controller", command)
        recorder.record("sbatch-without-controller", "sbatch", QUIET, stdin=SCRIPT)
        recorder.record("scancel-without-controller", "scancel", "1")
        recorder.record("scontrol-without-controller", "scontrol", "show", "job", "1")
        recorder.record("scontrol-ping-without-controller", "scontrol", "ping")
    cluster.stop_accounting()
    recorder.record("sacct-without-slurmdbd", "sacct", "--parsable2")
    recorder.record("sbatch-without-slurmdbd", "sbatch", "--parsable", QUIET, stdin=SCRIPT)


def record_strict(recorder: Recorder, cluster: Cluster) -> None:
    """Refusals of a cluster with limits, and of one that does not answer."""
    for manager in MANAGED:
        cluster.control.run("sacctmgr", "--immediate", *manager)
    options: dict[str, tuple[str, ...]]
    options = {"bad-account": ("--account=nonsense",), "bad-qos": ("--qos=nonsense",)}
    options |= {"too-long": ("--partition=short", "--time=99"), "fits": ()}
    for name, each in options.items():
        recorder.record(f"sbatch-strict-{name}", "sbatch", "--parsable", QUIET, *each, stdin=SCRIPT)
    for number in (1, 2, 3):
        argv = ("sbatch", "--parsable", QUIET, "--hold")
        recorder.record(f"sbatch-strict-limit-{number}", *argv, stdin=SCRIPT)
    recorder.record("squeue-strict", "squeue", "-h", f"-o{FIELDS}")
    with cluster.hung_controller():
        recorder.record("sbatch-hung-controller", "sbatch", QUIET, stdin=SCRIPT)
        recorder.record("squeue-hung-controller", "squeue")


if __name__ == "__main__":
    main()
