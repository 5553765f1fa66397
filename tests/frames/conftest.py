from __future__ import annotations

from pathlib import Path

import pytest
from frame_samples import write_gro, write_xdr


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with two parts of a run in both formats."""
    folder = tmp_path / "work"
    folder.mkdir()
    write_gro(folder / "conf.gro")
    for suffix in (".xtc", ".trr"):
        write_xdr(folder / f"a{suffix}")
        write_xdr(folder / f"b{suffix}", first=5)
    monkeypatch.chdir(folder)
    return folder
