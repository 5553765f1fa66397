"""Folders that can't be written to are refused before anything is started."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from asyncmd_jupyter.engines.files import checked_files
from asyncmd_jupyter.sampling.run_folder import check_folder

NOBODY = 65534


@contextmanager
def without_privileges() -> Iterator[None]:
    """Root may write everywhere, so it has to be somebody else for a moment."""
    if os.geteuid() != 0:
        yield
        return
    os.setresuid(NOBODY, NOBODY, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)


@pytest.fixture
def read_only() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o555)
    yield folder
    folder.chmod(0o755)
    folder.rmdir()


def test_of_an_engine(read_only: Path):
    with without_privileges(), pytest.raises(PermissionError, match="can't be written to"):
        checked_files(read_only, "sim")


def test_of_a_run(read_only: Path):
    with without_privileges(), pytest.raises(PermissionError, match=f"{read_only}.*can't be"):
        check_folder(read_only / "run", overwrite=False, continuation=False)
    with without_privileges(), pytest.raises(PermissionError, match="can't be written to"):
        check_folder(read_only, overwrite=False, continuation=True)


def test_both_ways_of_using_an_old_run_at_once(tmp_path: Path):
    with pytest.raises(ValueError, match="exclude each other"):
        check_folder(tmp_path, overwrite=True, continuation=True)


@pytest.mark.parametrize("name", ["", ".", "a/b", None])
def test_names_that_no_file_can_have(tmp_path: Path, name):
    with pytest.raises(ValueError, match="deffnm="):
        checked_files(tmp_path, name)
