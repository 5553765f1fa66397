"""Tests run against a copy of the package, each time in a process of its own.

The processes are forked from one that has imported what takes long and does not depend on the
package, which saves a second or two for each mutant.
"""

from __future__ import annotations

import compileall
import importlib
import multiprocessing
import os
import resource
import shutil
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from .mutant import PACKAGE, Mutant, OutdatedMutantError, copy_of, mutated_copy_of

TESTS = Path(__file__).parents[2]
TIMEOUT = 120  # seconds for each test
_PLUGINS = ("pytest_asyncio.plugin", "pytest_timeout")  # the only ones that are loaded
_TAKE_LONG = (
    *("pytest", *_PLUGINS, "hypothesis.strategies"),
    *("MDAnalysis", "openmm.app", "scipy.sparse.linalg", "h5py"),
)
_TIMED_OUT = "Failed: Timeout"


@dataclass(frozen=True)
class Outcome:
    """What became of one test.

    Attributes
    ----------
    test : str
        Its id, relative to ``tests/``.
    phase : str
        ``setup``, ``call`` or ``teardown``.
    result : str
        ``passed``, ``failed`` or ``skipped``.
    words : str
        The last line of the failure.
    """

    test: str
    phase: str
    result: str
    words: str = ""

    @property
    def has_noticed(self) -> bool:
        """Whether the test itself failed, and not what it needs, or by waiting for ever."""
        by_itself = self.phase == "call" and self.result == "failed"
        return by_itself and not self.words.startswith(_TIMED_OUT)


class Laboratory:
    """Runs tests against copies of a package.

    Parameters
    ----------
    package : Path
        Never changed.
    folder : Path
        For copies and for what the tests write.
    """

    def __init__(self, package: Path, folder: Path) -> None:
        self._folder = folder
        self._unchanged = copy_of(package, folder / "unchanged")
        compileall.compile_dir(self._unchanged, quiet=2)  # once for all copies of it
        for name in _TAKE_LONG:
            importlib.import_module(name)
        assert PACKAGE not in sys.modules, "the copies would not be imported"

    def run(self, tests: Sequence[str], mutant: Mutant | None = None) -> tuple[list[Outcome], str]:
        """Run tests; tells what became of them, and the output of pytest."""
        copy = self._unchanged
        if mutant is not None:
            copy = mutated_copy_of(copy, self._folder / "mutant", mutant)
        log, scratch = self._folder / "pytest.txt", self._folder / "scratch"
        context = multiprocessing.get_context("fork")
        ours, theirs = context.Pipe(duplex=False)
        arguments = (tests, copy, scratch, log, theirs)
        process = context.Process(target=_run_in_child, args=arguments)
        process.start()
        theirs.close()
        outcomes: list[Outcome] = []
        with suppress(EOFError):  # the child has died, and the log says of what
            outcomes = ours.recv()
        process.join()
        shutil.rmtree(scratch, ignore_errors=True)
        return outcomes, log.read_text(errors="replace")


def _run_in_child(
    tests: Sequence[str], copy: Path, scratch: Path, log: Path, answers: Connection
) -> None:
    with log.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    _import_from(copy)
    import pytest

    reports = _Reports()
    options = ("-q", "-p", "no:cacheprovider", f"--basetemp={scratch}", f"--timeout={TIMEOUT}")
    options += tuple(word for name in _PLUGINS for word in ("-p", name))
    options += ("-W", "ignore::pytest.PytestAssertRewriteWarning")  # of plugins imported before
    root = ("--rootdir", str(TESTS.parent), "-c", str(TESTS.parent / "pyproject.toml"))
    pytest.main([*options, *root, *(f"{TESTS}/{test}" for test in tests)], plugins=[reports])
    tested = Path(importlib.import_module(PACKAGE).__file__ or "")
    assert tested.is_relative_to(copy), f"the tests were those of {tested}"
    answers.send(reports.outcomes())


def _import_from(copy: Path) -> None:
    """Let this process and those that it starts use the copy, whatever it inherited."""
    for name in list(os.environ):
        if name.startswith("PYTEST_"):
            del os.environ[name]
    inherited = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(copy), *([inherited] if inherited else [])])
    sys.path.insert(0, str(copy))
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"


class _Reports:
    """A plugin of pytest that keeps for each test the report that decides."""

    def __init__(self) -> None:
        self._kept: dict[str, Outcome] = {}

    def pytest_runtest_logreport(self, report: Any) -> None:
        test = report.nodeid.removeprefix("tests/")
        known = self._kept.get(test)
        if known is None or known.result == "passed":
            words = _last_words(report) if report.failed else ""
            self._kept[test] = Outcome(test, report.when, report.outcome, words)

    def outcomes(self) -> list[Outcome]:
        return list(self._kept.values())


def _last_words(report: Any) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    text = crash.message if crash is not None else report.longreprtext
    return text.strip().partition("\n")[0]


@dataclass(frozen=True)
class Verdict:
    """What the tests say about a mutant.

    Attributes
    ----------
    mutant : str
    is_killed : bool
    words : str
        How it was noticed, or what went wrong.
    cpu_seconds : float
        That it took.
    """

    mutant: str
    is_killed: bool
    words: str
    cpu_seconds: float = 0.0


def judge(laboratory: Laboratory, mutant: Mutant) -> Verdict:
    """Run the tests that have to notice a mutant."""
    begin = _cpu_seconds()
    try:
        outcomes, log = laboratory.run(mutant.killed_by, mutant)
    except OutdatedMutantError as error:
        return Verdict(mutant.name, False, str(error))
    seconds = _cpu_seconds() - begin
    return Verdict(mutant.name, *verdict_of(mutant.killed_by, outcomes, log), seconds)


def _cpu_seconds() -> float:
    """Of all processes that have been waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def verdict_of(tests: Sequence[str], outcomes: Sequence[Outcome], log: str) -> tuple[bool, str]:
    """Whether each of the tests has noticed, and the words that go with it."""
    if {one.test for one in outcomes} != set(tests):
        return False, f"these tests did not all run: {', '.join(tests)}\n{log}"
    for one in outcomes:
        if not one.has_noticed:
            where = f" in its {one.phase}: {one.words}" if one.result == "failed" else ""
            return False, f"{one.test} {one.result}{where}"
    return True, outcomes[0].words
