"""Folders that can't be written to are refused before anything is started."""

from __future__ import annotations

from pathlib import Path

import pytest
from folders import without_privileges

from asyncmd_jupyter.engines.files import checked_files
from asyncmd_jupyter.sampling.run_folder import check_folder


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
