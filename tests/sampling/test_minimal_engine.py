"""An engine with no more than the abstract methods of the predecessor, and what it lacks."""

from __future__ import annotations

import pickle
from pathlib import Path

import cloudpickle
import numpy as np
import pytest
from toy_parts import grid, steps_of
from toy_states import in_a, in_b

from asyncmd_jupyter import gromacs, mdconfig, utils
from asyncmd_jupyter.mdengine import MDEngine
from asyncmd_jupyter.testing import ToyEngine
from asyncmd_jupyter.trajectory import (
    ConditionalTrajectoryPropagator,
    InPartsTrajectoryPropagator,
)


class Minimal(MDEngine):
    """Has exactly these."""

    def __init__(self, x: float = 0.0):
        self._engine = ToyEngine(x, seed=5, launcher="memory")

    async def apply_constraints(self, conf_in, conf_out_name, *, workdir="."):
        return await self._engine.apply_constraints(conf_in, conf_out_name, workdir=workdir)

    async def prepare(self, starting_configuration, workdir, deffnm):
        await self._engine.prepare(starting_configuration, workdir, deffnm)

    async def prepare_from_files(self, workdir, deffnm):
        await self._engine.prepare_from_files(workdir, deffnm)

    async def run(self, nsteps=None, walltime=None, steps_per_part=False):
        return await self._engine.run(nsteps, walltime, steps_per_part)

    async def run_steps(self, nsteps, steps_per_part=False):
        return await self._engine.run_steps(nsteps, steps_per_part)

    async def run_walltime(self, walltime, max_steps=None):
        return await self._engine.run_steps(100, steps_per_part=True)

    @property
    def current_trajectory(self):
        return self._engine.current_trajectory

    @property
    def output_traj_type(self):
        return "trr"

    @property
    def steps_done(self):
        return self._engine.steps_done


ENGINE = {"engine_cls": Minimal, "engine_kwargs": {}, "walltime_per_part": 1.0}


async def test_it_propagates(manager, tmp_path: Path):
    propagator = ConditionalTrajectoryPropagator([in_a, in_b], max_steps=10**5, **ENGINE)
    assert propagator.max_steps == 10**5
    joined, _ = await propagator.propagate_and_concatenate(
        None, tmp_path, "sim", tra_out=tmp_path / "joined.trr"
    )
    assert (in_a(joined) | in_b(joined)).sum() == 1


async def test_it_propagates_in_parts_and_goes_on(manager, tmp_path: Path):
    parts = await InPartsTrajectoryPropagator(200, **ENGINE).propagate(None, tmp_path, "sim")
    assert sum(len(part) for part in parts) >= 21
    joined = await InPartsTrajectoryPropagator(300, **ENGINE).propagate_and_concatenate(
        None, tmp_path, "sim", tra_out=tmp_path / "joined.trr", continuation=True
    )
    assert steps_of(joined) == grid(300)


async def test_what_it_lacks_is_answered_or_named(manager, tmp_path: Path):
    engine = Minimal()
    with pytest.raises(NotImplementedError, match="Minimal has no 'generate_velocities': add it"):
        await engine.generate_velocities(None, "a.trr")
    for name in ("nstout", "dt", "frames_done"):
        with pytest.raises(NotImplementedError, match=f"Minimal has no '{name}': add it"):
            getattr(engine, name)
    await engine.prepare(None, tmp_path, "sim")
    await engine.run_steps(50)
    assert (engine.nstout, engine.dt) == (10, pytest.approx(0.01))
    assert engine.time_done == pytest.approx(0.5)
    assert (engine.n_atoms, engine.temperature, engine.input_files) == (None, None, ())


def test_steps_between_frames_come_from_its_parameters(tmp_path: Path):
    class Configured(Minimal):
        def __init__(self, config):
            super().__init__()
            self.mdconfig = config

    file = tmp_path / "a.mdp"
    file.write_text("nstxout = 30\nnstvout = 30\n")
    assert Configured(gromacs.MDP(file)).nstout == 30


def test_its_class_goes_to_other_processes(manager):
    made = pickle.loads(cloudpickle.dumps(Minimal(0.1)))
    assert made.steps_done == 0


