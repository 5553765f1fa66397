import subprocess
import sys

import numpy as np
import pytest

from asyncmd_jupyter.examples import alanine_dipeptide
from asyncmd_jupyter.frames.xdr import TrrFrame, write_trr_frame
from asyncmd_jupyter.jupyter.widgets import stage
from asyncmd_jupyter.jupyter.widgets.look import Look
from asyncmd_jupyter.jupyter.widgets.nglview_shim import installed_front_end
from asyncmd_jupyter.jupyter.widgets.projection import AtomsDrawn, draw_projection, principal_axes
from asyncmd_jupyter.jupyter.widgets.representations import representations
from asyncmd_jupyter.jupyter.widgets.structure_text import shown_structure
from asyncmd_jupyter.jupyter.widgets.walker_frames import WalkerFrames


def python(code):
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=False
    )


def test_nglview_asks_for_the_front_end_that_is_installed():
    done = python(
        "from asyncmd_jupyter.jupyter.widgets.nglview_shim import load_nglview\n"
        "print(load_nglview().NGLWidget._view_module_version.default_value)"
    )
    assert done.stdout.strip() == installed_front_end(), done.stderr


def test_an_nglview_that_was_imported_before_is_noticed():
    done = python(
        "import sys, types\n"
        "sys.modules['nglview._frontend'] = early = types.ModuleType('early')\n"
        "early.__frontend_version__ = '999.0'\n"
        "import nglview\n"
        "from asyncmd_jupyter.jupyter.widgets.nglview_shim import load_nglview\n"
        "load_nglview()"
    )
    assert "asks for front end 999.0" in done.stderr
    assert "Restart the kernel" in done.stderr


def test_importing_the_rooms_modules_loads_no_nglview():
    code = (
        "import sys, asyncmd_jupyter.jupyter.magics, asyncmd_jupyter.jupyter.widgets.run\n"
        "print([m for m in ('nglview', 'matplotlib', 'MDAnalysis', 'openmm') if m in sys.modules])"
    )
    done = python(code)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


def test_without_nglview_a_projection_is_shown(monkeypatch, wire, here):
    monkeypatch.delitem(sys.modules, "asyncmd_jupyter.jupyter.widgets.ngl_stage", raising=False)
    monkeypatch.setitem(sys.modules, "nglview", None)
    made, problem = stage.make_stage(shown_structure(alanine_dipeptide()))
    assert type(made).__name__ == "ProjectionStage"
    assert "flat projection: nglview" in problem


async def test_the_projection_has_ink(wire, here):
    from asyncmd_jupyter.jupyter.widgets.projection import ProjectionStage

    made = ProjectionStage(shown_structure(alanine_dipeptide()))
    await made.show(np.random.default_rng(0).normal(size=(22, 3)).astype(np.float32) * 4)
    assert made.widget.png.startswith(b"\x89PNG")
    assert "22 atoms" in made.widget.alt


def test_the_projection_shows_the_largest_extent():
    points = np.zeros((10, 3), dtype=np.float32)
    points[:, 2] = np.arange(10)
    assert abs(principal_axes(points)[0]).tolist() == pytest.approx([0, 0, 1])
    assert principal_axes(points[:1]).shape == (3, 3)
    assert draw_projection(points, AtomsDrawn(("C",) * 10), Look())


def test_small_molecules_are_balls_and_sticks():
    shown = shown_structure(alanine_dipeptide())
    assert shown.n_atoms == 22
    assert shown.chosen is None
    assert [r["type"] for r in representations(shown)] == ["ball+stick"]


def pdb_line(serial, name, resname, resid, element):
    return (
        f"ATOM  {serial % 100000:5d} {name:<4} {resname:<4}A{resid % 10000:4d}    "
        f"{1.0:8.3f}{2.0:8.3f}{3.0:8.3f}  1.00  0.00          {element:>2}"
    )


