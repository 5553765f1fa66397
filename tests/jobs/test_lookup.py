"""Which job is meant by the beginning of an id, a name, or the launcher's id."""

from pathlib import Path

import pytest

from asyncmd_jupyter.errors import JobError
from asyncmd_jupyter.jobs.lookup import pick
from asyncmd_jupyter.jobs.model import Command, JobRecord, JobState


def record(job_id, native_id, state=JobState.RUNNING, launcher="slurm"):
    command = Command(("x",), Path("/w"))
    return JobRecord(
        job_id, job_id, launcher, command, Path("/w"), state=state, native_id=native_id
    )


RECORDS = [
    record("a1", "22_0"),
    record("a2", "22_1"),
    record("a3", "22_2", JobState.DONE),
    record("b1", "7"),
    record("b2", "7", JobState.DONE),
    record("c1", "8", JobState.DONE),
    record("c2", "8", JobState.DONE),
    record("d1", "99:123", launcher="local"),
    record("e1", "33"),
    record("33f", "34"),
]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("22_1", ["a2"]),
        ("22", ["a1", "a2"]),
        ("22_2", ["a3"]),
        ("7", ["b1"]),
        ("8", ["c1"]),
        ("34", ["33f"]),
        ("33f", ["33f"]),
        ("b1", ["b1"]),
    ],
)
def test_what_is_meant(text, ids):
    assert [found.id for found in pick(RECORDS, text)] == ids


@pytest.mark.parametrize("text", ["2", "99", "22_7", "123"])
def test_nothing_is_guessed(text):
    with pytest.raises(JobError, match=f"no job '{text}'"):
        pick(RECORDS, text)


def test_an_id_of_slurm_that_begins_one_of_ours():
    with pytest.raises(JobError, match="of e1 and begins the id of 33f"):
        pick(RECORDS, "33")
