"""Energies that workers write beside the frames, and the log of a part."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import openmm
import pytest
from engine_systems import alanine_engine, alanine_parts
from full_disk import at_most
from openmm import app, unit
from worker_parts import SIDE, SPACING, fluid, frames, lattice, write_openmm

from asyncmd_jupyter.engines.base import MDEngine
from asyncmd_jupyter.engines.energies.growing import EnergyFile
from asyncmd_jupyter.engines.energies.table import EnergyTable, joined
from asyncmd_jupyter.engines.energies.text import TextEnergies
from asyncmd_jupyter.engines.files import EngineFiles
from asyncmd_jupyter.engines.openmm.simulation import OpenMMSimulation
from asyncmd_jupyter.engines.stepping.configuration import Configuration
from asyncmd_jupyter.engines.stepping.disk import drop_after_checkpoint, read_disk
from asyncmd_jupyter.engines.stepping.integrate import PartRun
from asyncmd_jupyter.engines.stepping.spec import PartSpec
from asyncmd_jupyter.testing import ToyEngine
from asyncmd_jupyter.testing.double_well import DoubleWell, DoubleWellSimulation

DRUDE_PARENTS = np.arange(0, 60, 10)
START = "sim.start.npz"
PHYSICS = asdict(DoubleWell(seed=5))


def part(
    number: int, last_step: int, physics: dict[str, Any] = PHYSICS, **changes: Any
) -> PartSpec:
    names = f"sim.part{number:04d}.trr", f"sim.part{number:04d}.energies.csv"
    given = {"nstout": 10, "last_step": last_step, "energies": names[1], "nstenergy": 10, **changes}
    return PartSpec(physics, number, START, "sim.cpt", names[0], **given)


def go_on(folder: Path, last_step: int, stop: Any = lambda: False, **changes: Any) -> None:
    """Compute the next part as an engine does."""
    if not (folder / START).exists():
        Configuration(np.zeros((1, 3))).write(folder / START)
    files = EngineFiles(folder, "sim")
    number = read_disk(files, "trr").next_part
    drop_after_checkpoint(files, "trr")
    spec = part(number, last_step, **changes)
    PartRun(spec, folder, DoubleWellSimulation.from_spec, stop).run()


def table_of(folder: Path) -> EnergyTable:
    return ToyEngine.energies_in_folder(folder, "sim")


def equal(found: EnergyTable, wanted: EnergyTable) -> bool:
    return list(found.steps) == list(wanted.steps) and all(
        np.array_equal(found[name], wanted[name]) for name in wanted
    )


def langevin(dt: float = 0.002) -> openmm.Integrator:
    return openmm.LangevinMiddleIntegrator(300, 1, dt)


def alanine() -> openmm.System:
    return openmm.XmlSerializer.clone(alanine_parts()[0])


def with_virtual_site() -> openmm.System:
    system = fluid()
    system.setParticleMass(2, 0.0)
    system.setVirtualSite(2, openmm.TwoParticleAverageSite(0, 1, 0.5, 0.5))
    system.addConstraint(3, 4, 0.6)
    return system


def with_barostat() -> openmm.System:
    barostat = openmm.MonteCarloBarostat(1.0, 300.0, 5)
    return fluid(barostat, openmm.CMMotionRemover())


def drude() -> openmm.System:
    """Some atoms of the fluid have a Drude particle."""
    system = fluid()
    force = openmm.DrudeForce()
    for parent in DRUDE_PARENTS.tolist():
        system.setParticleMass(parent + 1, 0.4)
        system.getForce(0).setParticleParameters(parent + 1, 0.0, 0.34, 0.0)
        system.getForce(0).addException(parent, parent + 1, 0.0, 0.34, 0.0)
        force.addParticle(parent + 1, parent, -1, -1, -1, -1.0, 0.001, 1.0, 1.0)
    system.addForce(force)
    return system


def drude_integrator() -> openmm.Integrator:
    return openmm.DrudeLangevinIntegrator(300, 20, 1, 20, 0.0005)


def start_of(name: str) -> Configuration:
    if SYSTEMS[name][0] is alanine:
        return Configuration(np.array(alanine_parts()[2].value_in_unit(unit.nanometer)))
    positions = lattice()
    if name == "drude":
        positions[DRUDE_PARENTS + 1] = positions[DRUDE_PARENTS]
    return Configuration(positions, None, np.eye(3) * SIDE * SPACING)


SYSTEMS = {
    "constraints": (alanine, langevin),
    "leapfrog": (alanine, lambda: openmm.VerletIntegrator(0.001)),
    "nose-hoover": (alanine, lambda: openmm.NoseHooverIntegrator(300, 1, 0.001)),
    "barostat": (with_barostat, langevin),
    "virtual site": (with_virtual_site, langevin),
    "drude": (drude, drude_integrator),
}
COLUMNS = {
    "potentialEnergy": "Potential energy",
    "kineticEnergy": "Kinetic energy",
    "totalEnergy": "Total energy",
    "temperature": "Temperature",
    "volume": "Volume",
    "density": "Density",
}


def reported(physics: dict[str, Any], folder: Path, steps: list[int]) -> list[list[float]]:
    """What OpenMM's reporter prints of an equal simulation."""
    simulation = OpenMMSimulation.from_spec(physics, 1, folder)
    simulation.load(Configuration.read(folder / START))
    simulation.draw_velocities()
    text = io.StringIO()
    reporter = app.StateDataReporter(text, 1, step=True, time=True, **dict.fromkeys(COLUMNS, True))
    context = simulation.context
    for step in steps:
        simulation.advance(step - simulation.step_count)
        shown = SimpleNamespace(context=context, system=context.getSystem(), currentStep=step)
        groups = context.getIntegrator().getIntegrationForceGroups()
        reporter.report(shown, context.getState(energy=True, groups=groups))
    return [[float(one) for one in row] for row in [*csv.reader(text.getvalue().splitlines())][1:]]


