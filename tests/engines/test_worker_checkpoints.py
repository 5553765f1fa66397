"""Checkpoints of the worker that a crash has damaged, and disks that are full."""

from __future__ import annotations

import errno
import logging
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from full_disk import at_most
from worker_parts import compute, frames

from asyncmd_jupyter.engines.files import EngineFiles
from asyncmd_jupyter.engines.stepping import checkpoint, output
from asyncmd_jupyter.engines.stepping.checkpoint import (
    Checkpoint,
    Progress,
    checked_progress,
    previous,
)
from asyncmd_jupyter.engines.stepping.configuration import Configuration
from asyncmd_jupyter.engines.stepping.disk import drop_after_checkpoint, read_disk
from asyncmd_jupyter.engines.stepping.integrate import PartRun
from asyncmd_jupyter.engines.stepping.output import open_output
from asyncmd_jupyter.engines.stepping.program import run_program
from asyncmd_jupyter.engines.stepping.spec import PartSpec, write_spec
from asyncmd_jupyter.errors import EngineError, ForeignFileError
from asyncmd_jupyter.files import retrying
from asyncmd_jupyter.frames.xdr import index_frames
from asyncmd_jupyter.testing.double_well import DoubleWell, DoubleWellSimulation

LENGTHS = [20, 30, 10]
PHYSICS = asdict(DoubleWell(seed=5))


def computed(folder: Path, lengths: list[int] = LENGTHS) -> list[bytes]:
    folder.mkdir(exist_ok=True)
    if not (folder / "start.npz").exists():
        Configuration(np.zeros((1, 3))).write(folder / "start.npz")
    return frames(compute(folder, PHYSICS, DoubleWellSimulation.from_spec, lengths))


def go_on(folder: Path, last_step: int) -> list[bytes]:
    """Compute the next part as an engine does; gives the frames of all."""
    files = EngineFiles(folder, "sim")
    number = read_disk(files, "trr").next_part
    drop_after_checkpoint(files, "trr")
    name = files.part(number, "trr").name
    spec = PartSpec(PHYSICS, number, "start.npz", "sim.cpt", name, nstout=10, last_step=last_step)
    PartRun(spec, folder, DoubleWellSimulation.from_spec, lambda: False).run()
    return frames(list(files.parts("trr").values()))


@pytest.fixture
def simulation(tmp_path: Path) -> Path:
    """A folder with a simulation of three parts."""
    computed(tmp_path / "sim")
    return tmp_path / "sim"


def places(size: int) -> list[int]:
    """Each byte at both ends, some in between."""
    ends = {*range(min(200, size)), *range(max(0, size - 200), size)}
    return sorted(ends | {*range(0, size, 13)})


def test_a_large_one_is_looked_at_in_pieces(tmp_path: Path):
    """The kernel has no use for its content, and may sit on a login node."""
    size = 30 * 2**20
    progress = Progress(step=10, part=1, size=0, frames=1, platform="CPU")
    Checkpoint(progress, bytes(size), "<State/>").write(tmp_path / "sim.cpt")
    tracemalloc.start()
    try:
        assert checked_progress(tmp_path / "sim.cpt") == progress
        assert tracemalloc.get_traced_memory()[1] < size / 10
    finally:
        tracemalloc.stop()


