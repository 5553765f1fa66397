"""What a worker runs is what its engine wrote, whoever can write to the folder."""

import os
import pickle
import threading
from contextlib import suppress
from dataclasses import asdict, replace

import openmm
import pytest
from engine_systems import double_well_engine
from openmm import unit

from asyncmd_jupyter.engines.openmm.physics import serialize_physics
from asyncmd_jupyter.engines.openmm.simulation import OpenMMSimulation, _state
from asyncmd_jupyter.engines.openmm.spec import SystemSpec
from asyncmd_jupyter.engines.stepping.program import run_program
from asyncmd_jupyter.engines.stepping.spec import PartSpec, digest_of_spec, write_spec
from asyncmd_jupyter.errors import ChangedFileError, EngineError

needs_python_force = pytest.mark.skipif(
    not hasattr(openmm, "PythonForce"), reason="this OpenMM has no code in its files"
)


class Payload:
    """Makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def physics():
    system = openmm.System()
    system.addParticle(1 * unit.amu)
    integrator = openmm.VerletIntegrator(0.001)
    return serialize_physics(system, integrator, 300 * unit.kelvin)


def with_payload(xml, path):
    """A System whose force is a function, which is stored as its pickle."""
    code = pickle.dumps(Payload(path)).hex()
    force = (
        f'<Force forceGroup="0" function="{code}" name="PythonForce" type="PythonForce"'
        ' usesPeriodic="0" version="2"><GlobalParameters/><Particles/></Force>'
    )
    return xml.replace("<Forces/>", f"<Forces>{force}</Forces>")


@pytest.fixture
def spec(tmp_path):
    made = physics()
    (tmp_path / "a.system.xml").write_text(made.system_xml)
    (tmp_path / "a.integrator.xml").write_text(made.integrator_xml)
    return SystemSpec(
        "a.system.xml",
        "a.integrator.xml",
        "Reference",
        system_digest=made.system_digest,
        integrator_digest=made.integrator_digest,
    )


@needs_python_force
def test_a_system_with_code_runs_it(tmp_path):
    """So that the other tests show something."""
    text = with_payload(physics().system_xml, tmp_path / "run")
    with suppress(Exception):  # it is no function
        openmm.XmlSerializer.deserialize(text)
    assert (tmp_path / "run").is_dir()


@needs_python_force
def test_a_changed_system_is_not_used(tmp_path, spec):
    OpenMMSimulation(spec, 1, tmp_path)
    path = tmp_path / "a.system.xml"
    path.write_text(with_payload(path.read_text(), tmp_path / "run"))
    with pytest.raises(ChangedFileError, match=r"a\.system\.xml.*was changed"):
        OpenMMSimulation(spec, 1, tmp_path)
    assert not (tmp_path / "run").exists()


def test_nor_is_a_changed_integrator(tmp_path, spec):
    (tmp_path / "a.integrator.xml").write_text("<Integrator/>")
    with pytest.raises(ChangedFileError, match=r"a\.integrator\.xml"):
        OpenMMSimulation(spec, 1, tmp_path)


@needs_python_force
def test_a_checkpoint_holds_a_state_and_nothing_else(tmp_path, spec):
    state = OpenMMSimulation(spec, 1, tmp_path).save()[1]
    assert _state(state).getTime() == 0 * unit.picosecond
    planted = with_payload(physics().system_xml, tmp_path / "run")
    for text in (planted, planted.replace("System", "State", 1).replace("</System", "</State")):
        with pytest.raises(EngineError, match="something else than a state"):
            _state(text)
    assert not (tmp_path / "run").exists()


def test_a_changed_specification_is_not_computed(tmp_path, spec):
    made = []
    part = PartSpec(asdict(spec), 1, "a.start.npz", "a.cpt", "a.part0001.trr", 10, 10)
    path = tmp_path / "a.part0001.json"
    write_spec(replace(part, last_step=20), path)
    arguments = [str(path), digest_of_spec(part)]
    with pytest.raises(SystemExit, match="was changed since the engine wrote it"):
        run_program(arguments, threading.Event(), lambda *_: made.append(1))
    assert not made


def test_files_of_another_version_are_written_once_more(tmp_path):
    engine, path = double_well_engine(), tmp_path / "a.system.xml"
    engine._write_physics(tmp_path, "a")
    before = path.read_bytes()
    path.write_bytes(before + b"\n")
    engine._write_physics(tmp_path, "a")
    assert path.read_bytes() == before
    written = path.stat().st_ino
    engine._write_physics(tmp_path, "a")
    assert path.stat().st_ino == written
