"""How each daemon is started and by what it is seen to be ready."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
from collections.abc import Mapping
from pathlib import Path

from .configuration import Layout
from .owner import Daemon, Keeper
from .ports import ReservedPort
from .waiting import ClusterError, end_of, wait_until

SMALL_DATABASE = (
    "--no-defaults",
    "--skip-networking",
    "--skip-grant-tables",  # the socket is in a folder that only its owner can enter
    "--skip-log-bin",
    "--performance-schema=off",
    "--innodb-buffer-pool-size=16M",
    "--innodb-log-file-size=8M",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-use-native-aio=0",
)


class Daemons:
    """Starts the daemons of one cluster."""

    def __init__(self, keeper: Keeper, layout: Layout, env: Mapping[str, str]) -> None:
        self._keeper = keeper
        self._layout = layout
        self._env = {**env, "MYSQL_UNIX_PORT": str(layout.database_socket)}

    def munged(self) -> Daemon:
        folder = self._layout.munge_socket.parent
        key = folder / "key"
        key.touch(0o600)
        key.write_bytes(secrets.token_bytes(128))
        key.chmod(0o400)
        options = {"key-file": key, "socket": self._layout.munge_socket, "log-file": folder / "log"}
        options |= {"pid-file": folder / "pid", "seed-file": folder / "seed"}
        argv = [f"--{name}={value}" for name, value in options.items()]
        # By force, since it wants a socket that all users can reach.
        daemon = self._start("munged", "munged", "--foreground", "--force", *argv)
        wait_for_socket(daemon, self._layout.munge_socket)
        return daemon

    def database(self) -> Daemon:
        data = self._layout.folder / "mysql"
        common = (*SMALL_DATABASE, f"--user={self._layout.user}", "--datadir=./mysql")
        install = self._start(
            "mariadb-install",
            "mariadb-install-db",
            *common,
            "--skip-test-db",
            "--skip-name-resolve",
        )
        wait_until(lambda: not install.is_alive(), "the database is made", install.log)
        if not (data / "mysql").is_dir():
            raise ClusterError(f"mariadb-install-db made no database.{end_of(install.log)}")
        pid_file = self._layout.folder / "mysql.pid"
        daemon = self._start(
            "mariadbd",
            "mariadbd",
            *common,
            f"--socket={self._layout.database_socket}",
            f"--pid-file={pid_file}",
        )
        wait_for_socket(daemon, self._layout.database_socket)
        return daemon

    def slurmdbd(self, port: ReservedPort | None = None) -> Daemon:
        daemon = self._start("slurmdbd", "slurmdbd", "-D", port=port)
        assert self._layout.database_port is not None
        wait_for_socket(daemon, self._layout.database_port)
        return daemon

    def slurmctld(self, port: ReservedPort | None = None) -> Daemon:
        daemon = self._start("slurmctld", "slurmctld", "-D", port=port)
        wait_for_socket(daemon, self._layout.controller_port)
        return daemon

    def slurmd(self, node: str, port: ReservedPort | None = None) -> Daemon:
        return self._start(f"slurmd-{node}", "slurmd", "-D", "-N", node, port=port)

    def _start(self, name: str, *argv: str, port: ReservedPort | None = None) -> Daemon:
        if port is not None:
            port.release()
        log = self._layout.log(name).with_suffix(".out")
        return self._keeper.start(argv, self._env, log)


def wait_for_socket(daemon: Daemon, address: Path | int) -> None:
    """Wait until the daemon takes connections at a path or a port of loopback."""
    what = f"{daemon.log.stem} answers at {address}"
    wait_until(lambda: _answers(address), what, daemon.log, goes_on=daemon.is_alive)


def _answers(address: Path | int) -> bool:
    with contextlib.suppress(OSError), _connected(address):
        return True
    return False


def _connected(address: Path | int) -> socket.socket:
    if isinstance(address, int):
        return socket.create_connection(("127.0.0.1", address))
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(os.fspath(address))
    except OSError:
        connection.close()
        raise
    return connection
