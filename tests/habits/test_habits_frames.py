"""What we rely on in MDAnalysis and OpenMM."""

import inspect
import warnings

import numpy as np
import openmm
import pytest
from openmm import app, unit
from reliance import relies_on

from asyncmd_jupyter.frames.gro import GroFrames
from asyncmd_jupyter.frames.mdanalysis import open_universe
from asyncmd_jupyter.frames.pdb import PdbFrames
from asyncmd_jupyter.frames.trr import TrrFrame, write_trr_frame


@pytest.fixture
def two_frames(tmp_path):
    """A TRR file of one atom, and its structure."""
    structure = tmp_path / "one.gro"
    structure.write_text("one\n    1\n    1ARG     AR    1   0.000   0.000   0.000\n 2.0 2.0 2.0\n")
    trajectory = tmp_path / "two.trr"
    with trajectory.open("wb") as file:
        for step in (0, 10):
            at = np.full((1, 3), step, np.float32)
            box = np.eye(3, dtype=np.float32)
            write_trr_frame(file, TrrFrame(step, step / 10, box, at, at))
    return structure, trajectory


def test_mdanalysis_asks_its_readers_for_offsets(two_frames):
    from MDAnalysis.coordinates.TRR import TRRReader
    from MDAnalysis.coordinates.XTC import XTCReader

    structure, trajectory = two_frames
    with open_universe(structure, [trajectory]) as universe:
        n_frames = len(universe.trajectory)
    beside = {path.suffix for path in trajectory.parent.iterdir()}
    relies_on(
        "XTCReader and TRRReader of MDAnalysis find frames by their method _load_offsets, which "
        "calls set_offsets of their _xdr",
        all("_xdr" in inspect.getsource(r) for r in (XTCReader.__mro__[1], TRRReader.__mro__[1]))
        and hasattr(XTCReader, "_load_offsets")
        and hasattr(TRRReader, "_load_offsets")
        and (n_frames, beside) == (2, {".gro", ".trr"}),
        "frames/mdanalysis.py",
    )


def test_mdanalysis_keeps_step_and_time_of_a_frame_in_its_data(two_frames):
    structure, trajectory = two_frames
    with open_universe(structure, [trajectory]) as universe:
        data = [dict(frame.data) for frame in universe.trajectory]
    relies_on(
        "MDAnalysis keeps what a TRR file says of step and time in the data of a frame",
        [(each.get("step"), each.get("time")) for each in data] == [(0, 0.0), (10, 1.0)],
        "frames/mdanalysis.py",
    )


@pytest.mark.filterwarnings("ignore:DCDReader currently makes:DeprecationWarning")
def test_mdanalysis_calls_the_number_of_a_frame_its_step_in_dcd(tmp_path):
    from MDAnalysis import Universe, Writer
    from MDAnalysis.lib.formats.libdcd import DCDFile

    universe = Universe.empty(1, trajectory=True)
    universe.dimensions = [10, 10, 10, 90, 90, 90]
    path = str(tmp_path / "two.dcd")
    with Writer(path, n_atoms=1, dt=1.0, nsavc=50, istart=100) as writer:
        for _ in range(2):
            writer.write(universe.atoms)
    with DCDFile(path) as file:
        header = file.header
    universe.load_new(path)
    relies_on(
        "MDAnalysis writes istart and nsavc into the header of a DCD file and says 'DCD' of it",
        (header["istart"], header["nsavc"], universe.trajectory.format) == (100, 50, "DCD"),
        "frames/mdanalysis.py",
    )
    universe.trajectory.close()


ATOM = "ATOM      1  AR  ARG A   1    {:8.3f}   0.000   0.000  1.00  0.00          AR\n"


def test_mdanalysis_reads_frames_of_pdb_files_between_offsets(tmp_path):
    path = tmp_path / "vmd.pdb"
    path.write_text("".join(f"{ATOM.format(x)}END\n" for x in (1, 2)))
    reader = PdbFrames(str(path))
    relies_on(
        "PDBReader of MDAnalysis reads a frame in _read_frame, from _start_offsets to "
        "_stop_offsets, and reads the first one when it is made",
        [float(frame.positions[0, 0]) for frame in reader] == [1.0, 2.0],
        "frames/pdb.py",
    )
    reader.close()


def test_mdanalysis_hands_options_to_frames(tmp_path):
    path = tmp_path / "two.gro"
    frame = "one t= {}.0\n    1\n    1ARG     AR    1   0.000   0.000   0.000\n 2.0 2.0 2.0\n"
    path.write_text(frame.format(0) + frame.format(1))
    reader = GroFrames(str(path), dt=3.0)
    relies_on(
        "ReaderBase of MDAnalysis keeps options of frames in _ts_kwargs, and reads frames by "
        "_read_next_timestep, _read_frame and _reopen",
        reader._ts_kwargs == {"dt": 3.0} and len([frame.frame for frame in reader]) == 2,
        "frames/gro.py",
    )
    reader.close()


