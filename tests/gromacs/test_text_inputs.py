"""Texts that GROMACS would read as something else."""

from __future__ import annotations

import gzip
import subprocess
from pathlib import Path

import pytest
from gromacs_systems import STEM, gromacs_engine

from asyncmd_jupyter.frames.trajectory import Trajectory

pytestmark = pytest.mark.gromacs


def copy_of(folder: Path, ending: str, encoding: str, first: str = "") -> Path:
    path = folder / f"x.{ending}"
    path.write_bytes((first + STEM.with_suffix(f".{ending}").read_text()).encode(encoding))
    return path


def test_grompp_ignores_what_is_behind_a_mark(tmp_path: Path):
    """Which is why we refuse it: should it fail one day, GROMACS tells people itself."""
    copy_of(tmp_path, "top", "utf-8-sig", "#define FLEXIBLE\n")
    files = {"-f": ".mdp", "-c": ".gro"}
    words = [word for name in files for word in (name, str(STEM.with_suffix(files[name])))]
    command = ["gmx", "-quiet", "grompp", *words, "-p", "x.top", "-o", "x.tpr"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)


@pytest.mark.parametrize(("encoding", "way_out"), [("utf-8-sig", "tail"), ("utf-16", "iconv")])
def test_a_mark_is_refused(tmp_path: Path, encoding: str, way_out: str):
    top = copy_of(tmp_path, "top", encoding)
    said = rf"x\.top begins with the byte order mark.*{way_out}"
    with pytest.raises(ValueError, match=said):
        gromacs_engine(top_file=top)
    engine = gromacs_engine()
    with pytest.raises(ValueError, match=said):
        engine.top_file = top
    index = tmp_path / "index.ndx"
    index.write_bytes("[ System ]\n1 2 3\n".encode(encoding))
    with pytest.raises(ValueError, match=r"index\.ndx begins with the byte order mark"):
        gromacs_engine(ndx_file=index)


def test_it_is_refused_in_files_that_a_topology_includes(tmp_path: Path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/own.itp").write_bytes("#define FLEXIBLE\n".encode("utf-8-sig"))
    (tmp_path / "folder/more.itp").write_text('#include "own.itp"\n#include "more.itp"\n')
    top = copy_of(tmp_path, "top", "utf-8", '#include "folder/more.itp"\n')
    with pytest.raises(ValueError, match=r"own\.itp begins with the byte order mark"):
        gromacs_engine(top_file=top)


def test_structures(tmp_path: Path):
    with pytest.raises(ValueError, match=r"x\.gro begins with the byte order mark of UTF-16"):
        gromacs_engine(gro_file=copy_of(tmp_path, "gro", "utf-16"))
    pdb = tmp_path / "x.pdb"
    pdb.write_bytes(b"\xef\xbb\xbfCRYST1\n")
    with pytest.raises(ValueError, match=r"x\.pdb begins with the byte order mark of UTF-8"):
        gromacs_engine(gro_file=pdb)
    with pytest.raises(ValueError, match=r"x\.gro, line 1: byte 0xfc"):
        gromacs_engine(gro_file=copy_of(tmp_path, "gro", "latin-1", "M\u00fcller "))
    packed = tmp_path / "x.gro.gz"
    packed.write_bytes(gzip.compress(STEM.with_suffix(".gro").read_bytes()))
    with pytest.raises(ValueError, match=r"x\.gro\.gz is compressed.*gunzip"):
        gromacs_engine(gro_file=packed)


async def test_what_gromacs_can_read_is_taken(manager, tmp_path: Path):
    gro = copy_of(tmp_path, "gro", "utf-8-sig")
    top = copy_of(tmp_path, "top", "latin-1", "; M\u00fcller\n")
    top.write_bytes(top.read_bytes().replace(b"\n", b"\r\n"))
    engine = gromacs_engine(gro_file=gro, top_file=top)
    assert engine.n_atoms == 22
    await engine.prepare(None, tmp_path, "sim")
    assert (tmp_path / "sim.tpr").exists()
    assert len(Trajectory(gro, gro)) == 1
