"""A throw-away Slurm cluster on loopback, in one folder."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from .configuration import Layout, slurm_conf
from .control import Control
from .daemons import Daemons
from .owner import Daemon, Keeper, family, kill, writes_to
from .preparation import Ports, check_programs, new_folder, search_path, write_files
from .waiting import ClusterError, wait_until


class Cluster:
    """A cluster that runs until `down` is called or this process ends.

    Attributes
    ----------
    folder
        Configuration, state and logs; `down` removes it.
    nodes
        Names of the nodes.
    environment
        Variables with which Slurm's commands talk to this cluster.
    control
        Those commands, with time limits.
    """

    def __init__(self, keeper: Keeper, layout: Layout, ports: Ports) -> None:
        self.folder = layout.folder
        self.nodes = tuple(layout.node_ports)
        self.environment = {"SLURM_CONF": str(self.folder / "slurm.conf")}
        self.control = Control(self.environment)
        self._keeper = keeper
        self._layout = layout
        self._ports = ports
        self._daemons = Daemons(keeper, layout, {"PATH": search_path(), **self.environment})
        self._running: dict[str, Daemon] = {}

    @classmethod
    def up(
        cls,
        folder: Path | None = None,
        *,
        accounting: bool = True,
        nodes: int = 4,
        cpus: int = 4,
        options: Mapping[str, str] | None = None,
    ) -> Self:
        """Start a cluster and return when all its nodes are idle.

        Parameters
        ----------
        folder
            A folder that does not exist yet; a temporary one by default.
        accounting
            Whether there is a database, so that ``sacct`` works.
        nodes, cpus
            Number of nodes and of the processors each says it has.
        options
            Lines of slurm.conf that are to differ.
        """
        check_programs(accounting)
        folder = new_folder(folder)
        ports = Ports.reserve(nodes, accounting)
        keeper = Keeper(folder)
        try:
            layout = ports.layout(folder, keeper.hostname, cpus, options or {})
            cluster = cls(keeper, layout, ports)
            cluster._start()
        except BaseException:
            keeper.end()
            raise
        finally:
            ports.release()
        return cluster

    def down(self) -> None:
        """End all processes of the cluster, jobs too, and remove its folder."""
        self._keeper.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.down()

    def end_after(self, seconds: float) -> None:
        """Let the cluster run on for a while without this process."""
        self._keeper.end_after(seconds)

    def processes(self) -> list[psutil.Process]:
        """All living processes: the daemons, the jobs and the keeper of them all."""
        return self._keeper.processes()

    def log(self, daemon: str) -> Path:
        """The log of ``slurmctld``, ``slurmdbd`` or ``slurmd-n1``."""
        return self._layout.log(daemon)

    def stop_controller(self) -> None:
        """End slurmctld properly: it saves its state."""
        self._running.pop("slurmctld").stop()

    def kill_controller(self) -> None:
        """End slurmctld as a crash would.

        What happened in the last seconds is lost: jobs are forgotten and their ids given to
        others, unless `wait_for_saved_jobs` was called before.
        """
        self._running.pop("slurmctld").kill(with_children=True)

    def forget_jobs(self, next_number: int) -> None:
        """Let the controller lose all that it knows of jobs, and begin with a number again."""
        self.kill_controller()
        for saved in (self.folder / "state").glob("job_state*"):
            saved.unlink()
        self._layout = replace(
            self._layout, options={**self._layout.options, "FirstJobId": str(next_number)}
        )
        (self.folder / "slurm.conf").write_text(slurm_conf(self._layout))
        self.start_controller()

    def wait_for_saved_jobs(self) -> None:
        """Return when what the controller knows of jobs now is on disk; it takes some seconds."""
        saved = self.folder / "state" / "job_state"
        before = time.time()
        # It saves only when something has changed.
        job = self.control.submit("true", "--hold")
        wait_until(
            lambda: saved.exists() and saved.stat().st_mtime > before,
            "the controller saves its jobs",
            self.log("slurmctld"),
        )
        self.control.run("scancel", job)

    def start_controller(self) -> None:
        """Start slurmctld again; the nodes know it and come back by themselves."""
        self._running["slurmctld"] = self._daemons.slurmctld()
        self._wait_for_nodes()

    @contextmanager
    def hung_controller(self) -> Iterator[None]:
        """A slurmctld that takes connections and does not answer inside of the block."""
        process = self._running["slurmctld"].process
        process.suspend()
        try:
            yield
        finally:
            process.resume()

    @contextmanager
    def without_controller(self) -> Iterator[None]:
        """No slurmctld inside of the block."""
        self.stop_controller()
        try:
            yield
        finally:
            self.start_controller()

    def stop_accounting(self) -> None:
        """End slurmdbd; the controller keeps what it has to tell."""
        self._running.pop("slurmdbd").stop()

    def start_accounting(self) -> None:
        """Start slurmdbd again."""
        self._running["slurmdbd"] = self._daemons.slurmdbd()

    def kill_slurmd(self, node: str) -> None:
        """End the daemon of a node as a crash would; its jobs' processes go on."""
        self._running.pop(node).kill()

    def kill_node(self, node: str) -> None:
        """End all that runs on a node, as a power failure would.

        The controller takes half a minute to see it, unless `declare_down` tells it.
        """
        self._running.pop(node).kill()
        for process in self.processes():
            if writes_to(process, self.log(f"slurmd-{node}")):
                for each in family(process.pid):
                    kill(each)

    def declare_down(self, node: str) -> None:
        """Let the controller take a node for dead at once; a living one comes back by itself."""
        self.control.run("scontrol", "update", f"node={node}", "state=down", "reason=test")

    def start_slurmd(self, node: str) -> None:
        """Bring a node back and wait until jobs can be given to it."""
        self._running[node] = self._daemons.slurmd(node)
        self._wait_for_nodes(node)

    def drain(self, node: str) -> None:
        """Let the jobs of a node end and give it no others."""
        self.control.run("scontrol", "update", f"node={node}", "state=drain", "reason=test")

    def resume(self, node: str) -> None:
        """End the draining."""
        # Again and again: a controller that was just started may refuse, or change its mind.
        wait_until(lambda: self._is_resumed(node), f"{node} is resumed", self.log("slurmctld"))
        self._wait_for_nodes(node)

    def reach_time_limit(self, job: str) -> None:
        """Let a running job's time be up now; the controller acts on it within half a minute."""
        self.control.run("scontrol", "update", f"jobid={job}", "EndTime=now+1")

    def configure(self, **options: str) -> None:
        """Change lines of slurm.conf and let all daemons read it again."""
        self._layout = replace(self._layout, options={**self._layout.options, **options})
        (self.folder / "slurm.conf").write_text(slurm_conf(self._layout))
        self.control.run("scontrol", "reconfigure")

    def heal(self) -> None:
        """Undo all faults: everything runs, no node is drained, no job is left."""
        if self._layout.database_port is not None and "slurmdbd" not in self._running:
            self.start_accounting()
        if "slurmctld" not in self._running:
            self.start_controller()
        for node in self.nodes:
            if node not in self._running:
                self._running[node] = self._daemons.slurmd(node)
        self.control.cancel_all()
        states = self.control.node_states()
        for node in self.nodes:
            if states.get(node) != "idle":
                self.resume(node)

    def _start(self) -> None:
        write_files(self._layout)
        with ThreadPoolExecutor() as pool:
            database = pool.submit(self._start_database)
            self._running["munged"] = self._daemons.munged()
            database.result()
        if self._ports.database is not None:
            self._running["slurmdbd"] = self._daemons.slurmdbd(self._ports.database)
        self._running["slurmctld"] = self._daemons.slurmctld(self._ports.controller)
        for node, port in self._ports.nodes.items():
            self._running[node] = self._daemons.slurmd(node, port)
        self._wait_for_nodes(*self.nodes)

    def _start_database(self) -> None:
        if self._ports.database is not None:
            self._running["mariadbd"] = self._daemons.database()

    def _is_resumed(self, node: str) -> bool:
        if not self.control.node_states()[node].startswith("drain"):
            return True
        self.control.call("scontrol", "update", f"node={node}", "state=resume")
        return False

    def _wait_for_nodes(self, *nodes: str) -> None:
        """Wait until the nodes take jobs, without any until the controller says something."""

        def ready() -> bool:
            try:
                states = self.control.node_states()
            except ClusterError:  # a controller that is just starting closes connections
                return False
            return all(states.get(node) in ("idle", "mixed", "allocated") for node in nodes)

        wait_until(ready, f"{nodes or 'the controller'} ready", self._running["slurmctld"].log)
