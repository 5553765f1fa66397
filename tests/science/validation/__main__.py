"""Put the engines through the checks of ``physical_validation``, and print a table.

``python -m tests.science.validation [--engine OpenMM] [--length 1000]``. The exit status is 0 if
all checks hold.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import subprocess
import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).parents[2]
PACKAGES = ("physical_validation", "pymbar", "openmm", "numpy")


def main() -> int:
    arguments = _parsed()
    try:
        versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    except importlib.metadata.PackageNotFoundError as error:
        sys.exit(f"{error.name} is missing: pip install physical_validation")
    print(f"{versions}, {_gromacs()}; {arguments.length:g} ps\n", flush=True)
    print("| engine | check | found | |\n|---|---|---|---|", flush=True)
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="asyncmd-validation-") as folder:
        os.environ["ASYNCMD_STATE_DIR"] = str(Path(folder) / "state")
        sys.path[:0] = [str(TESTS), str(TESTS / "engines")]
        from .checks import Validation

        for kind in arguments.engine or ("OpenMM", "GROMACS"):
            for one in Validation(kind, Path(folder), arguments.length).results():
                mark = "right" if one.is_right else "WRONG"
                print(f"| {one.engine} | {one.check} | {one.found} | {mark} |", flush=True)
                wrong += not one.is_right
    return int(wrong > 0)


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.science.validation", description=__doc__)
    parser.add_argument("--engine", action="append", choices=("OpenMM", "GROMACS"))
    parser.add_argument(
        "--length",
        type=float,
        default=1000.0,
        help="ps of each simulation with a thermostat (1000)",
    )
    return parser.parse_args()


def _gromacs() -> str:
    said = subprocess.run(["gmx", "--version"], capture_output=True, text=True, check=True).stdout
    version = next(line for line in said.splitlines() if line.startswith("GROMACS version"))
    return f"GROMACS {version.partition(':')[2].strip()}"


if __name__ == "__main__":
    sys.exit(main())
