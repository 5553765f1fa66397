"""Outputs that can't be written, and arguments that are none, are refused by their names."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from frame_samples import write_gro, write_xdr

from asyncmd_jupyter.frames.concatenate import TrajectoryConcatenator, concatenate_frames
from asyncmd_jupyter.frames.extract import NoModificationFrameExtractor
from asyncmd_jupyter.frames.trajectory import Trajectory

pytestmark = pytest.mark.usefixtures("runtime")

NOBODY = 65534
ALL = (None, None, 1)
Writer = Callable[..., Trajectory]


@contextmanager
def without_privileges() -> Iterator[None]:
    """Root may write everywhere, so it has to be somebody else for a moment."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def read_only() -> Iterator[Path]:
    """A folder with files in it that nobody may change, all of which everybody can reach."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        write_gro(folder / "conf.gro")
        write_xdr(folder / "a.trr")
        (folder / "torn.trr").write_bytes((folder / "a.trr").read_bytes()[:-5])
        for path in folder.iterdir():
            path.chmod(0o444)
        folder.chmod(0o555)
        yield folder
        folder.chmod(0o755)


def extract(out: Path, source: Trajectory, **options: object) -> Trajectory:
    return NoModificationFrameExtractor().extract(out, source, 0, **options)


def concatenate(out: Path, source: Trajectory, **options: object) -> Trajectory:
    return TrajectoryConcatenator().concatenate([source], [ALL], out, **options)


writers = pytest.mark.parametrize("write", [extract, concatenate])


@writers
@pytest.mark.parametrize("name", ["z.trr", "z.xtc", "z.gro"])
def test_folders_that_can_not_be_written_to(read_only: Path, write: Writer, name: str):
    source, before = (
        Trajectory(read_only / "a.trr", read_only / "conf.gro"),
        list(read_only.iterdir()),
    )
    if name == "z.gro":
        source = Trajectory(read_only / "conf.gro", read_only / "conf.gro")
    refused = pytest.raises(PermissionError, match=f"The folder of {read_only / name} can't be")
    with without_privileges(), refused:
        write(read_only / name, source)
    assert list(read_only.iterdir()) == before


@writers
def test_a_structure_in_such_a_folder(read_only: Path, write: Writer):
    source = Trajectory(read_only / "a.trr", read_only / "conf.gro")
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o777)
        refused = pytest.raises(PermissionError, match=f"folder of {read_only / 's.gro'} can't be")
        with without_privileges(), refused:
            write(Path(made) / "z.trr", source, structure_copy=read_only / "s.gro")
        assert list(Path(made).iterdir()) == []


def test_recovering_in_such_a_folder(read_only: Path):
    torn, conf = read_only / "torn.trr", read_only / "conf.gro"
    with (
        without_privileges(),
        pytest.raises(PermissionError, match=r"folder of .*torn\.recovered\.trr can't be"),
    ):
        Trajectory.recover(torn, conf)
    with without_privileges(), pytest.raises(PermissionError, match=f"{torn} can't be written to"):
        Trajectory.recover(torn, conf, in_place=True)


@writers
def test_folders_that_are_files_or_missing(folder: Path, write: Writer):
    source = Trajectory("a.trr", "conf.gro")
    with pytest.raises(NotADirectoryError, match=r"The folder of a\.trr/z\.trr is a file"):
        write(Path("a.trr/z.trr"), source)
    with pytest.raises(FileNotFoundError, match=r"The folder of x/z\.trr does not exist"):
        write(Path("x/z.trr"), source)


@pytest.mark.parametrize(
    ("files", "structure", "error", "said"),
    [
        (None, "conf.gro", TypeError, "trajectory_files=None"),
        ("", "", ValueError, "trajectory_files='' names no file"),
        (["a.trr", ""], "conf.gro", ValueError, "trajectory_files='' names no file"),
        ("a.trr", "", ValueError, "structure_file='' names no file"),
        ("a.trr", None, TypeError, "structure_file has to be a path, not None"),
        ("a.trr", ".", ValueError, r"is a folder \(structure_file='\.'\)"),
        (".", "conf.gro", ValueError, r"is a folder \(trajectory_files='\.'\)"),
        ([], "conf.gro", ValueError, "trajectory_files is an empty list"),
    ],
)
def test_files_of_a_trajectory(folder: Path, files, structure, error, said: str):
    with pytest.raises(error, match=said):
        Trajectory(files, structure)


async def test_arguments_of_extraction_and_concatenation(folder: Path):
    source = Trajectory("a.trr", "conf.gro")
    extractor, concatenator = NoModificationFrameExtractor(), TrajectoryConcatenator()
    with pytest.raises(TypeError, match="outfile has to be a path, not None"):
        extractor.extract(None, source, 0)
    with pytest.raises(TypeError, match="tra_out has to be a path, not None"):
        concatenator.concatenate([source], [ALL], None)
    with pytest.raises(TypeError, match="sources=None"):
        concatenate_frames(None, "out.trr")
    for wrong, error in ((None, TypeError), ([], ValueError)):
        for slices in ([], [ALL]):
            with pytest.raises(error, match=rf"trajs={wrong}".replace("[", r"\[")):
                concatenator.concatenate(wrong, slices, "out.trr")
            with pytest.raises(error, match=rf"trajs={wrong}".replace("[", r"\[")):
                await concatenator.concatenate_async(wrong, slices, "out.trr")
