"""Which of sbatch's options go without a value, and which can't."""

from __future__ import annotations

# A value is possible for some of them.
WITHOUT_VALUE = frozenset(
    {
        *("contiguous", "disable-stdout-job-summary", "exclusive", "get-user-env", "hold"),
        *("ignore-pbs", "nice", "no-kill", "no-requeue", "overcommit", "oversubscribe"),
        *("propagate", "reboot", "requeue", "share", "spread-job", "use-min-nodes", "verbose"),
    }
)
WITH_VALUE = frozenset(
    {
        *("account", "acctg-freq", "batch", "bb", "bbf", "begin", "cluster-constraint"),
        *("constraint", "container", "container-id", "core-spec"),
        *("cores-per-socket", "cpu-freq", "cpus-per-gpu", "cpus-per-task", "deadline"),
        *("delay-boot", "dependency", "distribution", "export", "export-file", "extra"),
        *("extra-node-info", "gid", "gpu-bind", "gpu-freq", "gpus", "gpus-per-node"),
        *("gpus-per-socket", "gpus-per-task", "gres", "gres-flags", "hint"),
        *("kill-on-invalid-dep", "licenses", "mail-type", "mail-user", "mcs-label", "mem"),
        *("mem-bind", "mem-per-cpu", "mem-per-gpu", "mincpus", "network", "nodefile", "nodelist"),
        *("nodes", "ntasks", "ntasks-per-core", "ntasks-per-gpu", "ntasks-per-node"),
        *("ntasks-per-socket", "partition", "power", "prefer", "priority", "profile", "qos"),
        *("reservation", "segment", "signal", "sockets-per-node", "switches"),
        *("thread-spec", "threads-per-core", "time", "time-min", "tmp", "tres-bind"),
        *("tres-per-task", "uid", "wait-all-nodes", "wckey"),
    }
)


def needs_value(name: str) -> bool:
    """Whether sbatch would take the next argument for the value of this one.

    It takes any beginning of a name for the whole.
    """
    return name not in WITHOUT_VALUE and any(known.startswith(name) for known in WITH_VALUE)
