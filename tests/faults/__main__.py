"""Inflict faults on campaigns and print what became of them.

``python -m tests.faults [--engine openmm] [--launcher slurm] [--walkers 8] [--kinds errors kills
disk]``. The exit status is 0 if every frame was there once, and right, each time. A row is a
fault, how often it happened, how the campaign ended that it happened to, and what was wrong after
another kernel had continued.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from slurm.cluster import Cluster

from .shim import Shim
from .table import Laboratory, faults_of_files, full_disks, inflicted, kills

KINDS = ("errors", "kills", "disk")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--engine", choices=("openmm", "gromacs"), default="openmm")
    parser.add_argument("--launcher", choices=("local", "slurm"), default="local")
    parser.add_argument("--walkers", type=int, default=2)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--folder", type=Path, help="where they are run; kept if given")
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="asyncmd-faults-") as temporary,
        _place(arguments.launcher),
    ):
        folder = (arguments.folder or Path(temporary)).absolute()
        laboratory = Laboratory(folder, arguments.engine, arguments.walkers, arguments.launcher)
        return _table(laboratory, arguments.kinds)


@contextmanager
def _place(launcher: str) -> Iterator[None]:
    if launcher == "local":
        yield
        return
    with Cluster.up(accounting=False, cpus=16) as cluster:
        os.environ.update(cluster.environment)
        yield


def _table(laboratory: Laboratory, kinds: list[str]) -> int:
    expected = laboratory.reference()
    shim = Shim.compiled(laboratory.folder)
    rows = {
        "errors": lambda: inflicted(laboratory, shim, faults_of_files(laboratory.kind), expected),
        "kills": lambda: inflicted(laboratory, shim, kills(laboratory, shim), expected),
        "disk": lambda: full_disks(laboratory, expected),
    }
    n_rows = n_wrong = 0
    print("| fault | times | the campaign | wrong afterwards |\n|---|---|---|---|")
    for kind in kinds:
        for row in rows[kind]():
            print(row, flush=True)
            n_rows, n_wrong = n_rows + 1, n_wrong + bool(row.problems)
    print(f"{n_rows} campaigns, {n_wrong} with something wrong")
    return int(n_wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
