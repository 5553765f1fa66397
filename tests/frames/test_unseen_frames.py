"""Frames, boxes and first lines that readers underneath do not see: read, or refused by name."""

from __future__ import annotations

import bz2
import gzip
import sys
from pathlib import Path

import numpy as np
import pytest
from frame_samples import write_gro, write_xdr

from asyncmd_jupyter.frames.concatenate import TrajectoryConcatenator
from asyncmd_jupyter.frames.extract import NoModificationFrameExtractor
from asyncmd_jupyter.frames.read import read_frame
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.trajectory.functionwrapper import PyTrajectoryFunctionWrapper

CELL = "CRYST1   {0:6.3f}   {0:6.3f}   {0:6.3f}  90.00  90.00  90.00 P 1           1\n"
UNIT = "CRYST1    1.000    1.000    1.000  90.00  90.00  90.00 P 1           1\n"


def gro_frame(number: int, box: str = "   5.00000   5.00000   5.00000", n_atoms: int = 3) -> str:
    lines = [f"water t= {2.5 * number:.3f} step= {500 * number}", f"{n_atoms}"]
    for atom in range(n_atoms):
        x, y, z = 0.1 + number, 0.1 * atom, 0.5
        name = ("OW", "HW1", "HW2")[atom % 3]
        lines.append(f"    1SOL  {name:>5}{atom + 1:5d}{x:8.3f}{y:8.3f}{z:8.3f}")
    return "\n".join([*lines, box]) + "\n"


def pdb_atoms(number: int) -> str:
    return "".join(
        f"ATOM  {atom:5d}  {name:<3} SOL A   1    {10 * number + 1:8.3f}{atom:8.3f}{5:8.3f}"
        f"  1.00  0.00           {name[0]}\n"
        for atom, name in enumerate(("OW", "HW1", "HW2"), 1)
    )


def xs_and_boxes(path: Path) -> tuple[list[float], list[float]]:
    trajectory = Trajectory(path, path)
    frames = [read_frame(trajectory, number) for number in range(len(trajectory))]
    xs = [round(float(frame.positions[0, 0]), 3) for frame in frames]
    return xs, [0.0 if f.box is None else round(float(f.box[0, 0]), 3) for f in frames]


