"""Each pattern recognises what a program said for real, and no other one takes it away."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest

from asyncmd_jupyter.jobs.slurm.states import sentence_on_waiting
from asyncmd_jupyter.triage import Case, Source, Triage
from asyncmd_jupyter.triage.evidence import case_of_reason
from asyncmd_jupyter.triage.reading import read_ends
from asyncmd_jupyter.triage.service import own_patterns

WITHOUT_REMEDY = ("node-cancelled",)
HERE = Path(__file__).parent
RECORDED = sorted((HERE / "recorded").glob("*.txt"))
DOCUMENTED = sorted((HERE / "documented").glob("*.txt"))
SLURM = HERE.parent / "slurm" / "recorded"
OF_SLURM = {
    "sbatch-strict-bad-account": "queue-account",
    "sbatch-strict-bad-qos": "queue-account",
    "sbatch-strict-limit-2": "queue-refused-limit",
    "sbatch-strict-too-long": "queue-refused-size",
    "sbatch-too-much-memory": "queue-refused-size",
    "sbatch-bad-partition": "queue-refused-name",
    "sbatch-bad-constraint": "queue-refused-name",
    "sbatch-bad-gpus": "queue-refused-name",
    "sbatch-bad-license": "queue-refused-name",
    "sbatch-bad-memory": "queue-refused-name",
    "sbatch-bad-time": "queue-refused-name",
    "sbatch-bad-array": "queue-refused-name",
    "sbatch-bad-option": "queue-refused-name",
    "sbatch-bad-cluster": "queue-refused-name",
    "sbatch-empty": "queue-refused",
    "sbatch-no-interpreter": "queue-refused",
    "sbatch-no-such-file": "queue-refused",
    "squeue-without-controller": "node-no-answer",
    "sbatch-without-controller": "node-no-answer",
    "squeue-hung-controller": "node-no-answer",
    "sbatch-hung-controller": "node-no-answer",
}
# What this library says is found by its own words, provoked in test_triage_errors.
OWN = ("run-", "python-worker", "shell-claimed")
SAMPLES = {
    path: path.name.split(".")[0] for path in (*RECORDED, *DOCUMENTED) if path.name != "reasons.txt"
} | {SLURM / f"{name}.err.txt": kind for name, kind in OF_SLURM.items()}
REASONS = [
    tuple(line.split("\t"))
    for folder in ("recorded", "documented")
    for line in (HERE / folder / "reasons.txt").read_text().splitlines()
]


@pytest.fixture(scope="module")
def triage() -> Triage:
    return Triage(own_patterns())


@pytest.mark.parametrize(("sample", "kind"), SAMPLES.items(), ids=lambda each: str(each)[-40:])
def test_words_of_programs(triage, sample, kind):
    found = triage.best(Case(sources=(Source(read_ends(sample), sample),)))
    assert found is not None
    assert found.pattern.kind == kind
    assert found.lines, "the deciding lines are quoted"
    assert found.source.path == sample


# GROMACS breaks the lines of its messages; where, depends on the names in them.
MESSAGE = re.compile(
    r"^(?P<head>[A-Z][\w/() ]*(?:error|input|implemented)[\w/() ]*|(?:ERROR|WARNING) \d+ \[.*\]):\n"
    r"(?P<lines>(?:.+\n)+)",
    re.MULTILINE,
)
FILE_NAME = re.compile(r"(?<![/\w-])[\w.-]+\.(?:gro|top|mdp|itp|tpr|cpt|xtc|log)\b")
OF_GROMACS = {path: kind for path, kind in SAMPLES.items() if kind.startswith("gro")}
DEEP = "/scratch/of/a/group/with/a/long/path/and/some/more/of/that/kind/"


def wrapped(text: str, width: int, folder: str) -> str:
    def again(message: re.Match[str]) -> str:
        lines = FILE_NAME.sub(lambda name: folder + name[0], message["lines"]).split("\n")
        return f"{message['head']}:\n" + "\n".join(broken(line, width) for line in lines)

    return MESSAGE.sub(again, text)


def broken(line: str, width: int) -> str:
    start = " " * (len(line) - len(line.lstrip()))
    return textwrap.fill(
        line.strip(),
        width,
        initial_indent=start,
        subsequent_indent=start,
        break_long_words=False,
        break_on_hyphens=False,
    )


@pytest.mark.parametrize("folder", ["", DEEP], ids=["short", "long"])
@pytest.mark.parametrize("width", [20, 40, 60, 78, 300])
@pytest.mark.parametrize(("sample", "kind"), OF_GROMACS.items(), ids=lambda each: str(each)[-40:])
def test_messages_are_known_wherever_their_lines_break(triage, sample, kind, width, folder):
    text = wrapped(read_ends(sample), width, folder)
    assert triage.best(Case(sources=(Source(text, sample),))).pattern.kind == kind


@pytest.mark.parametrize(
    ("sample", "first"),
    [
        ("grompp-directive.system", ("ERROR 1 [file topol.top, line 9]:", "sistem")),
        ("grompp-directive.first", ("ERROR 1 [file topol.top, line 7]:", "atomtypx")),
    ],
)
def test_the_first_error_is_quoted_and_not_what_follows(triage, sample, first):
    said = read_ends(HERE / "recorded" / f"{sample}.txt")
    again = f"{said}\n{said.replace(', line ', ', line 1')}"
    heading, name = first
    for text, line in ((said, heading), (again, heading.replace("line ", "line 1"))):
        found = triage.best(Case(sources=(Source(text),)))
        assert found.lines == (line, f"  Invalid directive {name}")


def test_a_number_is_looked_for_in_all_texts(triage):
    """The last words in a message may begin behind the first error."""
    said = read_ends(HERE / "recorded" / "grompp-directive.first.txt")
    tail = Source(said[said.index("ERROR 3") :])
    found = triage.best(Case(sources=(tail, Source(said, Path("stderr.txt")))))
    assert (found.pattern.kind, found.source.path) == ("grompp-directive", Path("stderr.txt"))


def test_every_pattern_has_a_sample():
    with_text = {p.kind for p in own_patterns() if p.text and not p.kind.startswith(OWN)}
    assert with_text - set(SAMPLES.values()) == set()


@pytest.mark.parametrize(("kind", "reason"), REASONS)
def test_reasons_of_queues(triage, kind, reason):
    for said in (reason, f"({reason})", sentence_on_waiting(reason)):
        found = triage.best(case_of_reason(said))
        assert found is not None, said
        assert found.pattern.kind == kind, said
        assert triage.explain_reason(said) == found.pattern.meaning


def test_every_reason_has_a_sample():
    with_reason = {p.kind for p in own_patterns() if p.reason and p.kind.startswith("queue-")}
    assert with_reason - {kind for kind, _ in REASONS} == set()


def test_all_words_that_the_launcher_knows_are_explained(triage):
    for line in (SLURM / "squeue-fields.txt").read_text().splitlines():
        state, reason = ([*line.split("|"), *6 * [""]][part] for part in (3, 5))
        if state == "PD":
            assert triage.best(case_of_reason(reason)) is not None, line


@pytest.mark.parametrize("sample", sorted((HERE / "healthy").glob("*.txt")), ids=lambda p: p.stem)
def test_healthy_output_fits_nothing(triage, sample):
    assert triage.best(Case(sources=(Source(read_ends(sample), sample),))) is None


def test_kinds_are_words_and_sentences_end():
    kinds = [pattern.kind for pattern in own_patterns()]
    assert sorted(set(kinds)) == sorted(kinds)
    for pattern in own_patterns():
        pattern.check()
        assert re.fullmatch(r"[a-z]+(-[a-z0-9]+)+", pattern.kind)
        for sentence in (pattern.meaning, *pattern.remedies, pattern.policy or "."):
            assert sentence.endswith((".", "?", ".html")), (pattern.kind, sentence)
        assert not pattern.title.endswith(".")
        assert pattern.remedies or pattern.kind in WITHOUT_REMEDY, pattern.kind
