"""What watching costs the kernel: its memory and CPU while four walkers run.

A real ipykernel executes what the quickstart does for its run `crossing`, with all views
displayed and a condition that never holds. The goal: less than 250 MB over the level
after the imports.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty
from typing import Any

import psutil
from common import is_quick, private_folder, report
from jupyter_client.manager import start_new_kernel

IMPORTS = """
%load_ext asyncmd_jupyter
import MDAnalysis as mda, numpy as np, matplotlib.pyplot as plt
from MDAnalysis.lib.distances import calc_dihedrals
from asyncmd_jupyter import Trajectory
from asyncmd_jupyter.examples import alanine_dipeptide
from asyncmd_jupyter.jupyter.widgets.nglview_shim import load_nglview
from asyncmd_jupyter.openmm import OpenMMEngine
from asyncmd_jupyter.trajectory import Within
load_nglview()
"""
SYSTEM = """
pdb_file = alanine_dipeptide()
force_field = ("amber99sbildn.xml", "amber99_obc.xml")
engine = OpenMMEngine.from_pdb(pdb_file, *force_field, temperature=300, friction=1, nstout=100)
start = Trajectory(pdb_file, structure_file=pdb_file)

def torsion(traj, atoms):
    universe = mda.Universe(traj.structure_file, *traj.trajectory_files)
    positions = universe.trajectory.timeseries(order="fac")
    return np.degrees(calc_dihedrals(*(positions[:, atom] for atom in atoms)))

def phi(traj):
    return torsion(traj, (4, 6, 8, 14))

def psi(traj):
    return torsion(traj, (6, 8, 14, 16))

nowhere = Within(phi, 500, 501) & Within(psi, 500, 501)
"""
PROPAGATE = "%asyncmd propagate engine --from start --until nowhere --name crossing --n 4 -o run"
CANCEL = "await run.cancel()"
FRAMES = "print(sum(walker.n_frames for walker in run.snapshot().walkers))"
MB = 1e6


class Kernel:
    """A kernel of its own and its process."""

    def __init__(self, folder: Path) -> None:
        self._manager, self._client = start_new_kernel(cwd=str(folder))
        provisioner: Any = self._manager.provisioner
        self.process = psutil.Process(provisioner.pid)

    def run(self, code: str) -> str:
        """Execute a cell; what it printed."""
        printed: list[str] = []

        def keep(message: dict[str, Any]) -> None:
            if message["msg_type"] == "stream":
                printed.append(message["content"]["text"])

        reply = self._client.execute_interactive(code, output_hook=keep, timeout=120)
        content = reply["content"]
        if content["status"] != "ok":
            raise RuntimeError("\n".join(content["traceback"]))
        return "".join(printed)

    def messages(self, seconds: float) -> Iterator[dict[str, Any]]:
        """What it publishes within some time."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            with suppress(Empty):
                yield self._client.get_iopub_msg(timeout=left)

    def rss(self) -> float:
        """Resident memory in MB."""
        return float(self.process.memory_info().rss / MB)

    def cpu(self) -> float:
        """CPU seconds of the kernel itself, without its jobs."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def close(self) -> None:
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=False)


@dataclass
class Watched:
    """What was seen in some time: memory in MB in its course, and what views sent."""

    levels: list[float] = field(default_factory=list)
    messages: int = 0
    sent_mb: float = 0.0


def watch(kernel: Kernel, seconds: float) -> Watched:
    """Look at the memory and take what a page would get."""
    end = time.monotonic() + seconds
    watched = Watched()
    while time.monotonic() < end:
        watched.levels.append(kernel.rss())
        for message in kernel.messages(0.1):
            watched.messages += message["msg_type"] == "comm_msg"
            buffers = sum(len(buffer) for buffer in message["buffers"])
            watched.sent_mb += (buffers + len(repr(message["content"]))) / MB
    return watched


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait until something holds, at most two minutes."""
    end = time.monotonic() + 120
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError("The walkers did not begin.")
        time.sleep(0.2)


def measure(kernel: Kernel, seconds: float) -> None:
    """Print the line."""
    kernel.run(IMPORTS)
    after_imports = kernel.rss()
    kernel.run(SYSTEM)
    kernel.run(PROPAGATE)
    wait_until(lambda: int(kernel.run(FRAMES)) > 0)
    cpu, begin, frames = kernel.cpu(), time.monotonic(), int(kernel.run(FRAMES))
    seen = watch(kernel, seconds)
    spent, watched = kernel.cpu() - cpu, time.monotonic() - begin
    frames = int(kernel.run(FRAMES)) - frames
    kernel.run(CANCEL)
    report(
        "kernel_memory",
        after_imports_mb=after_imports,
        over_imports_mb=max(seen.levels) - after_imports,
        over_imports_mb_after_quarters=[
            seen.levels[len(seen.levels) * i // 4 - 1] - after_imports for i in (1, 2, 3, 4)
        ],
        goal_mb=250,
        walkers=4,
        seconds=watched,
        frames=frames,
        messages_per_second=seen.messages / watched,
        sent_mb_per_second=seen.sent_mb / watched,
        cpu_seconds_per_walker_second=spent / (4 * watched),
    )


def main(quick: bool) -> None:
    """Watch for a minute."""
    with private_folder() as folder:
        os.environ["ASYNCMD_MAX_CORES"] = "4"  # all of them run, however small the machine
        os.environ["ASYNCMD_END_JOBS_ON_SHUTDOWN"] = "1"
        kernel = Kernel(folder)
        try:
            measure(kernel, 2 if quick else 60)
        finally:
            kernel.close()


if __name__ == "__main__":
    main(is_quick(__doc__))
