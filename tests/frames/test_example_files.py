from __future__ import annotations

import os
from pathlib import Path

import pytest

from asyncmd_jupyter.examples import alanine_dipeptide, alanine_dipeptide_gromacs


def copies(folder: Path) -> list[Path]:
    files = alanine_dipeptide_gromacs(folder)
    return [alanine_dipeptide(folder), files.mdp, files.gro, files.top]


def test_files_that_are_there_already_stay_as_they_are(tmp_path: Path):
    for path in copies(tmp_path):
        os.utime(path, (1e9, 1e9))
    assert {path.stat().st_mtime for path in copies(tmp_path)} == {1e9}


def test_files_that_differ_are_replaced_at_once(tmp_path: Path):
    wanted = [path.read_bytes() for path in copies(tmp_path)]
    for path in copies(tmp_path):
        path.write_text("other")
    with (tmp_path / "alanine_dipeptide.pdb").open() as reader:
        made = copies(tmp_path)
        assert reader.read() == "other"
    assert [path.read_bytes() for path in made] == wanted
    assert sorted(tmp_path.iterdir()) == sorted(made)


def test_a_folder_that_is_missing_or_a_file(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match=r"folder of .*alanine_dipeptide\.pdb does not"):
        alanine_dipeptide(tmp_path / "x")
    (tmp_path / "x").touch()
    with pytest.raises(NotADirectoryError, match="is a file"):
        alanine_dipeptide_gromacs(tmp_path / "x")
