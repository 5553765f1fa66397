"""Whatever is killed or cancelled whenever: what is gone on with is the same, bit for bit."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from killed_propagation import N_STEPS, join, make
from toy_parts import grid, steps_of

from asyncmd_jupyter.errors import EngineCrashedError
from asyncmd_jupyter.frames.growing import GrowingFile
from asyncmd_jupyter.frames.xdr import index_frames
from asyncmd_jupyter.testing import ToyEngine

A_MOMENT = 0.05 / 3600
KINDS = ("in parts", "conditional")


def has(name: str) -> Callable[[Path], bool]:
    return lambda folder: (folder / name).exists()


def has_frames(number: int, part: int) -> Callable[[Path], bool]:
    """Whether a part has so many frames, or has ended with fewer on a busy machine."""

    def look(folder: Path) -> bool:
        growing = GrowingFile(folder / f"sim.part{part:04d}.trr")
        growing.poll()
        return len(growing) >= number or (folder / f"sim.part{part + 1:04d}.json").exists()

    return look


PHASES = {
    "some inputs": has("sim.engine.json"),
    "all inputs": has("sim.start.npz"),
    "specification": has("sim.part0001.json"),
    "no frame": has("sim.part0001.trr"),
    "checkpoint": has("sim.cpt"),
    "frames": has_frames(5, 1),
    "second specification": has("sim.part0002.json"),
    "second part": has_frames(2, 2),
}


@pytest.fixture
async def expected(manager, tmp_path: Path) -> bytes:
    """What comes out when nothing happens."""
    folder = tmp_path / "undisturbed"
    folder.mkdir()
    joined = await join(make("in parts", launcher="memory"), folder, "sim")
    assert steps_of(joined) == grid(N_STEPS)
    return joined.paths[0].read_bytes()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "disturbed"
    path.mkdir()
    return path


async def until(phase: Callable[[Path], bool], folder: Path, alive: Callable[[], bool]) -> None:
    """Wait for a phase, or for the end of everything."""
    while alive() and not phase(folder):
        await asyncio.sleep(0.001)


async def goes_on_well(kind: str, folder: Path, expected: bytes, launcher: str = "local") -> None:
    propagator = make(kind, launcher=launcher)
    joined = await join(propagator, folder, "sim", continuation=True, overwrite=True)
    assert steps_of(joined) == grid(N_STEPS)
    assert joined.paths[0].read_bytes() == expected


def workers(folder: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter(["cmdline"]):
        line = process.info["cmdline"] or []
        if "-m" in line and any(str(folder) in word for word in line):
            found.append(process)
    return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("phase", PHASES)
async def test_kernel_is_killed(expected: bytes, folder: Path, kind: str, phase: str):
    script = Path(__file__).with_name("killed_propagation.py")
    kernel = subprocess.Popen([sys.executable, script, kind, str(A_MOMENT)], cwd=folder)
    try:
        await until(PHASES[phase], folder, lambda: kernel.poll() is None)
    finally:
        kernel.kill()
        kernel.wait()
    await goes_on_well(kind, folder, expected)
    assert workers(folder) == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("phase", [name for name in PHASES if "inputs" not in name])
async def test_worker_is_killed(expected: bytes, folder: Path, kind: str, phase: str):
    task = asyncio.create_task(join(make(kind, hours=A_MOMENT), folder, "sim"))
    await until(PHASES[phase], folder, lambda: not task.done())
    while not task.done() and not workers(folder):
        await asyncio.sleep(0.001)
    for process in workers(folder):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    with contextlib.suppress(EngineCrashedError):
        await task
    await goes_on_well(kind, folder, expected)


@pytest.mark.parametrize("torn_bytes", [0, 7])
@pytest.mark.parametrize("kind", KINDS)
async def test_worker_was_killed_before_its_first_checkpoint(
    expected: bytes, folder: Path, kind: str, torn_bytes: int
):
    engine = ToyEngine(x=0.0, seed=5, launcher="memory")
    await engine.prepare(None, folder, "sim")
    await engine.run_steps(2 * engine.nstout)
    for path in folder.glob("sim.cpt*"):
        path.unlink()
    first = index_frames(folder / "sim.part0001.trr").offsets[1]
    os.truncate(folder / "sim.part0001.trr", first + torn_bytes)
    await goes_on_well(kind, folder, expected, "memory")


@pytest.mark.parametrize("launcher", ["local", "memory"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("phase", PHASES)
async def test_task_is_cancelled(
    expected: bytes, manager, folder: Path, kind: str, phase: str, launcher: str
):
    propagator = make(kind, hours=A_MOMENT, launcher=launcher)
    task = asyncio.create_task(join(propagator, folder, "sim"))
    await until(PHASES[phase], folder, lambda: not task.done())
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    await goes_on_well(kind, folder, expected, launcher)
    assert all(record.state.is_final for record in manager.records())


@pytest.mark.parametrize("kind", KINDS)
async def test_task_is_cancelled_again_and_again(expected: bytes, manager, folder: Path, kind: str):
    """At each of many turns of the event loop, which no file tells of."""
    for turns in [*range(0, 30, 2), *range(30, 300, 30)]:
        propagator = make(kind, hours=A_MOMENT, launcher="memory")
        task = asyncio.create_task(
            join(propagator, folder, "sim", continuation=True, overwrite=True)
        )
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    await goes_on_well(kind, folder, expected, "memory")


@pytest.mark.parametrize("kind", KINDS)
async def test_two_kernels_one_after_the_other(expected: bytes, folder: Path, kind: str):
    """The second one is killed while it follows what the first one has started."""
    script = Path(__file__).with_name("killed_propagation.py")
    for phase in ("frames", "second part"):
        kernel = subprocess.Popen(
            [sys.executable, script, kind, str(A_MOMENT), "continue"],
            cwd=folder,
            env=dict(os.environ),
        )
        await until(PHASES[phase], folder, lambda: kernel.poll() is None)  # noqa: B023
        kernel.kill()
        kernel.wait()
    await goes_on_well(kind, folder, expected)
