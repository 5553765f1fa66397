"""What a simulation that goes on finds without the evidence it needs: no frame is destroyed."""

from __future__ import annotations

import logging
import os
import struct
from pathlib import Path

import numpy as np
import pytest

from asyncmd_jupyter.engines.aside import set_aside
from asyncmd_jupyter.engines.command import CommandEngine
from asyncmd_jupyter.engines.files import EngineFiles
from asyncmd_jupyter.engines.foreign import refuse_planted
from asyncmd_jupyter.engines.gromacs import disk as gromacs
from asyncmd_jupyter.engines.gromacs.checkpoint import read_checkpoint
from asyncmd_jupyter.errors import EngineError, ForeignFileError
from asyncmd_jupyter.files.writing import cut
from asyncmd_jupyter.frames.provenance_file import record_path
from asyncmd_jupyter.frames.xdr import TrrFrame, index_frames, write_trr_frame

NSTOUT = 10


def write_part(path: Path, first: int, n_frames: int) -> bytes:
    with path.open("wb") as file:
        for step in range(first, first + n_frames * NSTOUT, NSTOUT):
            write_trr_frame(file, TrrFrame(step, step * 0.002, np.eye(3), np.zeros((2, 3)), None))
    return path.read_bytes()


def write_checkpoint(path: Path, part: int, step: int) -> None:
    """The header of one of GROMACS' checkpoints."""
    text = struct.pack(">i", 4) + b"text"
    content = struct.pack(">i", 171817) + 6 * text + struct.pack(">2i", 22, 0) + text
    content += struct.pack(">6i", *[1] * 6) + struct.pack(">iqd", part, step, step * 0.002)
    path.write_bytes(content + struct.pack(">i", 171819))
    assert read_checkpoint(path).step == step


@pytest.fixture
def files(tmp_path: Path) -> EngineFiles:
    """A simulation of two parts with three frames each, of GROMACS."""
    (tmp_path / "sim.tpr").touch()
    write_part(tmp_path / "sim.part0001.trr", 0, 3)
    write_part(tmp_path / "sim.part0002.trr", 20, 3)
    return EngineFiles(tmp_path, "sim")


def content_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


class TestGromacsWithoutCheckpoint:
    def test_logs_are_gone_as_well(self, files: EngineFiles):
        before = content_of(files.workdir)
        for look in (gromacs.drop_after_checkpoint, lambda f: gromacs.read_disk(f, "trr", NSTOUT)):
            with pytest.raises(EngineError, match=r"part0001\.trr has no log.*last frame of its"):
                look(files)
        assert content_of(files.workdir) == before

    @pytest.mark.parametrize("log", [b"", None])
    def test_a_later_part_has_no_log(self, files: EngineFiles, log: bytes | None):
        files.part(1, "log").write_bytes(b"GROMACS begins")
        if log is not None:
            files.part(2, "log").write_bytes(log)
        before = content_of(files.workdir)
        with pytest.raises(EngineError, match=r"sim\.cpt is missing"):
            gromacs.drop_after_checkpoint(files)
        assert content_of(files.workdir) == before

    def test_its_log_says_that_there_was_none(self, files: EngineFiles, caplog):
        files.part(2, "trr").unlink()
        frames = files.part(1, "trr").read_bytes()
        files.part(1, "log").write_bytes(b"GROMACS begins")
        with caplog.at_level(logging.WARNING):
            gromacs.drop_after_checkpoint(files)
        assert files.parts("trr") == {}
        assert (files.workdir / "#sim.part0001.trr.1#").read_bytes() == frames
        assert (files.workdir / "#sim.part0001.log.1#").read_bytes() == b"GROMACS begins"
        assert "begins again at step 0" in caplog.text
        assert "kept as #sim.part0001.log.1#, #sim.part0001.trr.1#" in caplog.text