class TestDamaged:
    def test_cut_short(self, simulation: Path):
        files = EngineFiles(simulation, "sim")
        last = files.path("cpt")
        content, before = last.read_bytes(), Checkpoint.read(previous(last)).progress
        assert read_disk(files, "trr").steps == sum(LENGTHS)
        for n_bytes in places(len(content)):
            last.unlink()  # truncating it would wait for the disk each time
            last.write_bytes(content[:n_bytes])
            with pytest.raises(EngineError, match=r"sim\.cpt is (empty|damaged)"):
                Checkpoint.read(last)
            if n_bytes % 1000 < 7:
                assert read_disk(files, "trr").steps == before.step

    def test_zeros_at_its_end(self, simulation: Path):
        """As blocks that never reached the disk read after a crash."""
        last = simulation / "sim.cpt"
        content = last.read_bytes().rstrip(b"\0")
        with last.open("r+b", buffering=0) as file:
            for begin in reversed(range(len(content))):
                os.pwrite(file.fileno(), b"\0", begin)
                with pytest.raises(EngineError, match="is damaged"):
                    Checkpoint.read(last)

    @pytest.mark.parametrize("damage", ["missing", "empty", "torn"])
    def test_goes_on_from_the_one_before(self, simulation: Path, tmp_path: Path, caplog, damage):
        last = simulation / "sim.cpt"
        before = Checkpoint.read(previous(last)).progress.step
        if damage == "missing":
            last.unlink()
        else:
            last.write_bytes(last.read_bytes()[:100] if damage == "torn" else b"")
        with caplog.at_level(logging.WARNING):
            again = go_on(simulation, 90)
        told = caplog.messages[0]
        assert f"is {damage}".replace("torn", "damaged") in told
        assert f"goes on from sim.cpt.prev at step {before}" in told
        assert f"the {60 - before} steps" in told
        assert again == computed(tmp_path / "whole", [90])

    def test_its_frames_did_not_reach_the_disk(self, simulation: Path, tmp_path: Path, caplog):
        part = simulation / "sim.part0003.trr"
        os.truncate(part, 10)
        with caplog.at_level(logging.WARNING):
            assert go_on(simulation, 90) == computed(tmp_path / "whole", [90])
        assert "frames are lost" in caplog.text

    def test_parts_after_it_are_kept(self, simulation: Path, tmp_path: Path, caplog):
        """Somebody has put an older checkpoint back."""
        old, kept = tmp_path / "old", (simulation / "sim.part0003.trr").read_bytes()
        computed(old, LENGTHS[:2])
        (simulation / "sim.cpt").write_bytes((old / "sim.cpt").read_bytes())
        with caplog.at_level(logging.WARNING):
            assert go_on(simulation, 90) == computed(tmp_path / "whole", [90])
        assert (simulation / "#sim.part0003.trr.1#").read_bytes() == kept
        assert "kept as" in caplog.text

    def test_both_are(self, simulation: Path):
        for path in (simulation / "sim.cpt", simulation / "sim.cpt.prev"):
            path.write_bytes(b"")
        kept = {path.name: path.read_bytes() for path in simulation.iterdir()}
        with pytest.raises(EngineError, match=r"cpt is empty.*prev is empty.*last frame of its"):
            go_on(simulation, 90)
        assert kept == {path.name: path.read_bytes() for path in simulation.iterdir()}

    def test_there_is_none_before(self, simulation: Path):
        (simulation / "sim.cpt.prev").unlink()
        (simulation / "sim.cpt").write_bytes(b"PK")
        with pytest.raises(EngineError, match="There is none before it"):
            read_disk(EngineFiles(simulation, "sim"), "trr")

    def test_the_worker_does_not_begin_again_over_frames(self, simulation: Path):
        for path in (simulation / "sim.cpt", simulation / "sim.cpt.prev"):
            path.unlink()
        kept = (simulation / "sim.part0001.trr").read_bytes()
        with pytest.raises(EngineError, match="nothing is written over them"):
            computed(simulation)
        assert (simulation / "sim.part0001.trr").read_bytes() == kept


class KilledError(BaseException):
    """Stands for SIGKILL: no call to the system is made after it."""


@contextmanager
def killed_at(call: int) -> Iterator[None]:
    """Let one call to the system, and all after it, not happen."""
    made = 0
    originals = {name: getattr(os, name) for name in ("open", "write", "fsync", "link", "replace")}
    originals |= {name: getattr(os, name) for name in ("rename", "unlink")}

    def counted(name: str):
        def instead(*arguments, **options):
            nonlocal made
            made += 1
            if made >= call:
                raise KilledError(name)
            return originals[name](*arguments, **options)

        return instead

    with pytest.MonkeyPatch.context() as patch:
        for name in originals:
            patch.setattr(os, name, counted(name))
        yield


class TestKilled:
    @pytest.mark.parametrize("has_links", [True, False])
    def test_at_each_call(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_links: bool):
        if not has_links:

            def link(*_, **__) -> None:
                raise PermissionError(errno.EPERM, "this file system has no hard links")

            monkeypatch.setattr(os, "link", link)
        files = EngineFiles(tmp_path, "sim")
        (tmp_path / "start.npz").touch()

        def at(step: int) -> Checkpoint:
            return Checkpoint(Progress(step, 1, 0, 0, "here"), b"exact", "portable")

        call, is_killed = 1, True
        while is_killed:
            for step in (1, 2):
                at(step).write(files.path("cpt"))
            try:
                with killed_at(call):
                    at(3).write(files.path("cpt"))
                is_killed = False
            except KilledError:
                pass
            assert read_disk(files, "trr").steps in ((2, 3) if has_links or call != 3 else (2,))
            call += 1
        assert call > 6

    def test_by_a_signal(self, tmp_path: Path):
        program = (
            "import sys; from pathlib import Path\n"
            "from asyncmd_jupyter.engines.stepping.checkpoint import Checkpoint, Progress\n"
            "for step in range(10**9):\n"
            "    progress = Progress(step, 1, 0, 0, 'here')\n"
            "    Checkpoint(progress, bytes(100_000), 'x').write(Path(sys.argv[1]) / 'sim.cpt')\n"
            "    print(step, flush=True)\n"
        )
        (tmp_path / "start.npz").touch()
        with subprocess.Popen(
            [sys.executable, "-P", "-c", program, str(tmp_path)], stdout=subprocess.PIPE
        ) as child:
            assert child.stdout is not None
            for _ in range(5):
                told = int(child.stdout.readline())
            child.kill()
            told = int((child.stdout.read().split() or [told])[-1])
        assert read_disk(EngineFiles(tmp_path, "sim"), "trr").steps in (told, told + 1)


