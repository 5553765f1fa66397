"""What is said about errors, alone and with their job."""

from __future__ import annotations

import errno
import json
import os
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from asyncmd_jupyter import triage
from asyncmd_jupyter.errors import EngineCrashedError, JobError, MaxStepsReachedError
from asyncmd_jupyter.jobs.model import JobState
from asyncmd_jupyter.sampling.conditions import as_condition
from asyncmd_jupyter.triage.unexplained import KIND


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        *(
            (errno.ENOSPC, "limit-disk"),
            (errno.EDQUOT, "limit-quota"),
            (errno.EMFILE, "limit-files"),
        ),
        *((errno.ENFILE, "limit-files"), (errno.EACCES, "file-permission")),
        *((errno.ENOENT, "file-missing"), (errno.EROFS, "file-read-only")),
        *((errno.ESTALE, "file-stale"), (errno.EIO, "file-io"), (errno.ENOMEM, "limit-memory")),
    ],
)
def test_errors_of_the_system(number, kind, runtime):
    without_words = OSError(number, "?", "file")
    assert triage.diagnose_error(without_words).kind == kind
    assert triage.diagnose_error(OSError(number, os.strerror(number), "file")).kind == kind


def test_a_full_disk_of_the_job_store(runtime):
    told = "The job store is full. There is no room on the file system '/home': make some."
    assert triage.diagnose_error(JobError(told)).kind == "limit-disk"


def test_what_has_led_to_an_error_counts(runtime):
    try:
        try:
            raise OSError(errno.ENOSPC, "No space left on device", "sim.trr")
        except OSError as error:
            raise EngineCrashedError("The part can't be written.") from error
    except EngineCrashedError as error:
        found = triage.diagnose_error(error)
    assert found.kind == "limit-disk"
    assert any("sim.trr" in line for line in found.lines)


def test_the_folder_that_an_error_names_is_looked_into(job):
    job.stderr.write_text("Too many LINCS warnings (1001)\n")
    error = EngineCrashedError(f"It failed.\nFolder: /w; all of its output: {job.folder}")
    found = triage.diagnose_error(error)
    assert (found.kind, found.file) == ("gromacs-lincs", str(job.stderr))


@pytest.mark.parametrize(
    "message",
    [
        "It failed.\nIts last words:\n{said}\nFolder: /w; all of its output: /w/job",
        "distance on a.trr failed.\nstdout:\n\nstderr:\n{said}\nAll of its output: /w/job",
    ],
)
@pytest.mark.parametrize("said", ["Too many LINCS warnings (1001)", "nobody knows this"])
def test_only_words_of_the_program_are_quoted(message, said, runtime):
    found = triage.diagnose_error(EngineCrashedError(message.format(said=said)))
    assert found.kind == ("gromacs-lincs" if "LINCS" in said else KIND)
    assert found.lines[-1] == said
    assert found.kind == KIND or found.lines == (said,)
    assert not any("output" in line or "words" in line for line in found.lines)
    assert "stderr:" not in found.lines


def test_an_error_with_its_job(job):
    job.stderr.write_text("Too many LINCS warnings (1001)\n")
    found = triage.diagnose_error(RuntimeError("it failed"), job)
    assert found.kind == "gromacs-lincs"
    assert found.policy.startswith("It is not repeated")


def test_an_error_after_a_job_that_ended_well(job):
    job.stderr.write_text("Step 27, time 0.162 (ps)  LINCS WARNING\nrelative deviation\n")
    well = replace(job, state=JobState.DONE, exit_code=0, reason="")
    found = triage.diagnose_error(MaxStepsReachedError("None was reached within 5 steps."), well)
    assert found.kind == "run-limit"
    assert found.policy == "It does not go on by itself, because the limit was set on purpose."


def test_an_error_of_a_function_of_a_user(runtime):
    def distance(positions):
        return positions[30]

    with pytest.raises(IndexError) as caught:
        distance([])
    found = triage.diagnose_error(caught.value)
    assert found.kind == "python-error"
    assert any("return positions[30]" in line for line in found.lines)
    assert found.lines[-1] == "IndexError: list index out of range"


def test_an_unknown_error(runtime):
    found = triage.diagnose_error(ZeroDivisionError("division by zero"))
    assert (found.kind, found.title) == (KIND, "ZeroDivisionError")
    assert found.lines == ("ZeroDivisionError: division by zero",)


def test_errors_that_lead_to_each_other(runtime):
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    assert triage.diagnose_error(first).kind == KIND


def raised_by(function):
    """What it raises, without the lines of this file that call it."""
    with pytest.raises((TypeError, ValueError)) as caught:
        function()
    place = caught.value.__traceback__.tb_next
    return caught.value.with_traceback(place)


def test_a_condition_that_gives_numbers(runtime):
    values = np.array([1.5, 170.25])
    condition = as_condition(lambda _: values, "psi")
    found = triage.diagnose_error(raised_by(partial(condition.judge, lambda _: values)))
    assert (found.kind, found.title) == ("run-condition", "A condition can't be used")
    [line] = found.lines
    assert "The condition psi has to give one bool per frame" in line
    assert "dtype float64 and shape (2,)." in line
    assert "Within(" in found.remedies[0]
    assert found.policy


def test_frames_of_this_package_are_not_quoted_for_its_own_refusals(runtime):
    found = triage.diagnose_error(raised_by(partial(as_condition, 5)))
    assert found.kind == "run-refused"
    assert found.lines[0].startswith("TypeError: A condition has to be a function")
    assert "conditions.py" not in found.text()


def test_frames_of_a_function_of_the_user_stay(runtime):
    def mine():
        return json.loads("{")["x"]

    found = triage.diagnose_error(raised_by(mine))
    assert found.kind == "python-error"
    assert any("in mine" in line for line in found.lines)
    assert found.lines[-1].startswith("json.decoder.JSONDecodeError")
