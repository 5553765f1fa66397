"""Short scripts as authors of packages on top of this one write them."""

from __future__ import annotations

import asyncio
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from own_engine import DriftEngine
from toy_parts import grid, steps_of
from toy_states import in_a, in_b, position

from asyncmd_jupyter.errors import EngineCrashedError, EngineError
from asyncmd_jupyter.jobs.model import JobState
from asyncmd_jupyter.testing import ToyEngine
from asyncmd_jupyter.trajectory import Trajectory, construct_tp_from_plus_and_minus_traj_segments
from asyncmd_jupyter.trajectory.convert import (
    InvertedVelocitiesFrameExtractor,
    NoModificationFrameExtractor,
    RandomVelocitiesFrameExtractor,
)
from asyncmd_jupyter.trajectory.functionwrapper import PyTrajectoryFunctionWrapper
from asyncmd_jupyter.trajectory.propagate import (
    ConditionalTrajectoryPropagator,
    InPartsTrajectoryPropagator,
    MaxStepsReachedError,
    TrajectoryPropagatorUntilAnyState,
)

HERE = Path(__file__).parent


def toy(x: float = 0.0, **changes) -> dict:
    kwargs = {"x": x, "launcher": "memory", **changes}
    return {"engine_cls": ToyEngine, "engine_kwargs": kwargs, "walltime_per_part": 1.0}


class TestPathSampling:
    async def make_path(self, folder: Path) -> Trajectory:
        """Shoot from the barrier until both ends lie in different states."""
        states = [PyTrajectoryFunctionWrapper(in_a), PyTrajectoryFunctionWrapper(in_b)]
        start = await ToyEngine(0.0, launcher="memory").generate_velocities(
            None, folder / "top.trr", workdir=folder
        )
        for attempt in range(100):
            tried = folder / f"try{attempt}"
            tried.mkdir()
            path = await self.shoot(start, 0, states, tried)
            if path is not None:
                return path
        raise AssertionError("no path in 100 attempts")

    async def shoot(self, start, index: int, states, folder: Path) -> Trajectory | None:
        """A two-way shooting move; None if it is rejected."""
        forward = RandomVelocitiesFrameExtractor(T=300, masses=[40.0]).extract(
            folder / "forward.trr", start, index
        )
        backward = await InvertedVelocitiesFrameExtractor().extract_async(
            folder / "backward.trr", forward, 0
        )
        propagators = [
            ConditionalTrajectoryPropagator(states, max_steps=10**5, **toy()) for _ in range(2)
        ]
        (minus, minus_state), (plus, plus_state) = await asyncio.gather(
            propagators[0].propagate(backward, folder, "minus"),
            propagators[1].propagate(forward, folder, "plus"),
        )
        if minus_state == plus_state:
            for propagator, name in zip(propagators, ("minus", "plus"), strict=True):
                await propagator.remove_parts(folder, name)
            assert not list(folder.glob("*.part*"))
            return None
        if minus_state == 1:
            minus, plus, minus_state, plus_state = plus, minus, plus_state, minus_state
        return await construct_tp_from_plus_and_minus_traj_segments(
            minus_trajs=minus,
            minus_state=minus_state,
            plus_trajs=plus,
            plus_state=plus_state,
            state_funcs=states,
            tra_out=folder / "path.trr",
        )

    async def test_two_way_shooting(self, manager, tmp_path: Path):
        path = await self.make_path(tmp_path)
        assert in_a(path).tolist() == [True] + [False] * (len(path) - 1)
        assert in_b(path).tolist() == [False] * (len(path) - 1) + [True]
        middle = int(np.abs(position(path)).argmin())
        for attempt in range(3):
            folder = tmp_path / f"again{attempt}"
            folder.mkdir()
            states = [PyTrajectoryFunctionWrapper(in_a), PyTrajectoryFunctionWrapper(in_b)]
            new = await self.shoot(path, middle, states, folder)
            assert new is None or (in_a(new)[0] and in_b(new)[-1])

    async def test_shooting_from_within_a_state(self, manager, tmp_path: Path):
        start = await ToyEngine(0.25, launcher="memory").generate_velocities(
            None, tmp_path / "in_b.trr", workdir=tmp_path
        )
        propagator = TrajectoryPropagatorUntilAnyState([in_a, in_b], **toy())
        assert await propagator.propagate(start, tmp_path, "minus") == ([start], 1)

    async def test_path_that_never_ends(self, manager, tmp_path: Path):
        propagator = ConditionalTrajectoryPropagator([in_b], max_steps=50, **toy(-0.25))
        with pytest.raises(MaxStepsReachedError):
            await propagator.propagate(None, tmp_path, "minus")
        await propagator.remove_parts(tmp_path, "minus")


