"""A disk that is full."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from engine_harness import all_frames

from asyncmd_jupyter.errors import EngineCrashedError
from asyncmd_jupyter.testing import ToyEngine


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", folder], check=True)
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


NO_ROOM = r"There is no room on the file system .*disk'"
NO_OUTPUT = r"\(no output\)\nThere is no room on the file system .*disk' "


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small file system")
@pytest.mark.parametrize(("left", "told"), [(0, NO_ROOM), (5 * 4096, NO_OUTPUT)])
async def test_it_is_told_and_nothing_is_lost(manager, small_disk: Path, left: int, told: str):
    engine = ToyEngine(x=0.0, seed=5)
    await engine.prepare(None, small_disk, "sim")
    await engine.run_steps(100)
    filler = small_disk / "filler"
    with pytest.raises(OSError, match="No space"):
        fill(filler)
    os.truncate(filler, filler.stat().st_size - left)
    with pytest.raises((EngineCrashedError, OSError), match=told):
        await engine.run_steps(200)
    filler.unlink()
    again = engine.clone()
    await again.prepare_from_files(small_disk, "sim")
    await again.run_steps(200)
    steps, _ = all_frames(await again.trajectory_parts())
    assert steps == list(range(0, 201, engine.nstout))