@pytest.mark.parametrize("name", SYSTEMS)
def test_they_are_those_of_openmms_reporter(tmp_path: Path, name: str):
    system, integrator = (make() for make in SYSTEMS[name])
    physics = write_openmm(tmp_path, system, integrator)
    start_of(name).write(tmp_path / START)
    PartRun(part(1, 60, physics), tmp_path, OpenMMSimulation.from_spec, lambda: False).run()
    found = table_of(tmp_path)
    wanted = np.array(reported(physics, tmp_path, list(found.steps)))
    np.testing.assert_allclose(found.steps, wanted[:, 0])
    np.testing.assert_allclose(found.times, wanted[:, 1], rtol=1e-9)
    for place, column in enumerate(COLUMNS.values(), 2):
        if column in ("Volume", "Density") and not system.usesPeriodicBoundaryConditions():
            assert column not in found
        else:
            factor = 1000 if column == "Density" else 1  # kg/m^3 of g/mL
            np.testing.assert_allclose(found[column], factor * wanted[:, place], rtol=1e-12)
    assert {found.title(column) for column in found} <= {
        "Potential energy (kJ/mol)", "Kinetic energy (kJ/mol)", "Total energy (kJ/mol)",
        "Temperature (K)", "Volume (nm^3)", "Density (kg/m^3)",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["constraints", "leapfrog", "nose-hoover"])
def test_they_do_not_change_the_frames(tmp_path: Path, name: str):
    system, integrator = (make() for make in SYSTEMS[name])
    written = []
    for nstenergy in (0, 7):
        folder = tmp_path / str(nstenergy)
        folder.mkdir()
        physics = write_openmm(folder, system, integrator)
        start_of(name).write(folder / START)
        spec = part(1, 60, physics, nstenergy=nstenergy)
        PartRun(spec, folder, OpenMMSimulation.from_spec, lambda: False).run()
        written.append(frames([folder / spec.trajectory]))
    assert written[0] == written[1]
    assert not (tmp_path / "0" / "sim.part0001.energies.csv").exists()
    assert list(table_of(tmp_path / "7").steps) == list(range(0, 61, 7))


