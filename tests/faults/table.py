"""Faults, and what became of the campaigns that they were inflicted on."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from .invariant import Frames, problems
from .shim import Rule, Shim, hits
from .steps import steps_in

_ATTEMPTS = 3
_PATIENCE = 900  # seconds; nothing here takes longer unless it hangs
_READS, _FOR_EVER = 3, 10**9


@dataclass
class Row:
    """What happened to one campaign."""

    fault: str
    hits: int
    ended: str
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        wrong = "; ".join(self.problems) or "none"
        cells = (self.fault, str(self.hits), self.ended, wrong)
        return " | ".join(["", *(" ".join(cell.split()) for cell in cells), ""]).strip()


@dataclass(frozen=True)
class Laboratory:
    """Where campaigns of one kind are run."""

    folder: Path
    kind: str
    n_walkers: int
    launcher: str

    def run(self, folder: Path, environment: Mapping[str, str], *options: str) -> str:
        """Run a kernel in a folder; gives how it ended."""
        campaign = ["tests.faults.campaign", self.kind, str(self.n_walkers), self.launcher]
        command = [sys.executable, "-m", *campaign, *options]
        root = Path(__file__).resolve().parents[2]
        env = {
            **environment,
            "PYTHONPATH": str(root),
            "ASYNCMD_STATE_DIR": str(folder / "state"),
            "HOME": str(folder),
        }
        with (folder / "errors.txt").open("ab") as errors:
            streams = {"stdout": subprocess.PIPE, "stderr": errors}
            done = subprocess.run(command, cwd=folder, env=env, timeout=_PATIENCE, **streams)
        lines = done.stdout.decode(errors="replace").splitlines()
        if done.returncode or not lines:
            return f"kernel ended ({done.returncode})"
        return json.loads(lines[-1])["error"] or "reached"

    def new_folder(self, name: str) -> Path:
        """An empty folder."""
        folder = self.folder / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def reference(self) -> dict[int, Frames]:
        """The frames of a campaign that nothing happens to."""
        folder = self.new_folder("reference")
        ended = self.run(folder, os.environ)
        assert ended == "reached", ended
        return {n: Frames.read(folder, self.kind, n) for n in range(self.n_walkers)}

    def afterwards(self, folder: Path, expected: Mapping[int, Frames]) -> list[str]:
        """Go on without faults; gives what is wrong at the end."""
        for _ in range(_ATTEMPTS):
            if (ended := self.run(folder, os.environ)) == "reached":
                return problems(folder, self.kind, expected)
        return [f"does not continue: {ended}"]


def faults_of_files(engine: str) -> Iterator[Rule]:
    """Errors of file systems, at calls of kernels and of what computes."""
    kernel, worker = "tests.faults.campaign", "mdrun" if engine == "gromacs" else "worker"
    for number in (errno.ESTALE, errno.EIO):
        what = str(number)
        for path in (".trr", ".cpt", ".run.json", "exit_code", ".sqlite", "provenance.json"):
            yield Rule(kernel, "read", path, what, first=3, count=_READS)
        yield Rule(kernel, "stat", ".trr", what, first=5, count=_READS)
        for path in (".run.json", ".run.pkl", ".npz", "provenance.json", ".sqlite"):
            yield Rule(kernel, "create", path, what, first=2, count=_READS)
        yield Rule(kernel, "rename", ".run.json", what, first=2, count=_READS)
        for path in (".trr", ".cpt"):
            yield Rule(worker, "create", path, what, first=2)
        yield Rule(worker, "rename", ".cpt", what)
        yield Rule(worker, "fsync", "", what)
        yield Rule(kernel, "fsync", "", what, first=2)
        yield Rule("bash", "rename", "exit_code", what)
    for program in (kernel, worker):
        yield Rule(program, "flock", "", str(errno.ENOLCK), count=_FOR_EVER)
        yield Rule(program, "create", "", str(errno.EMFILE), first=10, count=_READS)


def inflicted(
    laboratory: Laboratory, shim: Shim, rules: Iterator[Rule], expected: Mapping[int, Frames]
) -> Iterator[Row]:
    """One campaign for each rule."""
    for rule in rules:
        folder = laboratory.new_folder("campaign")
        ended = laboratory.run(folder, shim.environment(folder, rule), "--first")
        row = Row(rule.text().replace("|", " "), hits(folder), ended)
        if row.hits < rule.first:
            continue  # there was no such call
        row.problems = laboratory.afterwards(folder, expected)
        yield row


def kills(laboratory: Laboratory, shim: Shim) -> Iterator[Rule]:
    """A rule for each step of a campaign."""
    folder = laboratory.new_folder("steps")
    laboratory.run(folder, shim.environment(folder, None))
    for step in steps_in(folder / "calls.txt", folder):
        yield from step.rules()


@contextmanager
def small_disk(folder: Path, megabytes: float) -> Iterator[Path]:
    """A file system of a given size."""
    folder.mkdir(parents=True, exist_ok=True)
    size = f"size={int(megabytes * 1024)}k"
    subprocess.run(["mount", "-t", "tmpfs", "-o", size, "none", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def full_disks(laboratory: Laboratory, expected: Mapping[int, Frames]) -> Iterator[Row]:
    """A disk that is full sooner or later, and is given more room after that."""
    whole = _megabytes(laboratory.folder / "reference")
    for share in (0.2, 0.4, 0.6, 0.8, 0.9, 0.95):
        with small_disk(laboratory.folder / "disk", whole * share) as folder:
            ended = laboratory.run(folder, os.environ, "--first")
            row = Row(f"disk of {share:.0%} of what is needed", 1, ended)
            more = f"remount,size={int(whole * 4 * 1024)}k"
            subprocess.run(["mount", "-o", more, folder], check=True)
            row.problems = laboratory.afterwards(folder, expected)
        yield row


def _megabytes(folder: Path) -> float:
    return sum(p.stat().st_blocks * 512 for p in folder.rglob("*") if p.is_file()) / 2**20