async def test_weighted_ensemble(manager, tmp_path: Path):
    """Short pieces; of the last frames some are copied and others forgotten."""
    propagator = InPartsTrajectoryPropagator(n_steps=30, **toy(-0.25))
    extractor = NoModificationFrameExtractor()
    starts: list[Trajectory | None] = [None] * 4
    weights = np.full(4, 0.25)
    for iteration in range(3):
        folder = tmp_path / f"iteration{iteration}"
        folder.mkdir()
        pieces = await asyncio.gather(
            *(
                propagator.propagate_and_concatenate(
                    start, folder, f"walker{i}", tra_out=folder / f"walker{i}.trr"
                )
                for i, start in enumerate(starts)
            )
        )
        assert [steps_of(piece) for piece in pieces] == [grid(30)] * 4
        await asyncio.gather(*(propagator.remove_parts(folder, f"walker{i}") for i in range(4)))
        ends = [
            await extractor.extract_async(folder / f"end{i}.trr", piece, -1)
            for i, piece in enumerate(pieces)
        ]
        order = np.argsort([position(end)[0] for end in ends])
        merged, split = order[0], order[-1]
        weights[order[1]] += weights[merged]
        weights[merged] = weights[split] = weights[split] / 2
        starts = [*(end for i, end in enumerate(ends) if i != merged), ends[split]]
        weights = np.array([*(w for i, w in enumerate(weights) if i != merged), weights[split]])
        assert weights.sum() == pytest.approx(1)
        assert {path.name for path in folder.glob("*.part*")} == set()


async def test_swarm_of_a_string(manager, tmp_path: Path):
    """Mean drift from each image; the images at the ends are not moved at all."""
    images = [-0.25, -0.1, 0.1, 0.25]
    lengths = [0, 20, 20, 0]
    drifts = []
    for number, (x, n_steps) in enumerate(zip(images, lengths, strict=True)):
        propagator = InPartsTrajectoryPropagator(n_steps, **toy(x))
        swarm = await asyncio.gather(
            *(
                propagator.propagate_and_concatenate(
                    None, tmp_path, f"image{number}_{i}", tra_out=tmp_path / f"{number}_{i}.trr"
                )
                for i in range(4)
            )
        )
        moved = [position(one)[-1] - x for one in swarm if one is not None]
        assert len(moved) == (4 if n_steps else 0)
        drifts.append(float(np.mean(moved)) if moved else 0.0)
    assert drifts[0] == drifts[-1] == 0
    assert all(np.isfinite(drifts))


class TestSiblings:
    async def propagate_all(self, propagators, folder: Path) -> None:
        """All or nothing: the first that fails ends the others."""
        tasks = [
            asyncio.create_task(propagator.propagate(None, folder, f"sim{number}"))
            for number, propagator in enumerate(propagators)
        ]
        try:
            await asyncio.gather(*tasks)
        except Exception:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            raise

    @pytest.mark.parametrize("launcher", ["memory", "local"])
    async def test_first_failure_cancels_the_others(self, manager, tmp_path: Path, launcher: str):
        far = [InPartsTrajectoryPropagator(10**9, **toy(launcher=launcher)) for _ in range(3)]
        bad = InPartsTrajectoryPropagator(10**9, **toy(0.1, timestep=5.0, launcher=launcher))
        far[1] = ConditionalTrajectoryPropagator([lambda t: position(t) > 5], **toy(seed=1))
        with pytest.raises(EngineCrashedError, match="finite"):
            await self.propagate_all([far[0], far[1], bad, far[2]], tmp_path)
        for record in manager.records():
            await manager.wait(record)
        assert await manager.unfinished({}) == []
        for number, propagator in ((0, far[0]), (3, far[2])):
            propagator.n_steps = 10 * (1 + await self.last_frame(tmp_path, f"sim{number}"))
            joined = await propagator.propagate_and_concatenate(
                None,
                tmp_path,
                f"sim{number}",
                tra_out=tmp_path / f"joined{number}.trr",
                continuation=True,
            )
            assert steps_of(joined) == grid(propagator.n_steps)

    async def test_siblings_that_wait_for_cores(self, manager, runtime, tmp_path: Path):
        runtime.change_settings(max_cores=1)

        class Failing(InPartsTrajectoryPropagator):
            async def propagate(self, *args, **kwargs):
                while {record.state for record in manager.records()} != {
                    JobState.RUNNING,
                    JobState.WAITING,
                }:
                    await asyncio.sleep(0.01)
                raise ValueError("no good start")

        far = [InPartsTrajectoryPropagator(10**9, **toy(seed=i)) for i in range(3)]
        with pytest.raises(ValueError, match="no good start"):
            await self.propagate_all([*far, Failing(10, **toy())], tmp_path)
        for record in manager.records():
            assert (await manager.wait(record)).state is JobState.CANCELLED
        for number, propagator in enumerate(far):
            propagator.n_steps = 10 * (1 + await self.last_frame(tmp_path, f"sim{number}"))
            parts = await propagator.propagate(None, tmp_path, f"sim{number}", continuation=True)
            joined = await propagator.cut_and_concatenate(parts, tmp_path / f"{number}.trr")
            assert steps_of(joined) == grid(propagator.n_steps)

    async def last_frame(self, folder: Path, name: str) -> int:
        files = ToyEngine.files_of_parts(folder, name, "trr")
        sizes = sum(path.stat().st_size for path in files)
        return sizes // 100  # more than there are

    async def test_task_group(self, manager, tmp_path: Path):
        async def all_at_once():
            async with asyncio.TaskGroup() as group:
                for number, model in enumerate(({}, {"timestep": 5.0}, {})):
                    propagator = InPartsTrajectoryPropagator(10**9, **toy(0.1, **model))
                    group.create_task(propagator.propagate(None, tmp_path, f"sim{number}"))

        with pytest.raises(ExceptionGroup) as errors:
            await all_at_once()
        assert errors.group_contains(EngineCrashedError, match="finite")
        for record in manager.records():
            assert (await manager.wait(record)).state.is_final


