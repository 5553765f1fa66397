"""What has to be there before daemons can be started: programs, a folder, ports, files."""

from __future__ import annotations

import getpass
import os
import secrets
import shutil
import socket
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from .configuration import Layout, slurm_conf, slurmdbd_conf
from .ports import ReservedPort
from .waiting import ClusterError

PREFIX = "asyncmd-slurm-"
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch")
PROGRAMS_OF_ACCOUNTING = ("mariadbd", "mariadb-install-db", "slurmdbd")
LONGEST_FOLDER = 75  # sockets lie below, and a path of a socket has at most 107 bytes


@dataclass(frozen=True)
class Ports:
    """The ports of one cluster."""

    controller: ReservedPort
    nodes: Mapping[str, ReservedPort]
    database: ReservedPort | None

    @classmethod
    def reserve(cls, nodes: int, accounting: bool) -> Self:
        of_nodes = {f"n{number}": ReservedPort() for number in range(1, nodes + 1)}
        return cls(ReservedPort(), of_nodes, ReservedPort() if accounting else None)

    def release(self) -> None:
        """Let others have what no daemon has taken."""
        for port in (self.controller, self.database, *self.nodes.values()):
            if port is not None:
                port.release()

    def layout(self, folder: Path, hostname: str, cpus: int, options: Mapping[str, str]) -> Layout:
        check_loopback(hostname)
        return Layout(
            folder=folder,
            name=f"t{secrets.token_hex(4)}",
            user=getpass.getuser(),
            hostname=hostname,
            controller_port=self.controller.number,
            node_ports={node: port.number for node, port in self.nodes.items()},
            database_port=None if self.database is None else self.database.number,
            cpus=cpus,
            options=options,
        )


def search_path() -> str:
    """PATH with the folders of daemons in it."""
    return os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])


def check_programs(accounting: bool) -> None:
    """Raise ClusterError when a program is not installed."""
    needed = PROGRAMS + (PROGRAMS_OF_ACCOUNTING if accounting else ())
    missing = [name for name in needed if not shutil.which(name, path=search_path())]
    if missing:
        raise ClusterError(
            f"Missing: {', '.join(missing)}. On Debian: sudo apt-get install"
            " --no-install-recommends slurm-wlm slurmdbd mariadb-server munge"
        )


def check_loopback(hostname: str) -> None:
    """Raise ClusterError when daemons would listen on the network."""
    if not socket.gethostbyname(hostname).startswith("127."):
        raise ClusterError(
            f"This host's name {hostname} does not lead to loopback, and it can't be changed for"
            " the daemons alone (that takes root or CAP_SYS_ADMIN). Slurm's daemons would listen"
            " on the network."
        )


def new_folder(folder: Path | None) -> Path:
    """Make the folder of a cluster; only its owner can enter."""
    if folder is None:
        return Path(tempfile.mkdtemp(prefix=PREFIX))
    folder = Path(os.path.abspath(folder))  # noqa: PTH100
    if len(os.fsencode(folder)) > LONGEST_FOLDER or set("\"'#\\\n") & set(str(folder)):
        raise ClusterError(
            f"The folder {str(folder)!r} does not work for Slurm: at most {LONGEST_FOLDER} bytes"
            " (sockets lie below), no quotes, '#', backslashes or newlines."
        )
    folder.mkdir(mode=0o700)
    return folder


def write_files(layout: Layout) -> None:
    """Write the configuration and make the folders that the daemons expect."""
    folders = ("log", "state", "munge", *layout.node_ports)
    for name in folders:
        (layout.folder / name).mkdir(mode=0o700)
    (layout.folder / "slurm.conf").write_text(slurm_conf(layout))
    if layout.database_port is not None:
        path = layout.folder / "slurmdbd.conf"
        path.touch(0o600)
        path.write_text(slurmdbd_conf(layout))
