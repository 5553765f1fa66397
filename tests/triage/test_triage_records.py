"""What is said about a job, from its record and its files."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from asyncmd_jupyter import triage
from asyncmd_jupyter.jobs.model import Command, JobState
from asyncmd_jupyter.jobs.slurm.states import MEANINGS, NOTICE, PUT_BACK, sentence_on
from asyncmd_jupyter.sampling.slurm_function_files import FUNCTION_TAG
from asyncmd_jupyter.triage.policy import FUNCTION_TAG as POLICY_TAG
from asyncmd_jupyter.triage.reading import GAP, HEAD_BYTES, TAIL_BYTES
from asyncmd_jupyter.triage.unexplained import KIND

NOW = datetime.now(UTC)
CAUSES = {
    "TIMEOUT": "limit-time",
    NOTICE: "limit-notice",
    PUT_BACK: "node-requeued",
    "PREEMPTED": "node-preempted",
    "NODE_FAIL": "node-failure",
    "BOOT_FAIL": "node-failure",
    "RECONFIG_FAIL": "node-failure",
    "LAUNCH_FAILED": "node-launch",
    "OUT_OF_MEMORY": "limit-memory",
    "DEADLINE": "queue-deadline",
    "CANCELLED": "node-cancelled-elsewhere",
    "REVOKED": "node-cancelled-elsewhere",
}


def said(job, **changes):
    return triage.diagnose(replace(job, **changes))


@pytest.mark.parametrize("state", [JobState.DONE, JobState.RUNNING, JobState.PENDING])
def test_nothing_is_said_about_jobs_that_are_well(job, state):
    job.stderr.write_text("Too many LINCS warnings (1001)\n")
    assert said(job, state=state, exit_code=None, reason="") is None


@pytest.mark.parametrize(("cause", "kind"), CAUSES.items())
def test_every_end_that_the_queue_knows(job, cause, kind):
    reason = sentence_on(cause) if cause in MEANINGS else "It is so."
    state = MEANINGS[cause][0] if cause in MEANINGS else JobState.FAILED
    found = said(job, state=state, cause=cause, reason=reason, exit_code=None)
    assert found.kind == kind
    only_words = said(job, state=state, reason=sentence_on(cause), exit_code=None)
    assert cause not in MEANINGS or only_words.kind == kind


def test_all_final_words_of_slurm_have_a_kind():
    final = {word for word, (state, sentence) in MEANINGS.items() if state.is_final and sentence}
    assert final <= set(CAUSES)


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("It ended without leaving an exit code: killed as a whole, or a restart.", "node-lost"),
        ("The kernel that held it back ended before it was started.", "node-never-ran"),
        ("The kernel was shut down before it was started.", "node-never-ran"),
        ("It reached its time limit of 0:00:02.", "limit-time"),
    ],
)
def test_what_the_library_says(job, reason, kind):
    assert said(job, state=JobState.LOST, exit_code=None, reason=reason).kind == kind


@pytest.mark.parametrize(("launcher", "kind"), [("local", "queue-cores"), ("slurm", "queue-slots")])
def test_what_waits_here(job, launcher, kind):
    found = said(job, state=JobState.WAITING, launcher=launcher, reason="", exit_code=None)
    assert found.kind == kind
    assert "by itself" in found.policy


def test_what_waits_in_the_queue(job):
    waiting = replace(job, state=JobState.PENDING, exit_code=None)
    free = said(waiting, reason="It waits for free nodes.")
    assert (free.kind, free.file, free.lines) == ("queue-resources", "", ())
    assert free.policy.startswith("It starts by itself")
    never = said(waiting, reason="It waits for a job that failed, so it will never start.")
    assert never.policy.startswith("It will not start by itself")
    assert said(waiting, state=JobState.RUNNING, reason="It is suspended.").kind == "node-suspended"


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        *((-9, "limit-killed"), (137, "limit-killed"), (-11, "signal-segfault")),
        *((139, "signal-segfault"), (-4, "signal-illegal"), (-6, "signal-abort")),
        *((127, "shell-code-127"), (126, "shell-code-126"), (-25, "limit-file-size")),
    ],
)
def test_exit_codes_alone(job, code, kind):
    assert said(job, exit_code=code, reason="").kind == kind


def test_words_say_more_than_codes(job):
    job.stderr.write_text("Step 27, time 0.162 (ps)  LINCS WARNING\nrelative deviation\n")
    found = said(job, exit_code=-11)
    assert found.kind == "gromacs-lincs"
    assert found.file == str(job.stderr)
    assert found.lines[0] == "Step 27, time 0.162 (ps)  LINCS WARNING"


def test_the_beginning_of_a_blow_up_is_quoted(job):
    warning = "Step {n}, time 0 (ps)  LINCS WARNING\nrelative deviation:\nrms {n}.5, max 2.5\n\n"
    job.stderr.write_text("".join(warning.format(n=n) for n in (0, 1, 1, 2, 3, 4, 5)))
    lines = said(job).lines
    assert lines[:3] == (
        "Step 0, time 0 (ps)  LINCS WARNING",
        "relative deviation:",
        "rms 0.5, max 2.5",
    )
    assert lines[3:6] == (
        "Step 1, time 0 (ps)  LINCS WARNING",
        "relative deviation:",
        "rms 1.5, max 2.5",
    )
    assert lines[6].startswith("Step 2"), "what is said twice is quoted once"
    assert len(lines) <= 12


def test_what_slurm_says_of_the_end_counts_more_than_warnings(job):
    job.stderr.write_text("Step 27, time 0.162 (ps)  LINCS WARNING\nrelative deviation\n")
    assert said(job, cause="TIMEOUT", interrupted=True).kind == "limit-time"


@pytest.mark.parametrize(
    ("more", "code", "kind"),
    [
        ("sim.sh: line 3: gmx: command not found\n", 127, "shell-module-command"),
        ("", 127, "shell-module-command"),
        ("Step 27, time 0.162 (ps)  LINCS WARNING\nrelative\n", 1, "gromacs-lincs"),
        ("Program:     gmx mdrun\n\nFatal error:\nsomething\n", 1, "gromacs-fatal"),
        ("Fatal error:\nToo many warnings (1).\n", 1, "grompp-warnings"),
        ("Traceback (most recent call last):\nValueError: no\n", 1, "python-error"),
    ],
)
def test_complaints_that_do_no_harm(job, more, code, kind):
    job.stderr.write_text(f"sim.sh: line 2: module: command not found\n\n{more}")
    assert said(job, exit_code=code).kind == kind


def test_modules_end_scripts_or_not(job):
    lmod = "Lmod has detected the following error:  The following module(s) are unknown:\n\n"
    job.stderr.write_text(lmod)
    assert said(job).kind == "shell-module"
    job.stderr.write_text(f"{lmod}Program:     gmx mdrun\n\nFatal error:\nsomething\n")
    assert said(job).kind == "gromacs-fatal"


def test_a_full_disk_is_the_cause_of_all_else(job):
    job.stderr.write_text(
        "Fatal error:\nCannot write trajectory; maybe you are out of disk space?\n\n"
        "Step 27, time 0.162 (ps)  LINCS WARNING\n"
    )
    assert said(job).kind == "limit-disk"


def test_the_log_of_gromacs_is_looked_into(job, tmp_path):
    log = tmp_path / "sim.part0002.log"
    (tmp_path / "sim.part0001.log").write_text("Too many LINCS warnings (1001)\n")
    assert said(job).kind == KIND, "that of another part is not"
    log.write_text("Energies\n\nToo many LINCS warnings (1001)\n")
    found = said(job)
    assert (found.kind, found.file) == ("gromacs-lincs", str(log))
    assert said(job, tags={}).kind == KIND, "without tags it is not known"
    by_hand = replace(job, tags={}, command=Command(("gmx", "mdrun", "-g", log.name), tmp_path))
    assert triage.diagnose(by_hand).kind == "gromacs-lincs"
    named = Command(("srun", "gmx_mpi", "mdrun", "-deffnm", "sim.part0002"), tmp_path)
    assert triage.diagnose(replace(job, tags={}, command=named)).kind == "gromacs-lincs"


@pytest.mark.parametrize("minutes", [-60, 60])
def test_a_log_of_another_time_is_another_jobs(job, tmp_path, minutes):
    log = tmp_path / "sim.part0002.log"
    log.write_text("Too many LINCS warnings (1001)\n")
    then = (NOW + timedelta(minutes=minutes)).timestamp()
    os.utime(log, (then, then))
    assert said(job).kind == KIND


def test_patterns_of_other_programs_are_left_out(job):
    job.stderr.write_text("Energy is NaN\n")
    assert said(job).kind == KIND
    assert said(job, tags={"engine": "OpenMMEngine"}).kind == "openmm-nan"
    assert said(job, tags={}).kind == "openmm-nan"


def test_an_unknown_failure_is_told_as_it_is(job):
    job.stderr.write_text("one\n\n" + "\n".join(f"word {n}" for n in range(20)) + "\n\n")
    found = said(job, exit_code=3, reason="The command ended with exit code 3.")
    assert found.kind == KIND
    assert found.lines == tuple(f"word {n}" for n in range(14, 20))
    assert found.file == str(job.stderr)
    assert found.meaning.startswith("The command ended with exit code 3. No known pattern")
    silent = said(replace(job, folder=job.folder / "gone"))
    assert (silent.kind, silent.lines) == (KIND, ())
    assert "no output" in silent.meaning


def test_only_the_ends_of_files_are_read(job):
    words = b"Too many LINCS warnings (1001)\n"
    filler = b"x" * 99 + b"\n"
    middle = filler * (2 * (HEAD_BYTES + TAIL_BYTES) // 100)
    job.stderr.write_bytes(middle + words + middle)
    assert said(job).kind == KIND
    job.stderr.write_bytes(middle + words)
    assert said(job).kind == "gromacs-lincs"
    job.stderr.write_bytes(b"Fatal error:\nsomething\n" + middle)
    found = said(job)
    assert found.kind == "gromacs-fatal"
    assert GAP not in found.lines


def test_files_that_are_none(job):
    os.mkfifo(job.stderr)  # nobody writes, so reading it would take for ever
    job.stdout.mkdir()
    assert said(job).kind == KIND


@pytest.mark.parametrize("letters", [": a", "a", " ", "nan: ", "line 1: 2 ", "\t\n", "\r\n", "(1)"])
def test_endless_lines_take_no_time(job, letters):
    text = letters * (100_000 // len(letters))
    job.stderr.write_text(text)
    assert said(job).kind == KIND
    assert triage.diagnose_error(RuntimeError(text)).kind == KIND


def test_letters_that_are_none(job):
    noise = bytes(range(256)) * 20
    job.stderr.write_bytes(noise + b"\n\x1b[31mToo many LINCS warnings (7)\x1b[0m\r\n" + noise)
    found = said(job)
    assert found.kind == "gromacs-lincs"
    assert "Too many LINCS warnings (7)" in found.lines
    assert all(line.isprintable() for line in found.lines)


def test_html_holds_nothing_but_text(job):
    job.stderr.write_text("Fatal error:\n<script>alert('x')</script> & <img src=x onerror=y>\n")
    html = said(job).html()
    assert "<script" not in html
    assert "<img" not in html
    assert "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt; &amp;" in html
    assert html == said(job)._repr_html_()
    assert "var(--jp-error-color1" in html


def test_text_has_all_of_it(job):
    job.stderr.write_text("Fatal error:\nsomething strange\n")
    found = said(job)
    text = found.text()
    assert repr(found) == text
    for part in (found.title, found.meaning, found.policy, *found.remedies, *found.lines):
        assert part in text
        assert part in found.html() or "'" in part
    assert str(job.stderr) in text


# What happens by itself


def test_a_failed_part_is_not_repeated(job):
    policy = said(job).policy
    assert policy.startswith("It is not repeated")
    assert "parts that were computed before are kept: when the cause is mended, go on" in policy
    assert "are kept" not in said(job, tags={}).policy


def test_what_was_cancelled_has_no_cause_to_be_mended(job):
    policy = said(job, state=JobState.CANCELLED, cancel_requested=True).policy
    assert "computed before are kept: go on with '%asyncmd resume'" in policy


@pytest.mark.parametrize("limit", [3, 7])
def test_an_interrupted_part_goes_on(job, runtime, limit):
    runtime.change_settings(max_fruitless_parts=limit)
    policy = said(job, cause="TIMEOUT", interrupted=True).policy
    assert "goes on from the last checkpoint" in policy
    assert f"until {limit} parts in a row took no step" in policy


def test_a_part_that_was_stopped_in_time_goes_on(job):
    found = said(job, state=JobState.DONE, exit_code=0, cause=NOTICE, interrupted=True)
    assert found.kind == "limit-notice"
    assert "goes on from the last checkpoint" in found.policy


def test_evaluations_are_repeated_unless_they_take_too_long(job):
    assert POLICY_TAG == FUNCTION_TAG
    function = replace(job, tags={FUNCTION_TAG: "1"}, interrupted=True)
    assert said(function, cause="NODE_FAIL").policy.startswith("The evaluation is repeated")
    assert said(function, cause="TIMEOUT").policy.startswith("It is not repeated")


def test_other_jobs_are_not_repeated(job):
    assert "not repeated" in said(job, tags={}, interrupted=True, cause="NODE_FAIL").policy


def test_what_was_cancelled_from_here(job):
    found = said(job, state=JobState.CANCELLED, cancel_requested=True, cause="CANCELLED")
    assert found.kind == "node-cancelled"
    assert found.policy.startswith("What was cancelled is not started again")
