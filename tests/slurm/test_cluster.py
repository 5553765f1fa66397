"""The cluster itself: what its other tests rely on, and that it leaves nothing behind."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from slurm.cluster import MEMORY_LIMITS, Cluster, ClusterError, wait_until

pytestmark = pytest.mark.slurm

TESTS = Path(__file__).parents[1]
UNTIL_GO = 'until [ -e "{folder}/go" ]; do sleep 0.05; done'


@pytest.fixture
def until_go(tmp_path):
    """The body of a job that ends when the file ``go`` is there."""
    return UNTIL_GO.format(folder=tmp_path)


def go(tmp_path):
    (tmp_path / "go").touch()


def start(cluster, script, *options):
    job = cluster.control.submit(script, *options)
    cluster.control.wait_for_state(job, "RUNNING")
    return job


def jobs_with_processes(cluster):
    found = set()
    for process in cluster.processes():
        with suppress(psutil.Error):
            found.add(process.environ().get("SLURM_JOB_ID"))
    return found


def accounted(cluster, job):
    argv = ("sacct", "-X", "--noheader", "--parsable2", "--format=State", "--jobs", job)
    return cluster.control.run(*argv).strip()


def test_a_job_runs_and_accounting_knows_it(cluster, tmp_path):
    job = cluster.control.submit("echo $SLURM_JOB_ID", f"--output={tmp_path}/out.txt")
    cluster.control.wait_for_state(job, "COMPLETED")
    assert (tmp_path / "out.txt").read_text() == f"{job}\n"
    wait_until(lambda: accounted(cluster, job) == "COMPLETED", f"job {job} is accounted for")


def test_all_nodes_work_at_once(cluster, tmp_path, until_go):
    jobs = [start(cluster, until_go, f"--nodelist={node}") for node in cluster.nodes]
    go(tmp_path)
    for job in jobs:
        cluster.control.wait_for_state(job, "COMPLETED")


def test_children_of_the_tests_talk_to_the_cluster(cluster):
    assert subprocess.run(["squeue"], capture_output=True, check=True).stdout


def test_a_job_ends_while_the_controller_is_away(cluster, tmp_path, until_go):
    job = start(cluster, until_go)
    with cluster.without_controller():
        go(tmp_path)
    cluster.control.wait_for_state(job, "COMPLETED")


def test_a_crashed_controller_finds_the_jobs_that_it_has_saved(cluster, until_go):
    job = start(cluster, until_go)
    cluster.wait_for_saved_jobs()
    cluster.kill_controller()
    cluster.start_controller()
    assert cluster.control.squeue()[job] == "RUNNING"


def test_a_hung_controller_answers_later(cluster):
    with cluster.hung_controller(), pytest.raises(subprocess.TimeoutExpired):
        cluster.control.call("squeue", timeout_s=0.5)
    cluster.control.squeue()


def test_a_job_outlives_the_daemon_of_its_node(cluster, tmp_path, until_go):
    job = start(cluster, until_go, "--nodelist=n2")
    cluster.kill_slurmd("n2")
    go(tmp_path)
    cluster.start_slurmd("n2")
    cluster.control.wait_for_state(job, "COMPLETED")


def test_a_dead_node_takes_its_jobs_along(cluster, until_go):
    requeued = start(cluster, until_go, "--nodelist=n2", "--requeue")
    failed = start(cluster, until_go, "--nodelist=n2", "--no-requeue")
    spared = start(cluster, until_go, "--nodelist=n3")
    wait_until(lambda: jobs_with_processes(cluster) >= {requeued, failed, spared}, "all jobs run")
    cluster.kill_node("n2")
    mine = {requeued, failed, spared}
    wait_until(lambda: jobs_with_processes(cluster) & mine == {spared}, "the others are gone")
    cluster.declare_down("n2")
    cluster.control.wait_for_state(failed, "NODE_FAIL")
    states = cluster.control.squeue()
    assert (states[requeued], states[spared]) == ("PENDING", "RUNNING")
    cluster.start_slurmd("n2")
    cluster.control.wait_for_state(requeued, "RUNNING")


def test_a_drained_node_gets_no_new_jobs(cluster, until_go):
    running = start(cluster, until_go, "--nodelist=n1")
    cluster.drain("n1")
    waiting = cluster.control.submit(until_go, "--nodelist=n1")
    states = cluster.control.squeue()
    assert (states[running], states[waiting]) == ("RUNNING", "PENDING")
    cluster.resume("n1")
    cluster.control.wait_for_state(waiting, "RUNNING")


def test_the_time_limit_of_a_job_can_be_reached_at_will(cluster, until_go):
    job = start(cluster, until_go)
    cluster.reach_time_limit(job)
    cluster.control.wait_for_state(job, "TIMEOUT")


@pytest.mark.parametrize(
    ("partition", "state"), [("spot", "PREEMPTED"), ("spot-requeue", "PENDING")]
)
def test_urgent_jobs_push_others_out(cluster, until_go, partition, state):
    everything = ("--nodes=4", "--ntasks=16")
    job = start(cluster, until_go, f"--partition={partition}", *everything)
    start(cluster, until_go, "--partition=urgent", *everything)
    cluster.control.wait_for_state(job, state)


def test_all_faults_can_be_undone(cluster, until_go):
    job = start(cluster, until_go)
    cluster.drain("n1")
    cluster.kill_node("n2")
    cluster.stop_controller()
    cluster.heal()
    assert set(cluster.control.node_states().values()) == {"idle"}
    assert cluster.control.squeue()[job] in ("CANCELLED", "NODE_FAIL")


def test_without_accounting_jobs_run_and_sacct_fails(cluster_without_accounting):
    control = cluster_without_accounting.control
    control.wait_for_state(control.submit("true"), "COMPLETED")
    assert control.call("sacct").returncode == 1


def test_accounting_comes_back(cluster):
    cluster.stop_accounting()
    job = cluster.control.submit("true")
    cluster.control.wait_for_state(job, "COMPLETED")
    assert cluster.control.call("sacct").returncode == 1
    cluster.start_accounting()
    wait_until(lambda: accounted(cluster, job) == "COMPLETED", f"job {job} is accounted for")


def test_too_much_memory_is_fatal(tmp_path):
    eat = f"{sys.executable} -c 'eaten = bytearray(300 << 20); import time; time.sleep(600)'"
    with Cluster.up(accounting=False, nodes=1, options=MEMORY_LIMITS) as cluster:
        job = cluster.control.submit(eat, "--mem=50", f"--output={tmp_path}/out.txt")
        cluster.control.wait_for_state(job, "FAILED")
    assert "Exceeded job memory limit" in (tmp_path / "out.txt").read_text()


def test_clusters_live_side_by_side(cluster, tmp_path_factory):
    folder = tmp_path_factory.mktemp("s") / "a 'b' $(c)"
    with pytest.raises(ClusterError, match="does not work for Slurm"):
        Cluster.up(folder)
    folder = Path(f"/tmp/{folder.parent.name}-{tmp_path_factory.getbasetemp().name} $(c)")
    with Cluster.up(folder, accounting=False, nodes=1) as other:
        name = f"of {folder.name}"
        job = other.control.submit("sleep 600", f"--job-name={name}")
        other.control.wait_for_state(job, "RUNNING")
        assert name not in cluster.control.run("squeue", "--format=%j")
        processes = other.processes()
    assert not any(process.is_running() for process in processes)
    assert not folder.exists()
    assert set(cluster.control.node_states().values()) == {"idle"}


def test_a_daemon_that_does_not_start_says_why(tmp_path):
    before = psutil.Process().children()
    with pytest.raises(ClusterError, match=r"(?s)slurmctld answers.*The end of.*select/nonsense"):
        Cluster.up(accounting=False, nodes=1, options={"SelectType": "select/nonsense"})
    assert psutil.Process().children() == before


OWNER = """
import time
from slurm.cluster import Cluster

cluster = Cluster.up(accounting=False, nodes=1)
cluster.control.wait_for_state(cluster.control.submit("sleep 600"), "RUNNING")
print(cluster.folder, *(process.pid for process in cluster.processes()), flush=True)
time.sleep(600)
"""


def test_a_cluster_ends_with_its_owner():
    with subprocess.Popen(
        [sys.executable, "-c", OWNER],
        env={"PYTHONPATH": str(TESTS), "PATH": "/usr/bin:/bin"},
        stdout=subprocess.PIPE,
        text=True,
    ) as owner:
        folder, *pids = owner.stdout.readline().split()
        processes = [psutil.Process(int(pid)) for pid in pids]
        owner.kill()
    wait_until(lambda: not any(each.is_running() for each in processes), "all processes end")
    assert not Path(folder).exists()
