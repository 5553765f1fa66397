"""What this process may use of its machine: cores and open files."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath

_MANY_FILES = 2**20


def allowed_cores(root: Path = Path("/")) -> int:
    """Cores this process may use: a scheduler, taskset or a container may have reduced them.

    Parameters
    ----------
    root : path
        Of the file system in which limits of containers stand.
    """
    quotas = [int(quota) for quota in _quotas(root)]
    return max(1, min([_cores_to_run_on(), *quotas]))


def allowed_files() -> int:
    """Files this process may have open, the soft limit of the system."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MANY_FILES if soft == resource.RLIM_INFINITY else soft


def _cores_to_run_on() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _quotas(root: Path) -> Iterator[float]:
    """Cores' worth of time that the control groups of this process get, from both versions.

    A group has at most what the groups above it have. In a container its own is often the top.
    """
    with suppress(OSError):
        for line in (root / "proc/self/cgroup").read_text("ascii").splitlines():
            _, controllers, group = line.split(":", 2)
            names = controllers.split(",")
            top = root / "sys/fs/cgroup"
            for folder in (group, *map(str, PurePosixPath(group).parents)):
                if not controllers:
                    yield from _share((top / folder.lstrip("/") / "cpu.max",))
                elif "cpu" in names:
                    here = top / "cpu" / folder.lstrip("/")
                    yield from _share((here / "cpu.cfs_quota_us", here / "cpu.cfs_period_us"))


def _share(files: tuple[Path, ...]) -> Iterator[float]:
    """Time in each period, over the period; nothing where there is no limit."""
    with suppress(OSError, ValueError, ZeroDivisionError):
        quota, period = " ".join(file.read_text("ascii") for file in files).split()
        if quota not in ("max", "-1"):
            yield int(quota) / int(period)