def solvated(path, n_residues, n_waters):
    lines, serial = [], 0
    for residue in range(n_residues):
        for name in ("N", "CA", "C", "O", "CB"):
            serial += 1
            lines.append(pdb_line(serial, name, "ALA", residue + 1, name[0]))
    for water in range(n_waters):
        for name in ("O", "H1", "H2"):
            serial += 1
            lines.append(pdb_line(serial, name, "HOH", n_residues + water + 1, name[0]))
    path.write_text("\n".join([*lines, "END"]))
    return path


def test_much_water_is_left_out_and_said(tmp_path):
    shown = shown_structure(solvated(tmp_path / "a.pdb", 30, 501))
    assert shown.note == "Shown: 150 of 1,653 atoms (no water)."
    assert shown.n_atoms == 150
    assert shown.chosen.tolist() == list(range(150))
    assert [r["type"] for r in representations(shown)] == ["cartoon", "licorice"]


def test_little_water_is_lines(tmp_path):
    shown = shown_structure(solvated(tmp_path / "a.pdb", 1, 20))
    assert [r["type"] for r in representations(shown)] == ["ball+stick", "line"]
    assert shown.note == ""


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_other_formats_go_through_mdanalysis(tmp_path):
    import MDAnalysis

    gro = tmp_path / "a.gro"
    MDAnalysis.Universe(str(alanine_dipeptide())).atoms.write(str(gro))
    shown = shown_structure(gro)
    assert shown.n_atoms == 22
    assert " ALA " in shown.pdb()


async def test_a_psf_file_is_shown_like_its_pdb_file(tmp_path):
    from openmm import app

    from asyncmd_jupyter.engines.openmm import OpenMMEngine

    options = {"create_system": {"constraints": app.HBonds, "hydrogenMass": 3.0}}
    fields = ("amber99sbildn.xml", "amber99_obc.xml")
    engine = OpenMMEngine.from_pdb(alanine_dipeptide(), *fields, **options)
    await engine.prepare(None, tmp_path, "sim")
    assert engine.structure_of(engine._files) == tmp_path / "sim.psf"
    psf, pdb = (shown_structure(tmp_path / f"sim.{ending}") for ending in ("psf", "pdb"))
    assert psf.elements == pdb.elements
    assert (psf.kinds, psf.counts) == (pdb.kinds, pdb.counts)
    assert [line[12:27] for line in psf.lines] == [line[12:27] for line in pdb.lines]


def write_part(path, first, last, shift=0.0):
    with path.open("wb") as file:
        for i in range(first, last):
            positions = np.full((22, 3), i + shift, dtype=np.float32)
            write_trr_frame(file, TrrFrame(i * 50, i * 0.2, np.eye(3), positions, None))


def test_parts_are_one_row_of_frames_without_the_doubled_one(tmp_path):
    write_part(tmp_path / "a.trr", 0, 4)
    write_part(tmp_path / "b.trr", 3, 6)
    frames = WalkerFrames(alanine_dipeptide())
    assert frames.follow([tmp_path / "a.trr"]) == 4
    assert frames.follow([tmp_path / "a.trr", tmp_path / "b.trr", tmp_path / "c.trr"]) == 6
    assert [frames.positions(i)[0, 0] for i in range(6)] == [0, 10, 20, 30, 40, 50]
    assert frames.times.tolist() == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0])
    with pytest.raises(IndexError, match="no frame 6"):
        frames.positions(6)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_xtc_frames_are_read_too(tmp_path, here):
    import MDAnalysis

    path = tmp_path / "a.xtc"
    universe = MDAnalysis.Universe(str(alanine_dipeptide()))
    with MDAnalysis.Writer(str(path), n_atoms=22) as writer:
        for i in range(3):
            universe.trajectory.ts.frame = i
            universe.atoms.positions = np.full((22, 3), float(i), dtype=np.float32)
            writer.write(universe.atoms)
    frames = WalkerFrames(alanine_dipeptide())
    assert frames.follow([path]) == 3
    assert frames.positions(2)[0, 0] == pytest.approx(2.0, abs=0.01)
