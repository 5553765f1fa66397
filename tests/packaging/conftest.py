"""A wheel built from a clean copy of the checkout, and a fresh environment with it.

Both are made with a PATH on which there is no node and no MD program or queue: what a
newcomer's machine has.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
NOT_COPIED = shutil.ignore_patterns(
    ".*cache*", ".git", ".venv", "__pycache__", "artifacts", "asyncmd-quickstart", "build",
    "dist", "lib", "node_modules", ".yarn", "quickstart.json",
)  # fmt: skip
NOT_ON_THE_MACHINE = re.compile(
    r"node|nodejs|npm|npx|corepack|yarn|jlpm|gmx.*|s(batch|queue|run|info)"
)


@dataclass(frozen=True)
class Environment:
    """A virtual environment and the variables of a user who has nothing else."""

    folder: Path
    variables: Mapping[str, str]

    def program(self, name: str) -> str:
        return str(self.folder / "bin" / name)

    def run(self, *command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.program(command[0]), *command[1:]],
            cwd=cwd,
            env=self.variables,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def must_run(self, *command: str, cwd: Path) -> str:
        done = self.run(*command, cwd=cwd)
        assert done.returncode == 0, done.stdout
        return done.stdout


@pytest.fixture(scope="session")
def newcomers_variables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An own HOME, a PATH of system tools only; the caches of packages are shared."""
    tools = tmp_path_factory.mktemp("tools")
    for folder in ("/usr/local/bin", "/usr/bin", "/bin"):
        for tool in Path(folder).iterdir() if Path(folder).is_dir() else ():
            link = tools / tool.name
            if not NOT_ON_THE_MACHINE.fullmatch(tool.name) and not link.is_symlink():
                link.symlink_to(tool)
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(("PIP_", "YARN_", "LANG", "SSL_", "NODE_EXTRA"))
        or "proxy" in name.lower()
    }
    home = tmp_path_factory.mktemp("home")
    return kept | {
        "PATH": str(tools),
        "HOME": str(home),
        "TMPDIR": str(tmp_path_factory.mktemp("tmp")),
    }


@pytest.fixture(scope="session")
def builder(
    tmp_path_factory: pytest.TempPathFactory, newcomers_variables: dict[str, str]
) -> Environment:
    folder = tmp_path_factory.mktemp("fresh") / "environment with blanks"
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    return Environment(folder, newcomers_variables)


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory, builder: Environment) -> Path:
    if "ASYNCMD_WHEEL" in os.environ:  # of this checkout, built a moment ago
        return Path(os.environ["ASYNCMD_WHEEL"])
    source = tmp_path_factory.mktemp("clean") / "asyncmd-jupyter"
    shutil.copytree(CHECKOUT, source, ignore=NOT_COPIED)
    builder.must_run("python", "-m", "pip", "wheel", "--no-deps", "-w", "out", ".", cwd=source)
    (built,) = (source / "out").glob("*.whl")
    return built


@pytest.fixture(scope="session")
def fresh(builder: Environment, wheel: Path) -> Environment:
    """The fresh environment with the wheel and what it requires, and nothing else."""
    builder.must_run("python", "-m", "pip", "install", str(wheel), cwd=wheel.parent)
    return builder
