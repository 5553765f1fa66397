"""Clusters that another process has started."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import psutil

from .owner import KEEPER, PID_FILE, is_alive
from .preparation import PREFIX
from .waiting import ClusterError, wait_until


def find_clusters(parent: Path) -> list[Path]:
    """Folders of this user's clusters below `parent` that have the usual name."""
    mine = (each for each in parent.glob(f"{PREFIX}*") if each.stat().st_uid == os.getuid())
    return sorted(folder for folder in mine if (folder / PID_FILE).exists())


def end_cluster(folder: Path) -> None:
    """End a cluster and wait until its folder is gone."""
    folder = folder.resolve()
    pid_file = folder / PID_FILE
    if not pid_file.exists():
        raise ClusterError(f"There is no cluster in {folder}.")
    keeper = find_keeper(folder, int(pid_file.read_text()))
    if keeper is None:
        shutil.rmtree(folder)
        return
    keeper.terminate()
    wait_until(lambda: not is_alive(keeper), f"the keeper of {folder} ends", folder / "keeper.log")


def find_keeper(folder: Path, pid: int) -> psutil.Process | None:
    """The process with this id, unless it is another one by now."""
    try:
        process = psutil.Process(pid)
        return process if process.cmdline()[-2:] == [str(KEEPER), str(folder)] else None
    except psutil.NoSuchProcess:
        return None
