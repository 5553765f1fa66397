"""An evaluation whose kernel is killed; run as a program it is that kernel."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

from function_programs import calls, function

from asyncmd_jupyter.frames.trajectory import Trajectory

HERE = Path(__file__).parent


def tool(folder: Path, launcher: str):
    """A function that waits for a gate."""
    return function(folder, launcher=launcher, call_kwargs={"gate": str(folder / "gate")})


async def evaluate(folder: Path, launcher: str):
    """Values of all trajectories in a folder."""
    paths = sorted((folder / "data").glob("*.trr"))
    trajs = [Trajectory(path, folder / "data" / "one.gro") for path in paths]
    return await asyncio.gather(*map(tool(folder, launcher), trajs))


async def kill_kernel_within(folder: Path, launcher: str, n_calls: int) -> None:
    """Let another kernel evaluate, and kill it when so many programs run."""
    argv = [sys.executable, str(HERE / "killed_evaluation.py"), str(folder), launcher]
    kernel = subprocess.Popen(argv)
    try:
        while len(calls(folder)) < n_calls:
            assert kernel.poll() is None
            await asyncio.sleep(0.02)
    finally:
        kernel.kill()
        kernel.wait()


if __name__ == "__main__":
    asyncio.run(evaluate(Path(sys.argv[1]), sys.argv[2]))