class TestParts:
    def test_parts_are_the_whole(self, tmp_path: Path):
        for folder, ends in (("whole", [90]), ("parts", [20, 50, 60, 90])):
            (tmp_path / folder).mkdir()
            for end in ends:
                go_on(tmp_path / folder, end)
        found = table_of(tmp_path / "parts")
        assert equal(found, table_of(tmp_path / "whole"))
        assert list(found.steps) == list(range(0, 91, 10))
        assert list(found.parts) == [1, 1, 1, 2, 2, 2, 3, 4, 4, 4]

    def test_rows_behind_the_checkpoint_come_once(self, tmp_path: Path):
        """As a worker leaves them that was killed, with a torn line."""
        for folder in ("whole", "killed"):
            (tmp_path / folder).mkdir()
            go_on(tmp_path / folder, 30)
        file = tmp_path / "killed" / "sim.part0001.energies.csv"
        with file.open("ab") as more:
            more.write(b"40,0.4,1.0,1.0,2.0,1.0\n50,0.5,1.0,1")
        assert list(table_of(file.parent).steps) == [0, 10, 20, 30, 40], "rows on disk count"
        for folder in ("whole", "killed"):
            go_on(tmp_path / folder, 60)
        assert equal(table_of(file.parent), table_of(tmp_path / "whole"))

    def test_a_part_without_a_frame_goes_on(self, tmp_path: Path):
        """Its rows are closer to each other than its frames."""
        for folder in ("whole", "stopped"):
            (tmp_path / folder).mkdir()
            go_on(tmp_path / folder, 100, nstout=100, nstenergy=10)
        looks = iter([False] * 6)
        go_on(tmp_path / "stopped", 200, lambda: next(looks, True), nstout=100, nstenergy=10)
        assert 100 < read_disk(EngineFiles(tmp_path / "stopped", "sim"), "trr").steps < 200
        for folder in ("whole", "stopped"):
            go_on(tmp_path / folder, 200, nstout=100, nstenergy=10)
        found = table_of(tmp_path / "stopped")
        assert equal(found, table_of(tmp_path / "whole"))
        assert found.parts.max() == 2

    def test_a_full_disk_costs_no_frame(self, tmp_path: Path):
        for folder in ("whole", "full"):
            (tmp_path / folder).mkdir()
        go_on(tmp_path / "whole", 400)
        Configuration(np.zeros((1, 3))).write(tmp_path / "full" / START)
        said: list[str] = []
        run = PartRun(
            part(1, 400),
            tmp_path / "full",
            DoubleWellSimulation.from_spec,
            lambda: False,
            said.append,
        )
        file, put = run._energies._output.path, run._energies._output.add
        n_failed = 0

        def full_at_times(step: int, *rest: Any) -> None:
            nonlocal n_failed
            size = file.stat().st_size if file.exists() else 0
            with at_most(size + 10 if 100 <= step < 300 else 2**30):
                try:
                    put(step, *rest)
                except OSError:
                    n_failed += 1
                    assert file.read_bytes().endswith(b"\n")
                    raise

        run._energies._output.add = full_at_times
        run.run()
        assert n_failed == 20
        assert sum("can't be written" in line for line in said) == 1
        assert not any("missing" in line for line in said)
        assert equal(table_of(tmp_path / "full"), table_of(tmp_path / "whole"))
        files = [tmp_path / folder / "sim.part0001.trr" for folder in ("whole", "full")]
        assert files[0].read_bytes() == files[1].read_bytes()


class TestReading:
    def test_a_growing_file_at_each_byte(self, tmp_path: Path):
        go_on(tmp_path, 60)
        whole = tmp_path / "sim.part0001.energies.csv"
        content, lines = whole.read_bytes(), whole.read_text().splitlines()
        growing = EnergyFile(tmp_path / "growing.csv", 1, TextEnergies())
        assert len(growing.read().steps) == 0, "it is not there yet"
        for n_bytes in range(len(content) + 1):
            growing.path.write_bytes(content[:n_bytes])
            assert len(growing.read().steps) == max(0, content[:n_bytes].count(b"\n") - 1)
        found = growing.read()
        assert [float(x) for x in lines[-1].split(",")] == [
            found.steps[-1], found.times[-1], *(found[name][-1] for name in found)
        ]  # fmt: skip

    def test_cut_back_and_begun_again(self, tmp_path: Path):
        file = EnergyFile(tmp_path / "sim.part0001.energies.csv", 1, TextEnergies())
        file.path.write_text("Step,Time (ps),Temperature (K)\n0,0.0,1.0\n10,0.1,2.0\n")
        assert list(file.read()["Temperature"]) == [1, 2]
        file.path.write_text("Step,Time (ps),Temperature (K)\n0,0.0,1.0\n")
        assert list(file.read()["Temperature"]) == [1]
        file.path.write_text("Step,Time (ps),Volume (nm^3)\n0,0.0,5.0\n10,0.1,6.0\n20,0.2,6.5\n")
        assert list(file.read()["Volume"]) == [5, 6, 6.5]

    def test_damaged_lines_are_said_once(self, tmp_path: Path, caplog):
        file = EnergyFile(tmp_path / "sim.part0001.energies.csv", 1, TextEnergies())
        file.path.write_text("Step,Time (ps),Temperature (K)\n0,0.0,1.0\n\0\0\0\n20,0.2,3.0\n")
        for _ in range(2):
            assert list(file.read().steps) == [0]
        [said] = caplog.messages
        assert "sim.part0001.energies.csv is damaged behind its first 41 bytes" in said

    def test_a_file_of_something_else(self, tmp_path: Path):
        file = tmp_path / "sim.part0001.energies.csv"
        file.write_text("a,b\n1,2\n")
        with pytest.raises(ValueError, match=r"sim\.part0001\.energies\.csv can't be read: .*Step"):
            table_of(tmp_path)

    def test_later_parts_go_first(self):
        def table(number: int, *steps: int) -> EnergyTable:
            values = {"Temperature": np.full(len(steps), float(number))}
            found = np.array(steps), np.array(steps) / 10
            return EnergyTable(*found, values, {"Temperature": "K"}, np.full(len(steps), number))

        found = joined([table(1, 0, 10, 20, 30), table(2), table(3, 20, 30), table(4, 35)])
        assert list(found.steps) == [0, 10, 20, 30, 35]
        assert list(found["Temperature"]) == [1, 1, 3, 3, 4]

    def test_an_engine_that_does_not_say(self, tmp_path: Path):
        with pytest.raises(NotImplementedError, match="energy_format"):
            MDEngine.energies_in_folder(tmp_path, "sim")


