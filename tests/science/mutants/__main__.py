"""Apply mutants one by one and say which of them no test notices.

``python -m tests.science.mutants [NAME ...]``; without names all of them. The exit status is 0
if all were noticed.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from .catalogue import MUTANTS
from .mutant import PACKAGE, Mutant
from .trial import Laboratory, Verdict, judge


def main() -> int:
    arguments = _parsed()
    chosen = _chosen(arguments.names)
    with tempfile.TemporaryDirectory(prefix="asyncmd-mutants-") as folder:
        laboratory = Laboratory(arguments.package, Path(folder))
        verdicts = []
        for verdict in _verdicts(laboratory, chosen, arguments.baseline):
            _tell(verdict, as_json=arguments.json)
            verdicts.append(verdict)
    missed = [verdict.mutant for verdict in verdicts if not verdict.is_killed]
    if not arguments.json:
        print(f"{len(verdicts)} mutants, not noticed: {', '.join(missed) or 'none'}")
    return int(bool(missed))


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.science.mutants", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="of mutants; all without any")
    parser.add_argument(
        "--package", type=Path, default=_installed(), help="what is copied (what is imported here)"
    )
    parser.add_argument("--json", action="store_true", help="a line of JSON for each mutant")
    parser.add_argument(
        "--no-baseline",
        dest="baseline",
        action="store_false",
        help="without running the tests of all mutants on an unchanged copy first",
    )
    return parser.parse_args()


def _installed() -> Path:
    spec = importlib.util.find_spec(PACKAGE)
    assert spec is not None, "install the package first"
    return Path(spec.origin or "").parent


def _chosen(names: Sequence[str]) -> list[Mutant]:
    known = {mutant.name: mutant for mutant in MUTANTS}
    if unknown := [name for name in names if name not in known]:
        sys.exit(f"There are no such mutants: {', '.join(unknown)}. Known: {', '.join(known)}.")
    return [known[name] for name in names] or list(MUTANTS)


def _verdicts(
    laboratory: Laboratory, chosen: Sequence[Mutant], baseline: bool
) -> Iterable[Verdict]:
    if baseline:
        _check_unchanged(laboratory, chosen)
    return (judge(laboratory, mutant) for mutant in chosen)


def _check_unchanged(laboratory: Laboratory, chosen: Sequence[Mutant]) -> None:
    """Refuse to go on if the tests fail without any fault."""
    tests = sorted({test for mutant in chosen for test in mutant.killed_by})
    outcomes, log = laboratory.run(tests)
    passed = {one.test for one in outcomes if one.result == "passed"}
    if failed := [test for test in tests if test not in passed]:
        sys.exit(f"{log}\nWithout any mutant these tests do not pass: {', '.join(failed)}")


def _tell(verdict: Verdict, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(asdict(verdict)), flush=True)
        return
    mark = "noticed" if verdict.is_killed else "MISSED "
    print(f"{mark}  {verdict.mutant} ({verdict.cpu_seconds:.1f} s): {verdict.words}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
