"""Short segments in batches: right, repeatable, resumable."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path as FilePath

import numpy as np
import pytest
from engine_systems import double_well_engine, exploding_engine

from asyncmd_jupyter.engines.stepping.segments import entries
from asyncmd_jupyter.errors import EngineCrashedError, OtherKernelError
from asyncmd_jupyter.jobs.process import find_members
from asyncmd_jupyter.methods import CV, Path, Sampler, Snapshot
from asyncmd_jupyter.sampling.states import Within

TOP, LEFT = Snapshot([[0.0, 0, 0]]), Snapshot([[-0.25, 0, 0]])
NSTOUT = 10


def x_of_first(positions):
    return positions[:, 0, 0]


X = CV(x_of_first, name="x")
A, B = Within(X, high=-0.2, name="A"), Within(X, low=0.2, name="B")


def engine(**changes):
    return double_well_engine(platform="Reference", nstout=NSTOUT, **changes)


def same(one: Path, other: Path) -> bool:
    return np.array_equal(one.positions, other.positions) and np.array_equal(
        one.velocities, other.velocities
    )


async def test_segments_in_the_order_of_their_starts(manager, tmp_path):
    starts = [Snapshot([[-0.25 + 0.01 * n, 0, 0]]) for n in range(7)]
    async with Sampler(engine(), folder=tmp_path / "s", seed=1) as sampler:
        paths = await sampler.run(starts, n_steps=50)
    assert [len(path) for path in paths] == [6] * 7
    for start, path in zip(starts, paths, strict=True):
        assert np.array_equal(path[0].positions, start.positions)
        assert path.parent.velocities is not None
        assert np.array_equal(path[0].velocities, path.parent.velocities)
        assert path.dt == pytest.approx(0.1)
        assert (path.ended, path.error) == (None, "")
    ends = {path[-1].positions.tobytes() for path in paths}
    assert len(ends) == 7, "each has its own noise"


async def test_ends_at_the_first_frame_at_which_a_condition_holds(manager, tmp_path):
    async with Sampler(engine(), folder=tmp_path / "s", seed=2) as sampler:
        paths = await sampler.run([TOP] * 12, until=[A, B], max_steps=20_000)
        [at_once] = await sampler.run([LEFT], until=[A, B], max_steps=20_000)
        [too_short] = await sampler.run([TOP], until=[A, B], max_steps=NSTOUT)
    for path in paths:
        held = np.abs(X(path)) >= np.float32(0.2)
        assert held.tolist() == [False] * (len(path) - 1) + [True]
        assert path.ended == ("B" if X(path[-1]) > 0 else "A")
    assert {path.ended for path in paths} == {"A", "B"}
    assert (len(at_once), at_once.ended) == (1, "A")
    assert (len(too_short), too_short.ended) == (2, None)


async def test_a_seed_repeats_it_and_what_is_there_is_not_computed_again(manager, tmp_path):
    async def computed(folder: str, seed: int | None) -> list[Path]:
        async with Sampler(engine(), folder=tmp_path / folder, seed=seed) as sampler:
            return await sampler.run([LEFT, LEFT, TOP], n_steps=50)

    first = await computed("one", 5)
    files = set((tmp_path / "one").glob("*.segments"))
    again = await computed("one", 5)
    assert set((tmp_path / "one").glob("*.segments")) == files
    elsewhere = await computed("two", 5)
    for one, same_file, other in zip(first, again, elsewhere, strict=True):
        assert same(one, same_file)
        assert same(one, other)
    assert not same(first[0], first[1]), "equal starts, but not the same noise"
    for seed in (6, None):
        others = await computed("one", seed)
        assert not same(others[0], first[0])
        first = others


async def test_new_velocities(manager, tmp_path):
    moving = Snapshot([[0.0, 0, 0]], [[1.0, 2.0, 3.0]])
    async with Sampler(engine(), folder=tmp_path / "s", seed=3) as sampler:
        [kept] = await sampler.run([moving], n_steps=NSTOUT)
        drawn = await sampler.run([moving] * 2, n_steps=NSTOUT, velocities="new")
        [from_path] = await sampler.run([kept], n_steps=NSTOUT)
    assert kept[0].velocities.tolist() == [[1, 2, 3]]
    assert len({path[0].velocities.tobytes() for path in (kept, *drawn)}) == 3
    assert np.array_equal(from_path[0].velocities, kept[-1].velocities)


async def test_only_the_ends_are_kept(manager, tmp_path):
    async with Sampler(engine(), folder=tmp_path / "a", seed=4, keep="ends") as sampler:
        [path] = await sampler.run([LEFT], n_steps=50)
    async with Sampler(engine(), folder=tmp_path / "b", seed=4) as sampler:
        [whole] = await sampler.run([LEFT], n_steps=50)
    assert len(path) == 2
    assert path.duration == pytest.approx(whole.duration) == pytest.approx(0.5)


async def test_what_it_leaves(manager, tmp_path):
    async with Sampler(engine(), folder=tmp_path / "s", seed=1, workers=1) as sampler:
        await sampler.run([LEFT] * 20, n_steps=NSTOUT)
    names = sorted(path.name for path in (tmp_path / "s").iterdir() if path.is_file())
    assert [name.rpartition(".")[2] for name in names] == ["segments", "xml", "xml"]


async def test_one_that_blows_up_is_an_outcome(manager, tmp_path):
    """The others go on, and it tells what happened."""
    odd = exploding_engine()
    place = Snapshot(np.zeros((odd.n_atoms, 3)) + np.arange(odd.n_atoms)[:, None])
    far = Snapshot(place.positions * 1000)
    async with Sampler(odd, folder=tmp_path / "s", seed=1) as sampler:
        paths = await sampler.run([place, far], n_steps=odd.nstout * 5)
    assert any(path.error for path in paths)
    for path in paths:
        if path.error:
            assert "finite" in path.error or "NaN" in path.error
            assert np.array_equal(path[0].positions, path.parent.positions)


async def test_a_condition_with_a_mistake_is_told(manager, tmp_path):
    def wrong(positions):
        return positions[:, 17, 0]

    async with Sampler(engine(), folder=tmp_path / "s", seed=1) as sampler:
        with pytest.raises(EngineCrashedError, match=r"in wrong[\s\S]*index 17 is out of bounds"):
            await sampler.run([LEFT], until=[Within(CV(wrong), low=0)], max_steps=NSTOUT)


@pytest.mark.parametrize(
    ("options", "kind", "told"),
    [
        ({"n_steps": 15}, ValueError, "n_steps=15 .* multiple of nstout=10"),
        ({"n_steps": 0}, ValueError, "n_steps=0"),
        ({}, ValueError, "Give n_steps"),
        ({"n_steps": 10, "max_steps": 10}, ValueError, "Give n_steps"),
        ({"n_steps": 10, "velocities": "some"}, ValueError, "velocities='some'"),
        ({"max_steps": 10, "until": [lambda t: [True]]}, TypeError, "trajectory files"),
    ],
)
async def test_what_is_refused(manager, tmp_path, options, kind, told):
    async with Sampler(engine(), folder=tmp_path / "s", seed=1) as sampler:
        with pytest.raises(kind, match=told):
            await sampler.run([LEFT], **options)
        with pytest.raises(ValueError, match="Start 1 has 2 atoms, the engine 1"):
            await sampler.run([LEFT, Snapshot(np.zeros((2, 3)))], n_steps=10)
    assert not list((tmp_path / "s").glob("batch.*"))


@pytest.mark.parametrize(
    ("options", "told"),
    [({"workers": 0}, "workers"), ({"seed": -1}, "seed"), ({"keep": "some"}, "keep='some'")],
)
def test_a_sampler_that_can_not_be_made(tmp_path, options, told):
    with pytest.raises(ValueError, match=told):
        Sampler(engine(), folder=tmp_path / "s", **options)
    with pytest.raises(TypeError, match="no batches"):
        Sampler("engine", folder=tmp_path / "s")
    assert not (tmp_path / "s").exists()


async def test_one_sampler_in_a_folder(manager, tmp_path):
    sampler = Sampler(engine(), folder=tmp_path / "s", seed=1)
    with pytest.raises(RuntimeError, match="async with"):
        await sampler.run([LEFT], n_steps=10)
    async with sampler:
        with pytest.raises(OtherKernelError, match="Another sampler"):
            async with Sampler(engine(), folder=tmp_path / "s", seed=1):
                pass
    async with sampler:
        assert len(await sampler.run([LEFT], n_steps=10)) == 1


async def test_a_worker_that_is_killed(manager, tmp_path):
    """What it has written counts, the rest is computed with the same noise."""
    async with Sampler(engine(), folder=tmp_path / "calm", seed=9, workers=1) as sampler:
        expected = await sampler.run([TOP] * 30, n_steps=5000)
    n_killed = 0
    async with Sampler(engine(), folder=tmp_path / "killed", seed=9, workers=1) as sampler:
        paths: dict[int, Path] = {}
        async for number, path in sampler.stream([TOP] * 30, n_steps=5000):
            assert number not in paths
            paths[number] = path
            if len(paths) in (3, 12):
                for job in [
                    job for job in await manager.unfinished({}) if job.state.value == "running"
                ]:
                    for member in find_members({job.id: None})[job.id]:
                        os.kill(member.pid, signal.SIGKILL)
                        n_killed += 1
    assert n_killed
    assert all(same(paths[n], each) for n, each in enumerate(expected))


async def test_cancelling_ends_its_jobs(manager, tmp_path):
    async with Sampler(engine(), folder=tmp_path / "s", seed=1, workers=2) as sampler:
        running = asyncio.create_task(sampler.run([TOP] * 40, n_steps=100_000))
        while not list((tmp_path / "s").glob("*.segments")):
            await asyncio.sleep(0.01)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        for job in await manager.unfinished({}):
            await job.wait()
        assert {each.state.value for each in await manager.history()} == {"cancelled"}


KERNEL = """
import asyncio, sys
sys.path[:0] = {paths!r}
from test_samplers import A, B, TOP, engine
from asyncmd_jupyter.methods import Sampler