async def test_of_an_engine(manager, tmp_path: Path):
    engine = ToyEngine(seed=1, nstout=10, launcher="memory")
    assert engine.nstenergy == 100
    engine.nstenergy = 25
    await engine.prepare(None, tmp_path, "sim")
    for end in (100, 200):
        await engine.run_steps(end)
    table = await engine.energies()
    assert list(table.steps) == list(range(0, 201, 25))
    assert table.up_to(60).title("Temperature") == "Temperature (K)"
    np.testing.assert_allclose(table.times, table.steps * engine.dt)
    table.to_csv(tmp_path / "all.csv")
    with pytest.raises(FileExistsError):
        table.to_csv(tmp_path / "all.csv")
    again = EnergyFile(tmp_path / "all.csv", 1, TextEnergies()).read()
    assert equal(again, table)
    assert "mean" in table._repr_html_()
    with pytest.raises(KeyError, match="Did you mean 'Temperature'"):
        table["temperature"]
    with pytest.raises(ValueError, match="read-only"):
        table["Temperature"][0] = 0


@pytest.mark.parametrize(("nstout", "nstenergy"), [(10, 100), (500, 500), (30, 120), (100, 100)])
def test_by_default_they_cost_little(nstout: int, nstenergy: int):
    assert ToyEngine(nstout=nstout).nstenergy == nstenergy


@pytest.mark.parametrize("nstenergy", [-1, 1.5, "often"])
def test_intervals_that_are_none(nstenergy: Any):
    with pytest.raises(ValueError, match=f"nstenergy={nstenergy!r}"):
        ToyEngine(nstenergy=nstenergy)


async def test_the_output_of_a_job_is_its_log(manager, tmp_path: Path):
    engine = alanine_engine(nstout=50)
    await engine.prepare(None, tmp_path, "sim")
    for end in (100, 150):
        await engine.run_steps(end)
    records = sorted(manager.records(), key=lambda record: record.name)
    lines, later = (manager.job(record.id).tail(99, "stdout") for record in records)
    assert f"OpenMM {openmm.version.full_version}, platform Reference" in lines
    assert "System: 22 particles, 12 constraints, 51 degrees of freedom" in lines
    assert "Integrator: LangevinMiddleIntegrator, steps of 0.002 ps, 300 K, friction 1/ps" in lines
    assert (
        "Part 1 begins with velocities that were drawn, at step 0 (0 ps), until step 100." in lines
    )
    assert (
        "every 50 steps in sim.part0001.trr; energies every 100 steps in sim.part0001.energies.csv"
        in lines
    )
    table = await engine.energies()
    assert (
        "Ended as planned at step 100 (0.2 ps), potential energy "
        f"{table['Potential energy'][1]:.6g} kJ/mol, temperature {table['Temperature'][1]:.6g} K"
        in lines
    )
    assert "Part 2 continues from the checkpoint of part 1, at step 100" in later