def test_gromacs_parts_after_the_checkpoint_are_kept(files: EngineFiles, caplog):
    write_checkpoint(files.path("cpt"), 1, 10)
    second = files.part(2, "trr").read_bytes()
    files.part(2, "edr").write_bytes(b"energies")
    (files.workdir / "sim.confout.part0002.gro").write_bytes(b"last")
    (files.workdir / "sim2.part0002.trr").write_bytes(second)
    with caplog.at_level(logging.WARNING):
        gromacs.drop_after_checkpoint(files)
    assert list(index_frames(files.part(1, "trr")).steps) == [0, 10]
    assert list(files.parts("trr")) == [1]
    kept = {path.name for path in files.workdir.glob("#*#")}
    names = ("sim.part0002.trr", "sim.part0002.edr", "sim.confout.part0002.gro")
    assert kept == {f"#{name}.1#" for name in names}
    assert (files.workdir / "#sim.part0002.trr.1#").read_bytes() == second
    assert (files.workdir / "sim2.part0002.trr").exists()
    assert "part 1 at step 10" in caplog.text


def test_a_part_without_frames_stays(files: EngineFiles, caplog):
    """A program that was ended before its first frame leaves nothing worth a warning."""
    write_checkpoint(files.path("cpt"), 2, 40)
    files.part(3, "log").write_bytes(b"begins")
    files.part(3, "trr").touch()
    gromacs.drop_after_checkpoint(files)
    assert not caplog.messages
    assert not list(files.workdir.glob("#*"))


def test_names_that_are_taken(tmp_path: Path):
    for number in (1, 2, 3):
        path = tmp_path / "sim.part0001.trr"
        path.write_text(f"{number}")
        record_path(path).write_text(f"record {number}")
        aside = set_aside(path)
        assert aside.name == f"#sim.part0001.trr.{number}#"
        assert aside.read_text() == f"{number}"
        assert record_path(aside).read_text() == f"record {number}"
    assert EngineFiles(tmp_path, "sim").parts("trr") == {}
    assert CommandEngine.files_of_parts(tmp_path, "sim", "trr") == []


class TestPlantedLinks:
    @pytest.mark.parametrize(
        "name",
        [
            *("sim.part0003.trr", "sim.part0003.log", "sim.confout.part0003.gro"),
            *("sim_step20.cpt", "sim_rotation.part0004.xvg", "sim.part0003_pullx.xvg"),
        ],
    )
    @pytest.mark.parametrize("kind", ["link", "link to nowhere", "fifo"])
    def test_where_the_next_part_is_written(self, files: EngineFiles, name: str, kind: str):
        path, victim = files.workdir / name, files.workdir / "victim"
        if kind == "fifo":
            os.mkfifo(path)
        else:
            path.symlink_to(victim)
            if kind == "link":
                victim.write_text("mine")
        with pytest.raises(EngineError, match="remove it"):
            refuse_planted(files, 3)

    def test_archived_parts_may_be_links(self, files: EngineFiles):
        archived = files.workdir / "archive.trr"
        files.part(1, "trr").rename(archived)
        files.part(1, "trr").symlink_to(archived)
        (files.workdir / "sim2.part0003.trr").symlink_to(archived)
        refuse_planted(files, 3)

    def test_nothing_is_cut_through_a_link(self, files: EngineFiles):
        victim = files.workdir / "victim.trr"
        before = write_part(victim, 0, 5)
        for number in (1, 2):
            files.part(number, "trr").unlink()
        files.part(1, "trr").symlink_to(victim)
        write_checkpoint(files.path("cpt"), 1, 10)
        with pytest.raises(ForeignFileError, match=r"part0001\.trr is a link"):
            gromacs.drop_after_checkpoint(files)
        with pytest.raises(ForeignFileError, match="nothing is cut off"):
            cut(files.part(1, "trr"), 0)
        assert victim.read_bytes() == before

    def test_a_pipe_in_place_of_a_checkpoint(self, files: EngineFiles):
        os.mkfifo(files.path("cpt"))
        with pytest.raises(ForeignFileError, match="not a regular file"):
            gromacs.read_disk(files, "trr", NSTOUT)
