"""Writes `constraints.txt`: the versions in this environment, and of what builds the wheel.

`bash tests/run --renew` calls it after all tests have passed with the newest versions.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from importlib.metadata import distributions
from pathlib import Path

HERE = Path(__file__).parent
LEFT_OUT = ("asyncmd-jupyter", "pip", "setuptools")  # ours, and what came with Python
HEADER = """\
# Versions that all tests passed with; `bash tests/run` installs these.
# Made by `bash tests/run --renew`, which tests the newest ones first.
"""


def installed() -> dict[str, str]:
    """Name and version of each package in this environment."""
    return {package.name: package.version for package in distributions()}


def building() -> dict[str, str]:
    """Name and version of each package that pip would take to build the wheel."""
    project = tomllib.loads((HERE.parent / "pyproject.toml").read_text(encoding="utf-8"))
    required = project["build-system"]["requires"]
    pip = [sys.executable, "-m", "pip", "--quiet", "install", "--dry-run", "--ignore-installed"]
    command = [*pip, "--report", "-", *required]
    report = subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout
    packages = [item["metadata"] for item in json.loads(report)["install"]]
    return {package["name"]: package["version"] for package in packages}


def main() -> None:
    versions = building() | installed()
    lines = (f"{name}=={version}" for name, version in versions.items() if name not in LEFT_OUT)
    text = HEADER + "\n".join(sorted(lines, key=str.lower)) + "\n"
    (HERE / "constraints.txt").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
