"""Kernels that begin the same propagation at the same moment."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import Counter
from pathlib import Path

import killed_propagation

from asyncmd_jupyter.jobs.manager import JobManager
from asyncmd_jupyter.testing import ToyEngine

N_KERNELS = 4


async def start(folder: Path) -> asyncio.subprocess.Process:
    argv = [killed_propagation.__file__, "in parts", "1.0", "continue"]
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *argv,
        cwd=folder,
        env={**os.environ, "ASYNCMD_MAX_CORES": "2"},
        stderr=asyncio.subprocess.PIPE,
    )


async def test_one_goes_on_and_the_others_are_told(runtime, tmp_path):
    kernels = await asyncio.gather(*(start(tmp_path) for _ in range(N_KERNELS)))
    said = [(await kernel.communicate())[1].decode() for kernel in kernels]
    codes = [kernel.returncode for kernel in kernels]
    assert 0 in codes, said
    told = ("of another kernel", "computes", "holds", "being written")
    told += ("Another kernel prepares", "prepared again")
    for code, words in zip(codes, said, strict=True):
        assert code == 0 or any(each in words for each in told), words
    records = await JobManager.current().history()
    numbers = Counter(record.tags["part"] for record in records)
    assert set(numbers.values()) == {1}, "no part was computed twice"
    parts = ToyEngine.parts_in_folder(tmp_path, "sim")
    told = [part.provenance for part in parts]
    assert [(one.problem, one.is_complete) for one in told] == [("", True)] * len(parts)
    jobs = {record.tags["part"]: record.id for record in records}
    assert [one.job["id"] for one in told] == [jobs[str(n + 1)] for n in range(len(parts))]
    steps = [step for part in parts for step in part.frame_table().steps.tolist()]
    assert sorted(set(steps)) == list(range(0, killed_propagation.N_STEPS + 1, 10))
