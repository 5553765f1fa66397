"""Velocities are drawn at the temperature of the thermostat that is there, by one rule."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from engine_systems import alanine_parts
from gromacs_systems import gromacs_engine

from asyncmd_jupyter.engines.openmm import OpenMMEngine
from asyncmd_jupyter.frames.read import read_frame
from asyncmd_jupyter.frames.trajectory import Trajectory

HOT = 450.0
STEP = 0.001  # ps


def compound(*names: str, current: int = 0):
    import openmm

    made = openmm.CompoundIntegrator()
    for name in names:
        made.addIntegrator(INTEGRATORS[name][0]())
    made.setCurrentIntegrator(current)
    return made


def mts():
    from openmm import MTSLangevinIntegrator, unit

    return MTSLangevinIntegrator(
        HOT * unit.kelvin, 1 / unit.picosecond, STEP * unit.picosecond, [(0, 1)]
    )


def nose_hoover_of_a_group():
    import openmm

    made = openmm.NoseHooverIntegrator(STEP)
    made.addSubsystemThermostat([*range(22)], [], HOT, 1, HOT, 1)
    return made


def openmm_class(name: str, *arguments: float) -> Callable:
    def make():
        import openmm

        return getattr(openmm, name)(*arguments)

    return make


# Temperature in K, None where it keeps none, and whether there is noise in each step.
INTEGRATORS: dict[str, tuple[Callable, float | None, bool]] = {
    "LangevinMiddle": (openmm_class("LangevinMiddleIntegrator", HOT, 1, STEP), HOT, True),
    "Langevin": (openmm_class("LangevinIntegrator", HOT, 1, STEP), HOT, True),
    "no friction": (openmm_class("LangevinIntegrator", HOT, 0, STEP), HOT, False),
    "Brownian": (openmm_class("BrownianIntegrator", HOT, 10, STEP), HOT, True),
    "VariableLangevin": (openmm_class("VariableLangevinIntegrator", HOT, 1, 1e-4), HOT, True),
    "NoseHoover": (openmm_class("NoseHooverIntegrator", HOT, 1, STEP), HOT, False),
    "NoseHoover of a group": (nose_hoover_of_a_group, HOT, False),
    "NoseHoover without a bath": (openmm_class("NoseHooverIntegrator", STEP), None, False),
    "MTSLangevin": (mts, HOT, True),
    "MTS": (openmm_class("MTSIntegrator", STEP, [(0, 1)]), None, False),
    "Verlet": (openmm_class("VerletIntegrator", STEP), None, False),
    "VariableVerlet": (openmm_class("VariableVerletIntegrator", 1e-4), None, False),
    "AMD": (openmm_class("AMDIntegrator", STEP, 1.0, 1.0), None, False),
    "Compound of Langevin": (lambda: compound("LangevinMiddle", "Verlet"), HOT, True),
    "Compound of the second": (lambda: compound("Verlet", "MTSLangevin", current=1), HOT, True),
    "Compound of Verlet": (lambda: compound("Verlet", "LangevinMiddle"), None, False),
}


def engine_with(integrator, *forces, **options) -> OpenMMEngine:
    import openmm

    system, topology, positions = alanine_parts()
    copied = openmm.XmlSerializer.clone(system)
    for force in forces:
        copied.addForce(force)
    parameters = {"platform": "Reference", "nstout": 10, "seed": 1, **options}
    return OpenMMEngine(copied, topology, positions, integrator=integrator, **parameters)


@pytest.mark.parametrize("name", INTEGRATORS)
def test_that_of_the_integrator(name: str):
    make, kept, has_noise = INTEGRATORS[name]
    engine = engine_with(make())
    assert engine.temperature == (pytest.approx(300.0 if kept is None else kept, rel=1e-9))
    assert engine.has_noise is has_noise
    assert engine.clone(1).temperature == engine.temperature
    # One that is given holds where no thermostat is there, and is said to be of no use elsewhere.
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        given = engine_with(make(), temperature=310)
    assert given.temperature == pytest.approx(310.0 if kept is None else kept)
    assert len(said) == (kept is not None)
    assert all("temperature=310" in str(one.message) for one in said)


def test_that_of_an_andersen_thermostat():
    import openmm

    engine = engine_with("Verlet", openmm.AndersenThermostat(HOT, 1))
    assert (engine.temperature, engine.has_noise) == (HOT, False)


def test_two_baths_with_different_temperatures_are_said():
    import openmm

    with pytest.warns(UserWarning, match="LangevinMiddleIntegrator keeps 300 K.*Andersen.* 450 K"):
        engine = engine_with("LangevinMiddle", openmm.AndersenThermostat(HOT, 1))
    assert engine.temperature == 300.0


def test_a_barostat_with_another_temperature_is_said():
    import openmm

    with pytest.warns(UserWarning, match="keeps 450 K.* but MonteCarloBarostat has 300 K"):
        engine_with(INTEGRATORS["NoseHoover"][0](), openmm.MonteCarloBarostat(1, 300))


async def test_it_is_the_one_of_velocities_that_are_drawn(manager, tmp_path: Path):
    """20,000 free particles: an error of 0.6 %, at most 4 of them (false alarms 6 in 10^5)."""
    import openmm

    n, mass = 20_000, 40.0
    system = openmm.System()
    for _ in range(n):
        system.addParticle(mass)
    system.addForce(openmm.AndersenThermostat(HOT, 1))
    engine = OpenMMEngine(system, None, np.zeros((n, 3)), integrator="Verlet", seed=1)
    made = await engine.generate_velocities(None, tmp_path / "drawn.trr")
    kelvin = mass * (read_frame(made, 0).velocities ** 2).mean() / 0.00831446261815324
    assert kelvin == pytest.approx(HOT, rel=4 * np.sqrt(2 / (3 * n)))


@pytest.mark.gromacs
class TestGromacs:
    @pytest.mark.parametrize(
        ("changes", "kelvin", "note"),
        [
            ({"gen-temp": 300.0, "ref-t": [350.0]}, 300.0, "gen-temp in .* is 300 K.*ref-t = 350"),
            ({"gen-temp": 300.0, "ref-t": [350.0], "gen-vel": "yes"}, 300.0, "gen-temp.*350 K"),
            ({"gen-temp": None, "ref-t": [350.0]}, 350.0, ""),
            ({"gen-temp": None, "ref-t": [350.0], "gen-vel": "yes"}, 350.0, ""),
            ({"gen-temp": 350.0, "ref-t": [350.0]}, 350.0, ""),
            # No thermostat keeps these.
            ({"integrator": "md", "gen-temp": 310.0, "ref-t": [350.0]}, 310.0, ""),
            ({"integrator": "md", "gen-temp": None, "ref-t": [350.0]}, 350.0, ""),
            # Several groups, one of which may be coupled to nothing.
            (
                {"gen-temp": None, "ref-t": [310.0, 350.0], "tau-t": [1.0, 1.0]},
                310.0,
                "the first ref-t .*310 K.*ref-t = 310 350 K",
            ),
            ({"gen-temp": None, "ref-t": [310.0, 350.0], "tau-t": [-1.0, 1.0]}, 350.0, ""),
        ],
    )
    def test_one_rule(self, changes, kelvin: float, note: str):
        import re

        engine = gromacs_engine(changes=changes)
        assert engine.temperature == kelvin
        assert engine.keeping_velocities().temperature == kelvin
        assert re.search(note, engine.temperature_note) if note else not engine.temperature_note

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({"integrator": "sd"}, True),
            ({"integrator": "bd", "bd-fric": 1000.0}, True),
            ({"integrator": "md"}, False),
            ({"integrator": "md", "tcoupl": "V_Rescale"}, True),
            ({"integrator": "md", "tcoupl": "nose-hoover"}, False),
            ({"integrator": "md", "tcoupl": "berendsen"}, False),
            ({"integrator": "md-vv", "tcoupl": "andersen"}, False),
            ({"integrator": "md-vv", "tcoupl": "v-rescale"}, True),
            ({"integrator": "md", "tcoupl": "v-rescale", "tau-t": [-1.0]}, False),
        ],
    )
    def test_noise(self, changes, expected: bool):
        assert gromacs_engine(changes=changes).has_noise is expected

    async def test_it_is_said_where_new_ones_are_drawn(self, manager, tmp_path: Path):
        engine = gromacs_engine(changes={"gen-temp": 300.0, "ref-t": [350.0]})
        with pytest.warns(UserWarning, match="gen-temp in .* is 300 K.*thermostat keeps"):
            await engine.prepare(None, tmp_path, "new", velocities="new")
        with pytest.warns(UserWarning, match="gen-temp in .* is 300 K.*thermostat keeps"):
            made = await engine.generate_velocities(None, tmp_path / "drawn.trr")
        assert isinstance(made, Trajectory)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            await engine.prepare(None, tmp_path, "kept")