class TestGro:
    three = gro_frame(0) + gro_frame(1, "6 6 6") + gro_frame(2, "7 7 7")

    @pytest.mark.parametrize("ending", ["", ".gz", ".bz2"])
    def test_all_frames_are_read(self, tmp_path: Path, ending: str):
        write = {"": bytes, ".gz": gzip.compress, ".bz2": bz2.compress}[ending]
        path = tmp_path / f"traj.gro{ending}"
        path.write_bytes(write(self.three.encode()))
        assert xs_and_boxes(path) == ([0.1, 1.1, 2.1], [5, 6, 7])
        table = Trajectory(path, path).frame_table()
        assert table.times.tolist() == [0, 2.5, 5]
        assert table.steps.tolist() == [0, 500, 1000]

    @pytest.mark.parametrize("end", ["\n\n \n", "\r\n"])
    def test_ends_of_lines_and_of_the_file(self, tmp_path: Path, end: str):
        path = tmp_path / "traj.gro"
        text = self.three.replace("\n", "\r\n") if "\r" in end else self.three + end
        path.write_bytes(text.encode())
        assert xs_and_boxes(path)[0] == [0.1, 1.1, 2.1]

    def test_a_frame_of_them_is_extracted(self, tmp_path: Path):
        path = tmp_path / "traj.gro"
        path.write_text(self.three)
        last = NoModificationFrameExtractor().extract(
            tmp_path / "last.xtc", Trajectory(path, path), -1
        )
        assert (last.last_time, last.last_step) == (5, 1000)
        frame = read_frame(last, 0)
        assert (round(float(frame.positions[0, 0]), 3), float(frame.box[0, 0])) == (2.1, 7)

    @pytest.mark.parametrize("zeros", ["0 0 0", "   0.00000   0.00000   0.00000", "0 " * 9])
    def test_a_box_of_zeros_is_none(self, tmp_path: Path, zeros: str):
        path = tmp_path / "conf.gro"
        path.write_text(gro_frame(0, zeros))
        assert xs_and_boxes(path) == ([0.1], [0])

    def test_velocities(self, tmp_path: Path):
        text = gro_frame(0).splitlines()
        moving = [line + "  0.1000  0.2000 -0.3000" for line in text[2:5]]
        path = tmp_path / "conf.gro"
        path.write_text("\n".join([*text[:2], *moving, text[5]]) + "\n")
        velocities = read_frame(Trajectory(path, path), 0).velocities
        assert np.allclose(velocities, [[0.1, 0.2, -0.3]] * 3, atol=1e-6)

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            (gro_frame(0) + gro_frame(1)[:-40], r"ends within frame 1"),
            (gro_frame(0) + gro_frame(1, n_atoms=6), "Frame 1 of .* has 6 atoms, the first one 3"),
            (gro_frame(0) + "what is this?\n", "Frame 1 of .* has no number of atoms"),
        ],
    )
    def test_what_is_wrong_is_told(self, tmp_path: Path, text: str, said: str):
        path = tmp_path / "traj.gro"
        path.write_text(text)
        with pytest.raises(ValueError, match=said):
            len(Trajectory(path, path))

    async def test_a_function_that_sees_fewer_is_told_why(self, runtime, tmp_path: Path):
        def first_x(traj: Trajectory) -> np.ndarray:
            import MDAnalysis as mda

            universe = mda.Universe(traj.structure_file, *traj.trajectory_files)
            return np.array([ts.positions[0, 0] for ts in universe.trajectory])

        path = tmp_path / "traj.gro"
        path.write_text(self.three)
        wrapped = PyTrajectoryFunctionWrapper(first_x)
        with pytest.raises(ValueError, match=r"3 frames is needed.*traj\.gro.*convert it to \.xtc"):
            await wrapped(Trajectory(path, path))
        whole = [(0, None, 1)]
        xtc = TrajectoryConcatenator().concatenate(
            [Trajectory(path, path)], whole, tmp_path / "traj.xtc"
        )
        assert np.allclose(await wrapped(xtc), [1, 11, 21], atol=0.01)

    def test_others_still_get_the_reader_of_mdanalysis(self, tmp_path: Path):
        import MDAnalysis as mda

        path = write_gro(tmp_path / "conf.gro")
        len(Trajectory(path, path))
        readers = {mda._READERS[name].__module__ for name in ("GRO", "PDB", "XTC", "TRR")}
        assert all(module.startswith("MDAnalysis.") for module in readers)


class TestPdb:
    def test_frames_of_vmd(self, tmp_path: Path):
        path = tmp_path / "vmd.pdb"
        path.write_text("".join(CELL.format(50 + k) + pdb_atoms(k) + "END\n" for k in range(3)))
        assert xs_and_boxes(path) == ([0.1, 1.1, 2.1], [5, 5.1, 5.2])

    def test_one_box_for_all_models(self, tmp_path: Path):
        path = tmp_path / "models.pdb"
        models = "".join(f"MODEL     {k + 1}\n{pdb_atoms(k)}ENDMDL\n" for k in range(3))
        path.write_text(f"{CELL.format(50)}{models}END\n")
        assert xs_and_boxes(path) == ([0.1, 1.1, 2.1], [5, 5, 5])

    def test_a_box_for_each_model(self, tmp_path: Path):
        path = tmp_path / "models.pdb"
        path.write_text(
            "".join(
                f"{CELL.format(50 + k)}MODEL     {k + 1}\n{pdb_atoms(k)}ENDMDL\n" for k in range(3)
            )
        )
        assert xs_and_boxes(path) == ([0.1, 1.1, 2.1], [5, 5.1, 5.2])

    def test_gzip(self, tmp_path: Path):
        path = tmp_path / "one.pdb.gz"
        path.write_bytes(gzip.compress(f"{CELL.format(50)}{pdb_atoms(1)}END\n".encode()))
        assert xs_and_boxes(path) == ([1.1], [5])

    @pytest.mark.parametrize("cell", ["", UNIT, CELL.format(0)])
    def test_no_box(self, tmp_path: Path, cell: str):
        path = tmp_path / "one.pdb"
        path.write_text(f"{cell}{pdb_atoms(1)}END\n")
        assert xs_and_boxes(path) == ([1.1], [0])

    def test_frames_of_different_molecules_are_none(self, tmp_path: Path):
        path = tmp_path / "two.pdb"
        for more in ("", pdb_atoms(2)):
            path.write_text(f"{pdb_atoms(0)}END\n{pdb_atoms(1)}{more or pdb_atoms(1)[:81]}END\n")
            with pytest.raises(ValueError, match=r"two\.pdb.*atoms|atoms.*two\.pdb"):
                len(Trajectory(path, path))


