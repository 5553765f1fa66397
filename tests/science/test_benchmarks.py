"""The benchmarks still measure something: each is run once as short as it gets."""

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
        ("live_stopping", {"overshoot_intervals", "goal_intervals", "within_goal"}),
        ("kernel_memory", {"over_imports_mb", "cpu_seconds_per_walker_second"}),
        ("overhead", {"load"}),
        ("frames", {"load"}),
        ("provenance", {"cpu_seconds_added_to_a_frame", "cpu_seconds_added_to_a_part"}),
        pytest.param(
            "local_run_overhead",
            {"own_cpu_seconds", "cpu_seconds_of_bare_loop", "extra_cpu_seconds_of_children"},
            marks=pytest.mark.gromacs,
        ),
        *(
            pytest.param(name, least, marks=pytest.mark.slurm)
            for name, least in (
                ("slurm_detection", {"median_seconds", "median_seconds_of_squeue_loop"}),
                ("slurm_submission", {"ratio", "seconds_of_plain_commands"}),
                ("slurm_waiting", {"peak_extra_mb", "cpu_share", "calls_per_minute"}),
            )
        ),
        ("completion", {"milliseconds", "milliseconds_of_ipython_for_a_name"}),
        ("server_at_rest", {"more_mb", "more_cpu_percent", "goal_mb"}),
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
