"""Masses and constraints that engines know, and velocities drawn with them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest
from engine_systems import ALANINE, FORCE_FIELD, double_well_engine, double_well_system
from gromacs_systems import STEM, gromacs_engine

from asyncmd_jupyter.engines.gromacs.run_input import constraints_in
from asyncmd_jupyter.engines.openmm import OpenMMEngine
from asyncmd_jupyter.errors import EngineError
from asyncmd_jupyter.frames.extract import RandomVelocitiesFrameExtractor
from asyncmd_jupyter.mdengine import MDEngine
from asyncmd_jupyter.testing import ToyEngine

AMBER = {"H": 1.008, "C": 12.01, "N": 14.01, "O": 16.0}


def heavy_hydrogens(**changes) -> OpenMMEngine:
    """Alanine dipeptide with hydrogens of 3 amu, the difference taken from their partners."""
    from openmm import app

    options = {"constraints": app.HBonds, "nonbondedMethod": app.NoCutoff, "hydrogenMass": 3.0}
    parameters = {"timestep": 0.004, "nstout": 10, "seed": 1, **changes}
    return OpenMMEngine.from_pdb(ALANINE, *FORCE_FIELD, create_system=options, **parameters)


class Minimal(MDEngine):
    """No more than the abstract methods."""

    async def apply_constraints(self, conf_in, conf_out_name, *, workdir="."): ...

    async def generate_velocities(self, conf_in, conf_out_name, *, workdir="."): ...

    async def prepare(self, starting_configuration, workdir, deffnm): ...

    async def prepare_from_files(self, workdir, deffnm): ...

    async def run(self, nsteps=None, walltime=None, steps_per_part=False): ...

    current_trajectory = steps_done = frames_done = nstout = dt = None


def check_fixed(engine) -> None:
    """Masses can't be used to change an engine."""
    before = engine.masses.copy()
    with pytest.raises(ValueError, match="read-only"):
        engine.masses[0] = 1.0
    with pytest.raises(ValueError, match="WRITEABLE"):
        engine.masses.flags.writeable = True
    with pytest.raises(AttributeError):
        engine.masses = before
    if len(engine.constraints):
        engine.constraints[0] = 99
        assert engine.constraints.max() < len(before)
    assert np.array_equal(engine.masses, before)
    assert engine.masses.dtype == np.float64


def test_those_of_openmm_are_those_of_the_system():
    engine = heavy_hydrogens()
    masses = engine.masses
    assert masses.shape == (22,)
    assert np.isclose(masses, 3.0).sum() == 12
    assert masses.sum() == pytest.approx(144.2, abs=0.1)
    assert engine.constraints.shape == (12, 2)
    assert engine.removes_com
    check_fixed(engine)


def test_those_of_a_model(manager):
    engine = double_well_engine(3)
    assert engine.masses.tolist() == [40.0] * 3
    assert engine.constraints.shape == (0, 2)
    assert not engine.removes_com
    check_fixed(engine)


def test_drude_oscillators_have_to_be_drawn_by_the_engine():
    import openmm

    system = double_well_system(2)
    drude = openmm.DrudeForce()
    drude.addParticle(1, 0, -1, -1, -1, -1.0, 0.001, 1.0, 1.0)
    system.addForce(drude)
    engine = OpenMMEngine(system, positions=np.zeros((2, 3)))
    assert engine.constraints is None
    with pytest.raises(ValueError, match=r"Drude\): use engine.generate_velocities"):
        RandomVelocitiesFrameExtractor.of(engine)


def test_that_of_the_toy():
    engine = ToyEngine(mass=12.5, launcher="memory")
    assert engine.masses.tolist() == [12.5]
    check_fixed(engine)


def test_an_engine_that_does_not_know_them_says_what_to_add():
    engine = Minimal()
    with pytest.raises(NotImplementedError, match=r"Minimal .* give it a property 'masses'"):
        _ = engine.masses
    assert engine.constraints is None
    with pytest.raises(NotImplementedError, match="property 'masses'"):
        RandomVelocitiesFrameExtractor.of(engine, 300)


