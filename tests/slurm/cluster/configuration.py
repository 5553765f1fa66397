"""The texts of slurm.conf and slurmdbd.conf."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

# Options with which jobs that take more than their --mem are killed, within a second or two.
# Without control groups they are FAILED by signal 9, not OUT_OF_MEMORY.
MEMORY_LIMITS = {
    "SelectTypeParameters": "CR_CPU_Memory",
    "DefMemPerCPU": "100",
    "JobAcctGatherFrequency": "task=1",
    "JobAcctGatherParams": "OverMemoryKill",
}


@dataclass(frozen=True)
class Layout:
    """What the files of the configuration say."""

    folder: Path
    name: str
    user: str
    hostname: str
    controller_port: int
    node_ports: Mapping[str, int]
    database_port: int | None
    cpus: int
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def munge_socket(self) -> Path:
        return self.folder / "munge" / "s"

    @property
    def database_socket(self) -> Path:
        return self.folder / "mysql.s"

    def log(self, daemon: str) -> Path:
        return self.folder / "log" / f"{daemon}.log"


def slurm_conf(layout: Layout) -> str:
    """Quick to start, to schedule and to find a dead node; the rest as it is by default.

    A requeued job waits for the time of ``cred_expire``.
    """
    options = _common(layout) | _controller(layout) | _nodes(layout) | _accounting(layout)
    lines = [f"{name}={value}" for name, value in {**options, **layout.options}.items()]
    lines += [
        f"NodeName={node} NodeHostname={layout.hostname} NodeAddr=127.0.0.1 Port={port}"
        f" CPUs={layout.cpus} RealMemory=4000"
        for node, port in layout.node_ports.items()
    ]
    nodes = ",".join(layout.node_ports)
    lines += [
        f"PartitionName=main Nodes={nodes} Default=YES PriorityTier=2 PreemptMode=OFF",
        f"PartitionName=short Nodes={nodes} MaxTime=1 PriorityTier=2 PreemptMode=OFF",
        f"PartitionName=urgent Nodes={nodes} PriorityTier=3 PreemptMode=OFF",
        f"PartitionName=spot Nodes={nodes} PriorityTier=1 PreemptMode=CANCEL",
        f"PartitionName=spot-requeue Nodes={nodes} PriorityTier=1 PreemptMode=REQUEUE",
    ]
    return "\n".join(lines) + "\n"


def slurmdbd_conf(layout: Layout) -> str:
    """Accounting in a database behind a socket, which the environment leads to."""
    options = {
        "DbdHost": layout.hostname,
        "DbdAddr": "127.0.0.1",
        "DbdPort": str(layout.database_port),
        "AuthType": "auth/munge",
        "AuthInfo": f'"socket={layout.munge_socket}"',
        "CommunicationParameters": "NoInAddrAny",
        "SlurmUser": layout.user,
        "LogFile": f'"{layout.log("slurmdbd")}"',
        "PidFile": f'"{layout.folder / "slurmdbd.pid"}"',
        "StorageType": "accounting_storage/mysql",
        "StorageHost": "localhost",
        "StorageUser": layout.user,
    }
    return "".join(f"{name}={value}\n" for name, value in options.items())


def _common(layout: Layout) -> dict[str, str]:
    return {
        "ClusterName": layout.name,
        "SlurmUser": layout.user,
        "SlurmdUser": layout.user,
        "AuthType": "auth/munge",
        "AuthInfo": f'"socket={layout.munge_socket},cred_expire=5"',
        "CommunicationParameters": "NoCtldInAddrAny,NoInAddrAny",
        "SwitchType": "switch/none",
        "MpiDefault": "none",
        "ProctrackType": "proctrack/linuxproc",
        "TaskPlugin": "task/none",
    }


def _controller(layout: Layout) -> dict[str, str]:
    return {
        "SlurmctldHost": f"{layout.hostname}(127.0.0.1)",
        "SlurmctldPort": str(layout.controller_port),
        "SlurmctldPidFile": f'"{layout.folder / "slurmctld.pid"}"',
        "SlurmctldLogFile": f'"{layout.log("slurmctld")}"',
        "StateSaveLocation": f'"{layout.folder / "state"}"',
        "SelectType": "select/cons_tres",
        "SelectTypeParameters": "CR_CPU",
        "SchedulerParameters": "sched_min_interval=0,batch_sched_delay=0,bf_interval=1",
        "PreemptType": "preempt/partition_prio",
        "PreemptMode": "REQUEUE",
        "ReturnToService": "2",
        "SlurmdTimeout": "10",
        "KillWait": "5",
    }


def _nodes(layout: Layout) -> dict[str, str]:
    return {
        "SlurmdSpoolDir": f'"{layout.folder / "%n"}"',
        "SlurmdPidFile": f'"{layout.folder / "slurmd-%n.pid"}"',
        "SlurmdLogFile": f'"{layout.log("slurmd-%n")}"',
        "SlurmdParameters": "config_overrides",
        "JobAcctGatherType": "jobacct_gather/linux",
    }


def _accounting(layout: Layout) -> dict[str, str]:
    if layout.database_port is None:
        return {"AccountingStorageType": "accounting_storage/none"}
    return {
        "AccountingStorageType": "accounting_storage/slurmdbd",
        "AccountingStorageHost": "127.0.0.1",
        "AccountingStoragePort": str(layout.database_port),
        "AccountingStoragePass": f'"{layout.munge_socket}"',
    }
