"""A worker finds its modules, also in a job that inherits nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from engine_systems import double_well_engine

from asyncmd_jupyter.engines.files import EngineFiles
from asyncmd_jupyter.engines.stepping.surroundings import python_surroundings


def test_only_what_is_there_with_whole_paths():
    inherited = {"PYTHONPATH": f"mine{os.pathsep}/theirs", "PYTHONHOME": "", "PATH": "/bin"}
    here = Path.cwd()
    assert python_surroundings(inherited) == {"PYTHONPATH": f"{here}/mine{os.pathsep}/theirs"}


def test_it_is_in_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PYTHONPATH", "/mine")
    engine = double_well_engine()
    commands, _ = engine.rehearsed(EngineFiles(tmp_path, "sim"), None, 10, 1.0)
    assert commands[-1].env["PYTHONPATH"] == "/mine"
    assert Path(commands[-1].argv[0]).is_absolute()