def test_an_extractor_takes_what_an_engine_knows():
    engine = heavy_hydrogens(temperature=310)
    extractor = RandomVelocitiesFrameExtractor.of(engine, seed=3)
    assert (extractor.T, extractor.seed, extractor.remove_com) == (310, 3, True)
    assert np.array_equal(extractor.masses, engine.masses)
    assert np.array_equal(extractor.constraints, engine.constraints)
    assert not RandomVelocitiesFrameExtractor.of(double_well_engine(2)).remove_com


@pytest.mark.gromacs
class TestGromacs:
    def names(self) -> list[str]:
        lines = STEM.with_suffix(".gro").read_text().splitlines()[2:-1]
        return [line[10:15].strip() for line in lines]

    def test_they_are_those_of_the_topology(self, manager):
        engine = gromacs_engine()
        names = self.names()
        assert engine.masses == pytest.approx([AMBER[name[0]] for name in names], rel=1e-6)
        hydrogens = {int(i) for i in np.flatnonzero([name[0] == "H" for name in names])}
        assert {int(b) for _, b in engine.constraints} | {
            int(a) for a, _ in engine.constraints
        } >= hydrogens
        assert engine.constraints.shape == (12, 2)
        check_fixed(engine)

    async def test_a_prepared_engine_has_those_of_its_run_input(
        self, manager, tmp_path: Path, monkeypatch
    ):
        engine = gromacs_engine()
        await engine.prepare(None, tmp_path, "sim")
        monkeypatch.setattr(engine, "_grompped", None)  # would be called for another one
        masses = await asyncio.to_thread(lambda: engine.masses)
        assert masses == pytest.approx([AMBER[name[0]] for name in self.names()], rel=1e-6)

    def test_they_are_read_once_and_anew_after_a_change(self, manager, tmp_path: Path):
        topology = tmp_path / "own.top"
        topology.write_text(STEM.with_suffix(".top").read_text())
        engine = gromacs_engine(top_file=topology)
        assert engine.constraints.shape == (12, 2)
        made = engine._read_run_input()
        _ = engine.masses, engine.clone(1).masses, engine.constraints
        assert engine.clone(2)._read_run_input() is engine._read_run_input() is made
        engine.mdp["constraints"] = "all-bonds"
        assert engine.constraints.shape == (21, 2)

    def test_with_frozen_groups_the_engine_has_to_draw(self, manager):
        engine = gromacs_engine(changes={"freezegrps": ["System"], "freezedim": ["Y", "N", "N"]})
        assert engine.constraints is None

    def test_without_a_dump_only_the_constraints_are_unknown(self, manager, tmp_path: Path):
        own = tmp_path / "my-grompp"
        own.write_text('#!/bin/sh\nexec gmx grompp "$@"\n')
        own.chmod(0o755)
        engine = gromacs_engine(grompp_executable=[str(own)])
        assert (len(engine.masses), engine.constraints) == (22, None)

    def test_a_failing_grompp_is_quoted(self, manager):
        engine = gromacs_engine(changes={"no-such-option": 1})
        with pytest.raises(EngineError, match=r"(?s)masses are read.*Unknown left-hand"):
            _ = engine.masses


def test_a_dump_of_another_format_is_not_believed():
    known = """\
   molblock (0):
      moltype              = 1 "SOL"
      #molecules                     = 2
   moltype (0):
         atom (2):
      Constraint:
         iatoms:
            0 type=7 (CONSTR) 0 1
   moltype (1):
         atom (3):
      Constraint:
         nr: 0
            0 type=9 (SETTLE)   0   1   2
box (3x3):
      Constraint:
"""
    pairs, counted = constraints_in(known.splitlines())
    assert pairs.tolist() == [[0, 1], [0, 2], [1, 2], [3, 4], [3, 5], [4, 5]]
    assert counted == 6
    assert constraints_in(known.replace("Constraint:", "Fixed:").splitlines())[1] == 0
    assert constraints_in(["nothing"])[1] == 0
