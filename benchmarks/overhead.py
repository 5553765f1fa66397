"""What the package costs: CPU around a short local part, and importing it.

A part is compared with a shell loop over the very same worker command, the import with
an empty Python. Own CPU is that of this process and of the job's bash, not the MD's.
"""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from common import FORCE_FIELD, is_quick, private_folder, report

from asyncmd_jupyter.engines.openmm import OpenMMEngine
from asyncmd_jupyter.examples import alanine_dipeptide
from asyncmd_jupyter.jobs.manager import JobManager

STEPS = 500


def cpu() -> float:
    """CPU seconds of this process and of all children that have ended."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


async def parts(engine: OpenMMEngine, folder: Path, n_parts: int) -> tuple[float, float]:
    """CPU and wall seconds of one part through all layers, on average."""
    await engine.prepare(None, folder, "part")
    await engine.run_steps(STEPS, steps_per_part=True)  # imports, the store
    begin, cpu_begin = time.monotonic(), cpu()
    for _ in range(n_parts):
        await engine.run_steps(STEPS, steps_per_part=True)
    return (cpu() - cpu_begin) / n_parts, (time.monotonic() - begin) / n_parts


def shell_loop(folder: Path, n_parts: int) -> tuple[float, float]:
    """The same for a shell that runs the worker on specifications like those."""
    template = json.loads((folder / "part.part0001.json").read_text())
    for number in range(n_parts):
        spec = template | {
            "trajectory": f"loop{number}.trr",
            "checkpoint": f"loop{number}.cpt",
        }
        (folder / f"loop{number}.json").write_text(json.dumps(spec))
    worker = f"{sys.executable} -P -m {OpenMMEngine.worker}"
    loop = f"for i in $(seq 0 {n_parts - 1}); do {worker} loop$i.json; done"
    begin, cpu_begin = time.monotonic(), cpu()
    subprocess.run(["bash", "-c", loop], cwd=folder, check=True)
    return (cpu() - cpu_begin) / n_parts, (time.monotonic() - begin) / n_parts


async def measure_parts(folder: Path, n_parts: int) -> None:
    """Print the line of local runs."""
    engine = OpenMMEngine.from_pdb(alanine_dipeptide(folder), *FORCE_FIELD, nstout=100)
    cpu_parts, wall_parts = await parts(engine, folder, n_parts)
    cpu_loop, wall_loop = await asyncio.to_thread(shell_loop, folder, n_parts)
    report(
        "overhead_of_a_part",
        parts=n_parts,
        steps=STEPS,
        cpu_seconds=cpu_parts,
        cpu_seconds_shell_loop=cpu_loop,
        cpu_ratio=cpu_parts / cpu_loop,
        own_cpu_seconds=cpu_parts - cpu_loop,
        wall_ratio=wall_parts / wall_loop,
    )


def python(code: str, repeats: int) -> tuple[float, float, float]:
    """Median CPU and wall seconds of a Python that runs `code`, and its memory in MB."""
    measure = "import time; spent = time.process_time(); import psutil; "
    measure += "print(spent, psutil.Process().memory_info().rss / 1e6)"
    found = []
    for _ in range(repeats):
        begin = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-c", f"{code}\n{measure}"], check=True, capture_output=True, text=True
        )
        found.append((*map(float, done.stdout.split()), time.monotonic() - begin))
    cpu_seconds, memory, wall = np.median(found, axis=0)
    return float(cpu_seconds), float(wall), float(memory)


IMPORTS = {
    "package": "import asyncmd_jupyter",
    "asyncmd_jupyter.trajectory": "import asyncmd_jupyter.trajectory",
    "Trajectory": "from asyncmd_jupyter import Trajectory",
    "all of trajectory": "from asyncmd_jupyter.trajectory import *",
    "numpy alone": "import numpy",
    "engine, run and Trajectory": "from asyncmd_jupyter import Trajectory\n"
    "from asyncmd_jupyter.openmm import OpenMMEngine\n"
    "from asyncmd_jupyter.sampling.run import start_run",
    "worker": "import asyncmd_jupyter.engines.openmm.worker",
    "openmm alone": "import openmm, openmm.unit",
}


def measure_imports(repeats: int) -> None:
    """Print a line for each import."""
    nothing = python("pass", repeats)
    for name, code in IMPORTS.items():
        cpu_seconds, wall, memory = python(code, repeats)
        report(
            "overhead_of_import",
            what=name,
            cpu_seconds=cpu_seconds,
            mb=memory,
            cpu_seconds_over_python=cpu_seconds - nothing[0],
            cpu_ratio_to_python=cpu_seconds / nothing[0],
            wall_ratio_to_python=wall / nothing[1],
            mb_over_python=memory - nothing[2],
            memory_ratio_to_python=memory / nothing[2],
        )


async def main(quick: bool) -> None:
    """Measure parts and imports."""
    with private_folder() as folder:
        await measure_parts(folder, 2 if quick else 20)
        await JobManager.current().shutdown()
    await asyncio.to_thread(measure_imports, 1 if quick else 9)


if __name__ == "__main__":
    asyncio.run(main(is_quick(__doc__)))
