"""All tests side by side: what they say at the end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import rows


def run(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    for name in (*(name for names in rows.ROWS.values() for name in names), "tests"):
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / f"test_{Path(name).name}.py").write_text("def test(): pass\n")
    (folder / "pytest.ini").write_text("[pytest]\ntestpaths = tests\n")
    command, env = [sys.executable, rows.__file__], {**os.environ, **variables}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


def last_line(ended: subprocess.CompletedProcess[str]) -> str:
    return ended.stdout.splitlines()[-1]


def test_all_that_passed_are_counted(tmp_path: Path):
    ended = run(tmp_path)
    assert (ended.returncode, last_line(ended)) == (0, "6 passed, 0 failed")


def test_rows_that_could_not_begin_have_failed(tmp_path: Path):
    """A package that was installed by halves ends Python with 1, as failed tests do pytest."""
    halves = tmp_path / "site" / "halves-0.dist-info"
    halves.mkdir(parents=True)
    (halves / "METADATA").write_text("Metadata-Version: 2.1\nName: halves\nVersion: 0\n")
    (halves / "entry_points.txt").write_text("[pytest11]\nhalves = halves\n")
    (halves / "RECORD").write_text("\n")
    ended = run(tmp_path, PYTHONPATH=str(halves.parent))
    assert (ended.returncode, last_line(ended)) == (1, "0 passed, 3 failed")
