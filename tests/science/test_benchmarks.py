"""The benchmarks still measure something.

Those that take seconds are run as short as they get; of the others what they use of the package is
imported. ``bash benchmarks/run --quick`` runs all.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
pytestmark = pytest.mark.science


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("frames", {"load"}),
        ("completion", {"milliseconds", "milliseconds_of_ipython_for_a_name"}),
        ("cached_value", {"cpu_microseconds", "cpu_microseconds_of_the_least", "cpu_ratio"}),
    ],
)
def test_prints_lines_of_json(
    name: str, least: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("PYTHONWARNINGS", raising=False)
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / f"{name}.py"), "--quick"],
        check=True,
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines
    assert all(least <= line.keys() for line in lines)
    assert not list(tmp_path.iterdir())


def test_all_find_what_they_measure():
    code = """
import importlib, pathlib, sys
sys.path.insert(0, sys.argv[1])
sys.argv[1:] = ["--quick"]
for path in sorted(pathlib.Path(sys.path[0]).glob("*.py")):
    importlib.import_module(path.stem)
"""
    subprocess.run([sys.executable, "-c", code, str(BENCHMARKS)], check=True)
