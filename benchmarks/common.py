"""What the benchmarks share: a private state, the first-use system, lines of JSON."""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FORCE_FIELD = ("amber99sbildn.xml", "amber99_obc.xml")


def is_quick(description: str | None) -> bool:
    """Read the command line: whether to measure as little as shows that it works."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="few repetitions, for a smoke test")
    return bool(parser.parse_args().quick)


@contextmanager
def private_folder() -> Iterator[Path]:
    """A folder for files, with a job store that nobody else uses."""
    with tempfile.TemporaryDirectory(prefix="asyncmd-benchmark-") as name:
        os.environ["ASYNCMD_STATE_DIR"] = str(Path(name) / "state")
        yield Path(name)


def report(benchmark: str, **numbers: Any) -> None:
    """Print one line."""
    load = round(os.getloadavg()[0], 1)
    print(json.dumps({"benchmark": benchmark, **_rounded(numbers), "load": load}), flush=True)


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return float(f"{value:.3g}") if isinstance(value, float) else value