async def main():
    async with Sampler(engine(), folder={folder!r}, seed=9, workers=2) as sampler:
        async for number, path in sampler.stream([TOP] * 60, n_steps=5000):
            print(number, flush=True)

asyncio.run(main())
"""


def begun(folder: FilePath, state: FilePath) -> subprocess.Popen[bytes]:
    here = FilePath(__file__).parent
    paths = [str(here), str(here.parent / "engines"), str(here.parent)]
    program = KERNEL.format(paths=paths, folder=str(folder))
    env = {**os.environ, "ASYNCMD_STATE_DIR": str(state)}
    return subprocess.Popen(
        [sys.executable, "-c", program], env=env, stdout=subprocess.PIPE, cwd=folder.parent
    )


def test_a_kernel_that_is_killed(tmp_path):
    """No segment is computed twice or lost, and they are what they would have been."""
    folder = tmp_path / "s"
    for n_seen in (1, 20):
        kernel = begun(folder, tmp_path / "state")
        for _ in range(n_seen):
            assert kernel.stdout.readline()
        kernel.kill()
        kernel.wait()
        kernel.stdout.close()
    with begun(folder, tmp_path / "state") as kernel:
        numbers = sorted(int(line) for line in kernel.stdout)
    assert kernel.returncode == 0
    assert numbers == list(range(60))
    found = [entry for file in folder.glob("*.segments") for entry in entries(file)]
    assert len({entry.key for entry in found}) == len(found) == 60
    with begun(tmp_path / "calm", tmp_path / "state") as kernel:
        kernel.stdout.read()
    expected = {
        entry.key: entry.read().positions.tobytes()
        for file in (tmp_path / "calm").glob("*.segments")
        for entry in entries(file)
    }
    assert {entry.key: entry.read().positions.tobytes() for entry in found} == expected