class TestFullDisk:
    @pytest.mark.parametrize("ending", ["xtc", "trr"])
    def test_a_frame_is_written_whole_or_not_at_all(self, tmp_path: Path, ending: str):
        path = tmp_path / f"sim.{ending}"
        written = open_output(path, keep=0)
        frame = Configuration(np.random.default_rng(1).random((500, 3)))
        for step in (0, 10):
            written.write(frame, step, step * 0.002)
        content = path.read_bytes()
        for room in (0, 1, 50, len(content) // 2 - 4):
            with at_most(len(content) + room), pytest.raises(OSError, match="sim"):
                written.write(frame, 20, 0.04)
            assert path.read_bytes() == content
        written.write(frame, 20, 0.04)
        assert list(index_frames(path).steps) == [0, 10, 20]
        assert path.read_bytes()[: len(content)] == content

    def test_silent_writers_are_told_of(self, tmp_path: Path):
        written = open_output(tmp_path / "sim.xtc", keep=0)
        with at_most(20), pytest.raises(OSError, match=r"step 7.*the file system '/.*free\)"):
            written.write(Configuration(np.zeros((500, 3))), 7, 0.0)

    def test_a_simulation_ends_with_a_sentence_and_goes_on_later(self, tmp_path: Path):
        computed(tmp_path / "sim", [20])
        files = EngineFiles(tmp_path / "sim", "sim")
        name = files.part(2, "trr").name
        spec = PartSpec(PHYSICS, 2, "start.npz", "sim.cpt", name, nstout=10, last_step=900)
        write_spec(spec, files.part(2, "json"))
        arguments = [str(files.part(2, "json"))]
        limit = files.path("cpt").stat().st_size + 300
        with at_most(limit), pytest.raises(SystemExit, match=r"File too large|written whole"):
            run_program(arguments, _Never(), DoubleWellSimulation.from_spec)
        assert not index_frames(files.part(2, "trr")).tail_bytes
        assert go_on(tmp_path / "sim", 900) == computed(tmp_path / "whole", [900])
        assert not list((tmp_path / "sim").glob(".*"))


class _Never:
    def is_set(self) -> bool:
        return False


def test_errors_that_pass_end_no_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog):
    """Each third frame and checkpoint can't be written at first; one fails within a frame."""
    monkeypatch.setattr(retrying, "PAUSES", (0.0001, 0.001))
    calls = 0

    def sometimes(call):
        def instead(*arguments, **options):
            nonlocal calls
            calls += 1
            if calls % 3 == 0:
                raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
            made = call(*arguments, **options)
            if calls % 7 == 0:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return made

        return instead

    expected = computed(tmp_path / "whole", [90])
    monkeypatch.setattr(output, "write_trr_frame", sometimes(output.write_trr_frame))
    monkeypatch.setattr(checkpoint, "write_bytes", sometimes(checkpoint.write_bytes))
    assert computed(tmp_path / "sim") + computed_more(tmp_path / "sim") == expected
    assert "can't be used at the moment" in caplog.text


def computed_more(folder: Path) -> list[bytes]:
    before = len(frames(list(EngineFiles(folder, "sim").parts("trr").values())))
    return go_on(folder, 90)[before:]


class TestPlantedLinks:
    """Somebody who can write to the folder has guessed a name."""

    def test_temporary_names(self, tmp_path: Path):
        victim = tmp_path / "victim"
        victim.write_text("mine")
        folder = tmp_path / "sim"
        folder.mkdir()
        names = ["sim.cpt.tmp", "start.npz.tmp", "sim.cpt.prev", "sim.part0001.json"]
        for name in names:
            (folder / name).symlink_to(victim)
        Configuration(np.zeros((1, 3))).write(folder / "start.npz")
        spec = PartSpec(PHYSICS, 1, "start.npz", "sim.cpt", "sim.part0001.trr", 10, last_step=10)
        write_spec(spec, folder / "sim.part0001.json")
        computed(folder)
        assert victim.read_text() == "mine"
        assert len(computed(tmp_path / "other")) == 7

    @pytest.mark.parametrize("ending", ["xtc", "trr"])
    def test_the_trajectory(self, tmp_path: Path, ending: str):
        victim, path = tmp_path / "victim", tmp_path / f"sim.part0001.{ending}"
        victim.write_text("mine")
        path.symlink_to(victim)
        with pytest.raises(ForeignFileError, match="is a link"):
            open_output(path, keep=0)
        path.unlink()
        written = open_output(path, keep=0)
        path.unlink()
        path.symlink_to(victim)  # while it is computed
        with pytest.raises(OSError, match="part0001"):
            written.write(Configuration(np.zeros((1, 3))), 0, 0.0)
        assert victim.read_text() == "mine"