class TestSubclasses:
    async def test_propagator_with_a_book(self, manager, tmp_path: Path):
        class Counting(ConditionalTrajectoryPropagator):
            def __init__(self, *args, **kwargs):
                super().__init__(*args, **kwargs)
                self.n_parts = 0

            async def propagate(self, starting_configuration, workdir, deffnm, **kwargs):
                trajs, index = await super().propagate(
                    starting_configuration, workdir, deffnm, **kwargs
                )
                self.n_parts += len(trajs)
                return trajs, index

        propagator = Counting([in_a, in_b], **(toy() | {"walltime_per_part": 1e-9}))
        joined, _ = await propagator.propagate_and_concatenate(
            None, tmp_path, "sim", tra_out=tmp_path / "joined.trr"
        )
        assert propagator.n_parts == len(joined) - 1

    async def test_engine_with_other_defaults(self, manager, tmp_path: Path):
        class Coarse(ToyEngine):
            def __init__(self, x=0.0, **kwargs):
                super().__init__(x, **{"nstout": 20, "launcher": "memory", **kwargs})

        propagator = InPartsTrajectoryPropagator(
            40, engine_cls=Coarse, engine_kwargs={"x": 0.1}, walltime_per_part=1
        )
        name = f"joined.{propagator.engine_cls.output_traj_type}"
        joined = await propagator.propagate_and_concatenate(
            None, tmp_path, "sim", tra_out=tmp_path / name
        )
        assert steps_of(joined) == [0, 20, 40]

    async def test_no_steps_with_any_engine(self, manager, tmp_path: Path):
        for engine_cls in (ToyEngine, DriftEngine):
            propagator = InPartsTrajectoryPropagator(
                n_steps=0, engine_cls=engine_cls, engine_kwargs={}, walltime_per_part=1
            )
            trajs = await propagator.propagate(None, tmp_path, "sim")
            assert trajs == []
            assert await propagator.cut_and_concatenate(trajs, tmp_path / "out.trr") is None
        assert list(tmp_path.iterdir()) == []


def right_of(traj) -> np.ndarray:
    return position(traj) > 0.0999


