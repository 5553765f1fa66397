"""Integrators that choose the length of their steps: times are those of the frames."""

from __future__ import annotations

import json
import math
from pathlib import Path

import openmm
import pytest
from engine_systems import alanine_engine, double_well_engine
from openmm import unit

from asyncmd_jupyter.engines.openmm.engine import OpenMMEngine
from asyncmd_jupyter.sampling.propagate import ConditionalTrajectoryPropagator
from asyncmd_jupyter.sampling.run import start_run
from asyncmd_jupyter.sampling.speed import SECONDS_PER_DAY, Speed


def custom(*, sets_dt: bool) -> openmm.CustomIntegrator:
    made = openmm.CustomIntegrator(0.001)
    if sets_dt:
        made.addComputeGlobal("dt", "0.0005 + 0.001 * uniform")
    made.addComputePerDof("v", "v + dt * f / m")
    made.addComputePerDof("x", "x + dt * v")
    return made


def compound(current: int) -> openmm.CompoundIntegrator:
    made = openmm.CompoundIntegrator()
    made.addIntegrator(openmm.VerletIntegrator(0.001))
    made.addIntegrator(openmm.VariableVerletIntegrator(1e-4))
    made.setCurrentIntegrator(current)
    return made


VARIABLE = {
    "langevin": lambda: openmm.VariableLangevinIntegrator(300, 1, 0.001),
    "verlet": lambda: openmm.VariableVerletIntegrator(1e-4),
    "compound": lambda: compound(1),
    "custom": lambda: custom(sets_dt=True),
}
FIXED = {
    "verlet": lambda: openmm.VerletIntegrator(0.001),
    "compound": lambda: compound(0),
    "custom": lambda: custom(sets_dt=False),
}


def engine_of(kind: str, **options) -> OpenMMEngine:
    return alanine_engine(**{"integrator": VARIABLE[kind](), "nstout": 10, "seed": 1, **options})


@pytest.fixture(params=VARIABLE)
def engine(request: pytest.FixtureRequest) -> OpenMMEngine:
    return engine_of(request.param)


async def test_the_time_is_that_of_the_frames(manager, engine: OpenMMEngine, tmp_path: Path):
    assert not engine.has_fixed_dt
    assert math.isnan(engine.dt)
    assert "no fixed length, a frame every 10 steps" in repr(engine)
    await engine.prepare(None, tmp_path, "sim")
    assert engine.time_done == 0
    first = await engine.run_steps(100)
    assert engine.time_done == pytest.approx(first.last_time, rel=1e-6)
    assert engine.dt == pytest.approx(first.last_time / 100, rel=1e-6)
    second = await engine.run_steps(200)
    assert second.first_step == 110
    assert second.first_time > first.last_time
    assert engine.time_done == pytest.approx(second.last_time, rel=1e-6)
    other = engine.clone()
    await other.prepare_from_files(tmp_path, "sim")
    assert other.time_done == engine.time_done > 0


async def test_a_checkpoint_that_does_not_tell_the_time(manager, tmp_path: Path, monkeypatch):
    engine = engine_of("langevin")
    await engine.prepare(None, tmp_path, "sim")
    part = await engine.run_steps(50)
    object.__setattr__(engine._disk, "time", None)  # as of earlier versions
    assert engine.time_done == part.last_time


@pytest.mark.parametrize("kind", FIXED)
def test_steps_of_one_length(kind: str):
    engine = alanine_engine(integrator=FIXED[kind](), nstout=10)
    assert engine.has_fixed_dt
    assert engine.dt == 0.001


@pytest.mark.parametrize("step", [0, math.inf])
def test_a_step_without_a_length(step: float):
    with pytest.raises(ValueError, match=f"VerletIntegrator has a time step of {step:g} ps"):
        alanine_engine(integrator=openmm.VerletIntegrator(step * unit.picosecond))


class TestRuns:
    async def test_views_tell_the_times_of_the_frames(self, manager, tmp_path: Path):
        engine = engine_of("langevin")
        run = start_run(engine, None, until=[], name="run", workdir=tmp_path, max_steps=400)
        await run
        [walker] = run.snapshot().walkers
        assert walker.steps_done == 400
        assert walker.time_done == pytest.approx(run.result.last_time)
        assert walker.time_done > 0
        assert walker.time_limit is None
        record = json.loads(
            (tmp_path / "run" / "run.run.json").read_text(), parse_constant=pytest.fail
        )
        assert record["dt"] == 0
        assert record["walkers"][0]["time_done"] == pytest.approx(walker.time_done)

    async def test_what_is_said_of_a_limit(self, manager, tmp_path: Path):
        def never(trajectory):
            return [False] * len(trajectory)

        propagator = ConditionalTrajectoryPropagator.from_engine(
            engine_of("langevin"), [never], walltime_per_part=1.0, max_steps=20
        )
        with pytest.raises(Exception, match=r"held within 20 steps\. The parts"):
            await propagator.propagate(None, tmp_path, "sim")


def test_the_speed_is_that_of_the_times():
    now = iter([0.0, 2.0])
    speed = Speed(lambda: next(now))
    speed.seen(0, 0.0)
    speed.seen(100, 3.0)
    assert speed.ns_per_day(None) == pytest.approx(1.5 * SECONDS_PER_DAY / 1000)
    assert speed.ns_per_day(0.002) == pytest.approx(0.1 * SECONDS_PER_DAY / 1000)


def test_other_engines_have_steps_of_one_length():
    assert double_well_engine().has_fixed_dt
