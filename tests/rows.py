"""All tests in rows side by side; what follows on the command line is handed to each pytest.

Tests on the Slurm cluster mostly wait for it and those of pages for pages, so others run beside
them; what else comes after the pages is chosen so that all rows take about as long.

A few failures may come from the other rows (three rows share the cores): those tests run once
more, alone, and that counts. The output names them.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

BUILD = Path("build")
ROWS = {
    "slurm": ["tests/slurm", "tests/science"],
    "pages": ["tests/browser", "tests/engines", "tests/packaging"],
}
ELSEWHERE = [f"--ignore={folder}" for folders in ROWS.values() for folder in folders]
TESTS_FAILED = 1
FEW = 5


@dataclass
class Row:
    """One pytest process with an output of its own."""

    name: str
    arguments: list[str]
    pytest: subprocess.Popen[str] = field(init=False)

    def start(self, output: IO[str] | int) -> Row:
        (self.cache / "v/cache/lastfailed").unlink(missing_ok=True)
        command = ["pytest", "--color=no", "-o", f"cache_dir={self.cache}", *self.arguments]
        self.pytest = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, text=True, bufsize=1
        )
        return self

    @property
    def cache(self) -> Path:
        return BUILD / f"cache-{self.name}"

    @property
    def output(self) -> Path:
        return BUILD / f"tests-{self.name}.txt"

    def failed(self) -> list[str]:
        """Ids of the tests that failed."""
        known = self.cache / "v/cache/lastfailed"
        return sorted(json.loads(known.read_text())) if known.exists() else []

    def count(self, what: str) -> int:
        """Number of tests that passed, failed, … by pytest's last line."""
        return sum(int(number) for number in re.findall(rf"(\d+) {what}", self._last_line()))

    def _last_line(self) -> str:
        found = re.findall(r"^=+ (.* in [\d.]+s.*)", self.output.read_text(), re.MULTILINE)
        return "".join(found[-1:])

    @property
    def broke(self) -> bool:
        """Whether pytest ended without results; with 1 also where it could not begin."""
        return self.pytest.returncode not in (0, TESTS_FAILED) or not self._last_line()

    def tell(self) -> None:
        """Print failures and the last lines."""
        text = self.output.read_text()
        begin = re.search(r"^=+ (FAILURES|ERRORS) =+$", text, re.MULTILINE)
        print(text[begin.start() :] if begin else "".join(text.splitlines(True)[-12:]), flush=True)


def follow(row: Row) -> None:
    """Run a row and show what it prints at once."""
    row.start(subprocess.PIPE)
    assert row.pytest.stdout
    with row.output.open("w") as copy:
        for line in row.pytest.stdout:
            copy.write(line)
            print(line, end="", flush=True)
    row.pytest.wait()


def run_all(arguments: list[str]) -> list[Row]:
    """Run all tests, and once more those few that failed; the last row is theirs."""
    beside = [Row(name, [*arguments, *folders]) for name, folders in ROWS.items()]
    for row in beside:
        row.start(row.output.open("w"))
    rest = Row("rest", [*arguments, *ELSEWHERE])
    rows = [rest, *beside]
    try:
        follow(rest)
        for row in beside:
            row.pytest.wait()
    finally:
        for row in rows:
            row.pytest.terminate()
    for row in beside:
        print(f"\n== {' '.join(ROWS[row.name])}", flush=True)
        row.tell()
    failed = [test for row in rows for test in row.failed()]
    if 0 < len(failed) <= FEW and not any(row.broke for row in rows):
        print("\n== Failed beside other rows, so once more alone:", *failed, sep="\n", flush=True)
        again = Row("again", [*arguments, *failed])
        follow(again)
        rows.append(again)
    return rows


def main(arguments: list[str]) -> int:
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    BUILD.mkdir(exist_ok=True)
    rows = run_all(arguments)
    lost = rows[-1:] if rows[-1].name == "again" else rows
    passed = sum(row.count("passed") for row in rows)
    failed = sum(row.count("failed") + row.count("errors?") for row in lost)
    failed += sum(row.broke for row in rows)
    print(f"{passed} passed, {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