async def test_helpers_that_know_nothing_of_it(manager, tmp_path: Path):
    engine = Minimal()
    for kind in (engine, Minimal, object(), "gmx"):
        with pytest.raises(ValueError, match=r"engine|parts"):
            await utils.get_all_traj_parts(tmp_path, "sim", kind)
        with pytest.raises(ValueError, match="engine"):
            await utils.get_all_file_parts(tmp_path, "sim", "trr", kind)

    class Config(mdconfig.MDConfig):
        def parse(self): ...
        def write(self, outfile, overwrite=False): ...

    for config in (Config(), object(), "a.mdp"):
        with pytest.raises(ValueError, match=r"mdconfig|Config"):
            utils.nstout_from_mdconfig(config, "TRR")
        with pytest.raises(ValueError, match=r"mdconfig|Config"):
            utils.ensure_mdconfig_options(config)


class TestWholeNumbers:
    """Counts of steps and frames may come as floats; half a step is an error."""

    @pytest.mark.parametrize("kind", [float, np.float64, np.int32, np.uint64, int])
    async def test_steps(self, manager, tmp_path: Path, kind):
        engine = ToyEngine(0.0, launcher="memory", nstout=kind(10))
        assert engine.nstout == 10
        await engine.prepare(None, tmp_path, "sim")
        part = await engine.run(nsteps=kind(20))
        assert (len(part), engine.steps_done) == (3, 20)
        await engine.run_steps(kind(20), steps_per_part=True)
        await engine.run_walltime(1, max_steps=kind(60))
        assert engine.steps_done == 60
        propagator = InPartsTrajectoryPropagator(kind(100), engine_cls=ToyEngine, **KWARGS)
        assert (propagator.n_steps, type(propagator.n_steps)) == (100, int)
        await propagator.propagate(None, tmp_path, "parts")
        limited = ConditionalTrajectoryPropagator(
            [in_a], engine_cls=ToyEngine, max_steps=kind(100), max_frames=kind(7), **KWARGS
        )
        assert (limited.max_steps, limited.max_frames) == (100, 7)
        part.nstout = kind(10)
        assert part.nstout == 10

    @pytest.mark.parametrize("value", [0.5, np.float64(1.5), float("nan"), "10", True])
    async def test_what_is_none(self, manager, tmp_path: Path, value):
        engine = ToyEngine(0.0, launcher="memory")
        await engine.prepare(None, tmp_path, "sim")
        for call in (engine.run, engine.run_steps):
            with pytest.raises(TypeError, match="whole number"):
                await call(value)
        with pytest.raises(TypeError, match=r"n_steps=.* whole number"):
            InPartsTrajectoryPropagator(value, engine_cls=ToyEngine, **KWARGS)
        for name in ("max_steps", "max_frames"):
            with pytest.raises(TypeError, match=rf"{name}=.* whole number"):
                ConditionalTrajectoryPropagator(
                    [in_a], engine_cls=ToyEngine, **{name: value}, **KWARGS
                )
        with pytest.raises(ValueError, match="nstout"):
            ToyEngine(nstout=value)

    async def test_runs(self, manager, tmp_path: Path):
        from asyncmd_jupyter.trajectory import start_run

        engine = ToyEngine(0.0, launcher="memory")
        run = start_run(
            engine, None, until=[in_a], name="r", workdir=tmp_path, max_steps=50.0, n_walkers=1.0
        )
        assert (run.spec.max_steps, run.spec.n_walkers) == (50, 1)
        await run.wait()


KWARGS = {"engine_kwargs": {"launcher": "memory"}, "walltime_per_part": 1.0}


def test_the_limit_in_force_can_be_read(runtime):
    def limited(**limits):
        return ConditionalTrajectoryPropagator([in_a], engine_cls=ToyEngine, **KWARGS, **limits)

    assert limited().max_steps == float("inf")
    assert limited(max_frames=7).max_steps == 70
    assert limited(max_frames=7, max_steps=50).max_steps == 50
    propagator = limited(max_steps=float("inf"))
    assert propagator.step_limit(ToyEngine()) is None
    propagator.max_steps = 1e3
    assert (propagator.max_steps, propagator.step_limit(ToyEngine())) == (1000, 1000)
    propagator.max_steps = None
    propagator.max_frames = 3
    assert propagator.max_steps == propagator.step_limit(ToyEngine()) == 30
    with pytest.raises(ValueError, match="max_steps=0 has to be at least 1"):
        propagator.max_steps = 0
