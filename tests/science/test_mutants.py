"""Faults in the physics are noticed: small ones are put into a copy of the package, one by one."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mutants.catalogue import MUTANTS
from mutants.mutant import Mutant, OutdatedMutantError
from mutants.trial import Outcome, verdict_of

import asyncmd_jupyter

pytestmark = pytest.mark.science

PACKAGE = Path(asyncmd_jupyter.__file__).parent
CHECKOUT = Path(__file__).parents[2]
NEED_GROMACS = ("gromacs/", "[gromacs", "TestGromacs", "test_first_frames")


def marks_of(mutant: Mutant) -> list[pytest.MarkDecorator]:
    needs = any(word in test for test in mutant.killed_by for word in NEED_GROMACS)
    return [pytest.mark.gromacs] if needs else []


of_each = pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
of_each_in_ci = pytest.mark.parametrize(
    "mutant",
    [
        pytest.param(mutant, id=mutant.name, marks=marks_of(mutant))
        for mutant in MUTANTS
        if mutant.in_ci
    ],
)


class MutationRun:
    """``python -m tests.science.mutants``, whose lines are read as they are asked for."""

    def __init__(self, names: list[str]) -> None:
        # The tests have been run on the unchanged package, beside this.
        options = ("--json", "--no-baseline", "--package", str(PACKAGE))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.science.mutants", *options, *names],
            cwd=CHECKOUT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._verdicts: dict[str, Any] = {}
        self._said: list[str] = []

    def verdict_on(self, name: str) -> Any:
        while name not in self._verdicts:
            line = self._process.stdout.readline()
            assert line, f"the mutation run ended:\n{''.join(self._said)}"
            if line.startswith("{"):
                verdict = json.loads(line)
                self._verdicts[verdict["mutant"]] = verdict
            else:
                self._said.append(line)
        return self._verdicts[name]

    def end(self) -> None:
        self._process.terminate()
        self._process.communicate()


@pytest.fixture(scope="module")
def mutation_run(request: pytest.FixtureRequest) -> Iterator[MutationRun]:
    """One for all mutants that were selected."""
    mine = [item for item in request.session.items if item.path == request.path]
    chosen = [item for item in mine if item.originalname == test_is_noticed.__name__]
    run = MutationRun([item.callspec.params["mutant"].name for item in chosen])
    yield run
    run.end()


@of_each_in_ci
@pytest.mark.timeout(900)
def test_is_noticed(mutation_run: MutationRun, mutant: Mutant):
    verdict = mutation_run.verdict_on(mutant.name)
    assert verdict["is_killed"], verdict["words"]


@of_each
def test_still_applies(mutant: Mutant):
    """Whoever changes code takes the mutants along, or they would be noticed for no reason."""
    file = PACKAGE / mutant.file
    compile(mutant.mutated(file.read_text(encoding="utf-8")), str(file), "exec")


def test_names_are_given_once():
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)


def names_in(file: Path) -> set[str]:
    """Tests of a file, those of classes as ``Class::test``."""
    found = set()
    for node in ast.parse(file.read_text()).body:
        found.add(getattr(node, "name", ""))
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}::{getattr(inner, 'name', '')}" for inner in node.body}
    return found


def test_the_tests_that_have_to_notice_are_there():
    """Up to their parameters, which the mutation run looks for; to collect them takes long."""
    for test in {test for mutant in MUTANTS for test in mutant.killed_by}:
        file, _, name = test.partition("[")[0].partition("::")
        assert name in names_in(CHECKOUT / "tests" / file), test


class TestVerdicts:
    TEST = "science/test_x.py::test_y"

    def test_code_that_has_changed_is_an_error(self):
        mutant = Mutant("m", "x.py", "a = 1", "a = 2", (self.TEST,))
        assert mutant.mutated("a = 1\nb = 2") == "a = 2\nb = 2"
        for text in ("a = 3", "a = 1\na = 1"):
            with pytest.raises(OutdatedMutantError, match=r"'m'.* times in asyncmd_jupyter/x"):
                mutant.mutated(text)

    def test_only_a_test_that_fails_itself_has_noticed(self):
        noticed = Outcome(self.TEST, "call", "failed", "assert 1 == 2")
        assert verdict_of([self.TEST], [noticed], "") == (True, "assert 1 == 2")

    @pytest.mark.parametrize(
        "outcomes",
        [
            [],
            [Outcome(TEST, "call", "passed")],
            [Outcome(TEST, "setup", "failed", "NameError")],
            [Outcome(TEST, "call", "skipped")],
            [Outcome(TEST, "call", "failed", "Failed: Timeout (>120.0s) from pytest-timeout.")],
            [Outcome("science/test_x.py::test_z", "call", "failed", "assert 1 == 2")],
        ],
    )
    def test_anything_else_is_none(self, outcomes):
        assert not verdict_of([self.TEST], outcomes, "log")[0]