class TestOwnEngine:
    @staticmethod
    def own(**kwargs) -> dict:
        return {"engine_cls": DriftEngine, "engine_kwargs": kwargs, "walltime_per_part": 1.0}

    @pytest.mark.parametrize("n_steps", [10, 40, 50, 100])
    async def test_in_parts(self, manager, tmp_path: Path, n_steps: int):
        propagator = InPartsTrajectoryPropagator(n_steps, **self.own())
        joined = await propagator.propagate_and_concatenate(
            None, tmp_path, "sim", tra_out=tmp_path / "joined.trr"
        )
        assert steps_of(joined) == grid(n_steps)
        assert position(joined)[-1] == pytest.approx(0.001 * n_steps)

    @pytest.mark.parametrize("speed", [0.01, 0.005, 0.0025, 0.001])
    async def test_conditional(self, manager, tmp_path: Path, speed: float):
        propagator = ConditionalTrajectoryPropagator([right_of], **self.own(speed=speed))
        joined, index = await propagator.propagate_and_concatenate(
            None, tmp_path, "sim", tra_out=tmp_path / "joined.trr"
        )
        assert steps_of(joined) == grid(round(0.1 / speed))
        assert index == 0

    async def test_limit(self, manager, tmp_path: Path):
        propagator = ConditionalTrajectoryPropagator([right_of], max_steps=60, **self.own())
        for continuation in (False, True):
            with pytest.raises(MaxStepsReachedError, match="60 steps"):
                await propagator.propagate(None, tmp_path, "sim", continuation=continuation)
        joined = await propagator.join_all(tmp_path, "sim", tmp_path / "all.trr")
        assert steps_of(joined) == grid(60)

    async def test_continuation(self, manager, tmp_path: Path):
        propagator = InPartsTrajectoryPropagator(60, **self.own())
        await propagator.propagate(None, tmp_path, "sim", continuation=True)
        propagator.n_steps = 100
        joined = await propagator.propagate_and_concatenate(
            None, tmp_path, "sim", tra_out=tmp_path / "joined.trr", continuation=True
        )
        assert steps_of(joined) == grid(100)
        before = sorted(tmp_path.iterdir())
        again = await propagator.propagate(None, tmp_path, "sim", continuation=True)
        assert again[-1].last_step == 100
        assert sorted(tmp_path.iterdir()) == before

    async def test_continuation_after_cancelled_siblings(self, manager, tmp_path: Path):
        propagator = InPartsTrajectoryPropagator(400, **self.own())
        for turns in range(1, 60, 7):
            task = asyncio.create_task(
                propagator.propagate(None, tmp_path, "sim", continuation=True)
            )
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        joined = await propagator.propagate_and_concatenate(
            None, tmp_path, "sim", tra_out=tmp_path / "joined.trr", continuation=True
        )
        assert steps_of(joined) == grid(400)

    async def test_removal(self, manager, tmp_path: Path):
        propagator = InPartsTrajectoryPropagator(60, **self.own())
        for name in ("sim", "sim2"):
            await propagator.propagate(None, tmp_path, name)
        await propagator.remove_parts(tmp_path, "sim", file_endings_to_remove=["trajectories"])
        assert {p.name for p in tmp_path.glob("*.part*")} == {
            "sim2.part0001.trr",
            "sim2.part0002.trr",
        }

    async def test_engine_that_gets_nowhere(self, manager, tmp_path: Path):
        class Stuck(DriftEngine):
            async def run(self, nsteps=None, walltime=None, steps_per_part=False):
                return None

        propagator = InPartsTrajectoryPropagator(60, **(self.own() | {"engine_cls": Stuck}))
        with pytest.raises(EngineError, match=r"in a row took no step. walltime_per_part=1 hours"):
            await propagator.propagate(None, tmp_path, "sim")

    async def test_engine_without_a_last_trajectory(self, manager, tmp_path: Path):
        class Forgetful(DriftEngine):
            current_trajectory = None

        propagator = InPartsTrajectoryPropagator(60, **(self.own() | {"engine_cls": Forgetful}))
        await propagator.propagate(None, tmp_path, "sim")
        with pytest.raises(EngineError, match="Forgetful has no current_trajectory"):
            await propagator.propagate(None, tmp_path, "sim", continuation=True)


async def test_another_process_goes_on_with_what_is_pickled(manager, tmp_path: Path):
    """As workers of a pool do: propagator, start and function come as bytes."""
    start = await ToyEngine(0.0, launcher="memory").generate_velocities(
        None, tmp_path / "start.trr", workdir=tmp_path
    )
    engine = toy()
    engine["engine_kwargs"] = {"seed": 3}
    states = [PyTrajectoryFunctionWrapper(in_a), PyTrajectoryFunctionWrapper(in_b)]
    propagators = [
        ConditionalTrajectoryPropagator(states, max_steps=10**5, **engine),
        InPartsTrajectoryPropagator(50, **engine),
    ]
    (tmp_path / "work.pickle").write_bytes(pickle.dumps((propagators, start, states)))
    script = """
import asyncio, pickle, sys
from pathlib import Path

async def main():
    propagators, start, states = pickle.loads(Path("work.pickle").read_bytes())
    until, for_steps = propagators
    joined, index = await until.propagate_and_concatenate(
        start, ".", "until", tra_out="until.trr"
    )
    steps = await for_steps.propagate_and_concatenate(start, ".", "steps", tra_out="steps.trr")
    inside = await states[index](joined)
    Path("done.pickle").write_bytes(pickle.dumps((joined, index, steps, bool(inside[-1]))))

asyncio.run(main())
"""
    subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.append({str(HERE)!r})\n{script}"],
        cwd=tmp_path,
        check=True,
        timeout=60,
    )
    joined, index, steps, inside = pickle.loads((tmp_path / "done.pickle").read_bytes())
    assert inside
    assert (in_a, in_b)[index](joined)[-1]
    assert steps_of(steps) == grid(50)