def test_mdanalysis_warns_where_a_structure_has_no_coordinates(tmp_path):
    from MDAnalysis import Universe

    path = tmp_path / "one.psf"
    path.write_text(
        "PSF\n\n       1 !NTITLE\n REMARKS\n\n       1 !NATOM\n"
        "       1 A    1    ARG  AR   AR     0.000000       39.9480           0\n"
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        Universe(str(path), to_guess=())
    relies_on(
        "MDAnalysis begins that warning with 'No coordinate reader found'",
        any(str(each.message).startswith("No coordinate reader found") for each in caught),
        "frames/masses.py",
    )


def test_openmm_writes_xtc_frames_one_by_one(tmp_path):
    from openmm.app.internal.xtc_utils import xtc_write_frame

    from asyncmd_jupyter.frames.xdr import index_frames

    path = tmp_path / "two.xtc"
    for step in (5, 6):
        at, box = np.zeros((1, 3), np.float32), np.eye(3, dtype=np.float32)
        xtc_write_frame(str(path).encode(), at, box, np.float32(step), np.int32(step))
    relies_on(
        "openmm.app.internal.xtc_utils.xtc_write_frame appends a frame to a file",
        index_frames(path).steps.tolist() == [5, 6],
        "engines/stepping/output.py",
    )


def test_openmm_keeps_numbers_in_its_own_units():
    system = openmm.System()
    system.addParticle(39.948 * unit.amu)
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform(0))
    context.setPositions([[1.0, 2.0, 3.0]] * unit.nanometer)
    context.setVelocities([[1.0, 2.0, 3.0]] * (unit.nanometer / unit.picosecond))
    state = context.getState(positions=True, velocities=True)
    pairs = [
        (state.getPositions(asNumpy=True), unit.nanometer),
        (state.getVelocities(asNumpy=True), unit.nanometer / unit.picosecond),
        (state.getPeriodicBoxVectors(asNumpy=True), unit.nanometer),
        (system.getParticleMass(0), unit.dalton),
    ]
    relies_on(
        "_value of what OpenMM gives is in nm, ps and dalton",
        all(np.array_equal(given._value, given.value_in_unit(own)) for given, own in pairs),
        "engines/openmm/simulation.py",
    )


def test_openmm_names_the_parameters_of_an_integrator():
    from asyncmd_jupyter.engines.openmm.physics import integrator_parameters

    integrator = openmm.LangevinMiddleIntegrator(300, 2, 0.004)
    found = integrator_parameters(openmm.XmlSerializer.serialize(integrator))
    relies_on(
        "OpenMM writes stepSize, temperature and friction of an integrator as attributes of XML",
        {300.0, 2.0, 0.004} <= set(found.values()) and "randomSeed" not in found,
        "engines/openmm/physics.py",
    )


def test_openmm_says_the_day_in_remarks_only(tmp_path):
    import io

    topology = app.Topology()
    residue = topology.addResidue("ARG", topology.addChain("A"))
    topology.addAtom("AR", app.Element.getBySymbol("Ar"), residue)
    out = io.StringIO()
    app.PDBFile.writeFile(topology, np.zeros((1, 3)) * unit.nanometer, out, keepIds=True)
    lines = out.getvalue().splitlines()
    relies_on(
        "OpenMM writes the day into one line REMARK, the first one of a PDB file, and nowhere else",
        lines[0].startswith("REMARK") and not any(line[:6] == "REMARK" for line in lines[1:]),
        "engines/openmm/physics.py",
    )


def test_openmm_names_what_makes_the_forces_of_a_force_field():
    from asyncmd_jupyter.engines.openmm.create_system import has_implicit_solvent, is_charmm

    amber = ["amber99sbildn.xml"]
    fields = [app.ForceField(*amber, *more) for more in ([], ["amber99_obc.xml"])]
    scripted = app.ForceField(*amber, "implicit/obc2.xml")
    amoeba = app.ForceField("amoeba2018.xml", "amoeba2018_gk.xml")
    charmm = app.ForceField("charmm36/water.xml")
    relies_on(
        "generators of OpenMM's ForceField are called GBSAOBCGenerator, "
        "AmoebaGeneralizedKirkwoodGenerator, LennardJonesGenerator; scripts are in _scripts",
        [has_implicit_solvent(field) for field in (*fields, scripted, amoeba, charmm)]
        == [False, True, True, True, False]
        and [is_charmm(field, []) for field in (*fields, charmm)] == [False, False, True],
        "engines/openmm/create_system.py",
    )


def test_openmm_asks_barostats_for_their_interval_at_each_step():
    system = openmm.System()
    system.setDefaultPeriodicBoxVectors((3, 0, 0), (0, 3, 0), (0, 0, 3))
    system.addParticle(40.0)
    periodic = openmm.CustomBondForce("0*r")
    periodic.setUsesPeriodicBoundaryConditions(True)
    system.addForce(periodic)
    barostat = openmm.MonteCarloBarostat(1e-6, 300, 1000)
    barostat.setRandomNumberSeed(1)
    system.addForce(barostat)
    integrator = openmm.VerletIntegrator(0.001)
    context = openmm.Context(system, integrator, openmm.Platform.getPlatformByName("Reference"))
    context.setPositions([(0, 0, 0)])

    def box() -> float:
        return float(context.getState().getPeriodicBoxVectors()[0][0]._value)

    integrator.step(100)
    is_still = box() == 3.0
    barostat.setFrequency(101)  # with these, there have been as many
    integrator.step(1)
    relies_on(
        "OpenMM's barostats count steps in their Context and read their interval at each step",
        is_still and box() != 3.0,
        "engines/openmm/barostats.py",
    )