@pytest.mark.parametrize("ending", ["pdbqt", "pqr"])
def test_models_that_would_be_one_frame_are_refused(tmp_path: Path, ending: str):
    atom = {
        "pdbqt": "ATOM      1  C   LIG A   1       1.000   2.000   3.000  0.00  0.00     0.002 C\n",
        "pqr": "ATOM      1  C   LIG     1       1.000   2.000   3.000  0.002  1.700\n",
    }[ending]
    path = tmp_path / f"docked.{ending}"
    path.write_text(f"MODEL 1\n{atom}ENDMDL\nMODEL 2\n{atom}ENDMDL\n")
    with pytest.raises(ValueError, match=rf"docked\.{ending} has 2 models"):
        len(Trajectory(path, path))
    path.write_text(atom)
    assert len(Trajectory(path, path)) == 1


def test_mmcif_without_its_reader_is_refused_by_name(tmp_path: Path, monkeypatch):
    monkeypatch.setitem(sys.modules, "gemmi", None)
    path = tmp_path / "x.cif"
    path.write_text("data_x\n")
    with pytest.raises(ValueError, match=r"x\.cif is mmCIF.*pip install gemmi"):
        len(Trajectory(path, path))


ENCODINGS = {
    "utf-8-sig": (r"begins with the byte order mark of UTF-8.*tail -c \+4 x\.pdb > new_x\.pdb"),
    "utf-16": r"begins with the byte order mark of UTF-16.*iconv -f utf-16",
    "latin-1": r"line 1: byte 0xfc is not UTF-8.*iconv -f latin1",
}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_what_mdanalysis_can_not_decode_is_refused_by_name(tmp_path: Path, encoding: str):
    path = tmp_path / "x.pdb"
    name = "M\u00fcller" if encoding == "latin-1" else "nobody"
    path.write_bytes(f"REMARK   1 {name}\n{CELL.format(50)}{pdb_atoms(0)}".encode(encoding))
    with pytest.raises(ValueError, match=rf"x\.pdb.*{ENCODINGS[encoding]}"):
        len(Trajectory(path, path))


def test_a_structure_with_a_mark_is_refused_with_a_trajectory(tmp_path: Path):
    path = tmp_path / "x.pdb"
    path.write_bytes(pdb_atoms(0).encode("utf-8-sig"))
    xtc = write_xdr(tmp_path / "x.xtc", n_atoms=3)
    with pytest.raises(ValueError, match=r"x\.pdb begins with the byte order mark"):
        len(Trajectory(xtc, path))


@pytest.mark.filterwarnings("ignore")  # writers of MDAnalysis say it, too
@pytest.mark.parametrize("ending", ["xtc", "trr", "dcd", "ncdf", "gro", "pdb", "xyz"])
def test_no_box_stays_no_box_whatever_is_written(tmp_path: Path, ending: str):
    path = tmp_path / "conf.gro"
    path.write_text(gro_frame(0, "0 0 0"))
    out = tmp_path / f"out.{ending}"
    NoModificationFrameExtractor().extract(out, Trajectory(path, path), 0)
    assert read_frame(Trajectory(out, path), 0).box is None
