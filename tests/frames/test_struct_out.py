"""`struct_out` names a structure that is read; inputs are never written over."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from frame_samples import write_gro, write_xdr

from asyncmd_jupyter.frames.concatenate import TrajectoryConcatenator, concatenate_frames
from asyncmd_jupyter.frames.extract import (
    InvertedVelocitiesFrameExtractor,
    NoModificationFrameExtractor,
    RandomVelocitiesFrameExtractor,
)
from asyncmd_jupyter.frames.trajectory import Trajectory

pytestmark = pytest.mark.usefixtures("runtime")

Write = Callable[..., Trajectory]


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trajectory:
    write_gro(tmp_path / "conf.gro")
    write_gro(tmp_path / "mine.gro").write_text(
        (tmp_path / "conf.gro").read_text().replace("made for a test", "names of my own")
    )
    write_gro(tmp_path / "other.gro", 11)
    write_xdr(tmp_path / "a.trr")
    monkeypatch.chdir(tmp_path)
    return Trajectory("a.trr", "conf.gro")


def _concatenate(tra_out: Any, trajectory: Trajectory, **options: Any) -> Trajectory:
    return TrajectoryConcatenator().concatenate([trajectory], [(0, 2, 1)], tra_out, **options)


def _concatenate_frames(tra_out: Any, trajectory: Trajectory, **options: Any) -> Trajectory:
    return concatenate_frames([(trajectory, (0, 2, 1))], tra_out, **options)


def _extract(extractor: Any) -> Write:
    def write(outfile: Any, trajectory: Trajectory, **options: Any) -> Trajectory:
        return extractor.extract(outfile, trajectory, 0, **options)

    return write


WRITERS = {
    "concatenate": _concatenate,
    "concatenate_frames": _concatenate_frames,
    "unchanged": _extract(NoModificationFrameExtractor()),
    "inverted": _extract(InvertedVelocitiesFrameExtractor()),
    "random": _extract(RandomVelocitiesFrameExtractor(300, masses=[12.0] * 12)),
}


@pytest.fixture(params=WRITERS)
def write(request: pytest.FixtureRequest) -> Write:
    return WRITERS[request.param]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("overwrite", [False, True])
def test_the_result_belongs_to_it_and_it_stays_as_it_is(
    source: Trajectory, write: Write, tmp_path: Path, overwrite: bool
):
    before = contents(tmp_path)
    result = write("out.trr", source, struct_out="mine.gro", overwrite=overwrite)
    assert result.structure_file == "mine.gro"
    after = contents(tmp_path)
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) <= {"out.trr", "out.trr.provenance.json"}


@pytest.mark.parametrize("overwrite", [False, True])
def test_it_has_to_exist(source: Trajectory, write: Write, tmp_path: Path, overwrite: bool):
    before = contents(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"none\.gro does not exist.*structure_copy="):
        write("out.trr", source, struct_out="none.gro", overwrite=overwrite)
    assert contents(tmp_path) == before


def test_it_has_to_fit_and_to_be_readable(source: Trajectory, write: Write, tmp_path: Path):
    Path("words.gro").write_text("no structure\n")
    before = contents(tmp_path)
    with pytest.raises(ValueError, match=r"other\.gro' has 11 atoms, a\.trr has 12"):
        write("out.trr", source, struct_out="other.gro")
    with pytest.raises(ValueError, match=r"words\.gro' can't be read"):
        write("out.trr", source, struct_out="words.gro")
    with pytest.raises(ValueError, match="is a folder"):
        write("out.trr", source, struct_out=".")
    assert contents(tmp_path) == before


def test_a_copy_is_written_under_a_name_of_its_own(source: Trajectory, write: Write):
    result = write("out.trr", source, structure_copy="copy.gro")
    assert result.structure_file == "copy.gro"
    assert Path("copy.gro").read_bytes() == Path("conf.gro").read_bytes()
    result = write("out2.trr", source, struct_out="mine.gro", structure_copy="mine_copy.gro")
    assert result.structure_file == "mine_copy.gro"
    assert Path("mine_copy.gro").read_bytes() == Path("mine.gro").read_bytes()
    result = write("out3.trr", source, struct_out="mine.gro", structure_copy="converted.pdb")
    assert Path(result.structure_file).read_text().count("ATOM") == 12


def test_a_copy_replaces_another_file_only_when_told_to(source: Trajectory, write: Write):
    Path("copy.gro").write_text("somebody's")
    with pytest.raises(FileExistsError, match="overwrite=True"):
        write("out.trr", source, structure_copy="copy.gro")
    assert Path("copy.gro").read_text() == "somebody's"
    assert not Path("out.trr").exists()
    write("out.trr", source, structure_copy="copy.gro", overwrite=True)
    assert Path("copy.gro").read_bytes() == Path("conf.gro").read_bytes()


@pytest.mark.parametrize(
    "outputs",
    [
        {"out": "a.trr"},
        {"out": "link.trr"},
        {"out": "conf.gro"},
        {"out": "mine.gro", "struct_out": "mine.gro"},
        {"out": "new.trr", "structure_copy": "conf.gro"},
        {"out": "new.trr", "structure_copy": "a.trr"},
        {"out": "new.trr", "struct_out": "mine.gro", "structure_copy": "mine.gro"},
    ],
)
def test_inputs_are_never_written_over(
    source: Trajectory, write: Write, tmp_path: Path, outputs: dict[str, str]
):
    Path("link.trr").symlink_to("a.trr")
    before = contents(tmp_path)
    options = dict(outputs)
    with pytest.raises(ValueError, match="is one of the files that are read here"):
        write(options.pop("out"), source, overwrite=True, **options)
    assert contents(tmp_path) == before
