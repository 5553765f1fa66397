"""Numbers of Slurm are used again: what is, and what is not, the job that was meant."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from asyncmd_jupyter.jobs.model import Command, JobRecord
from asyncmd_jupyter.jobs.slurm.commands import impersonal, unheeded_clusters
from asyncmd_jupyter.jobs.slurm.identity import Mark
from asyncmd_jupyter.jobs.slurm.membership import Memberships
from asyncmd_jupyter.jobs.slurm.parsing import QueueEntry
from asyncmd_jupyter.settings import SlurmSettings

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
JOB = JobRecord(
    "abc", "a", "slurm", Command(("x",), Path("/w")), Path("/w/f"), native_id="7",
    cluster="big", queued=NOW, submitted=NOW - SECOND,
)  # fmt: skip
ENTRY = QueueEntry("7", "RUNNING", job_id="abc", submitted=NOW, cluster="big")
PLAIN = replace(ENTRY, job_id="", label="|a||")


def fits(job, entry):
    return Mark.of(job, Memberships().names(job)).fits(entry)


@pytest.mark.parametrize(
    ("changes", "is_ours"),
    [
        ({}, True),
        ({"submitted": NOW + timedelta(days=1)}, True),  # put back, by the comment
        ({"cluster": ""}, True),
        ({"cluster": "small"}, False),
        ({"job_id": "another"}, False),
        ({"job_id": "abc.1"}, False),
    ],
)
def test_the_comment_decides(changes, is_ours):
    assert fits(JOB, replace(ENTRY, **changes)) is is_ours


@pytest.mark.parametrize(
    ("changes", "is_ours"),
    [
        ({}, True),
        ({"submitted": NOW + SECOND}, False),
        ({"submitted": NOW + 60 * SECOND}, False),
        ({"submitted": NOW - 60 * SECOND}, False),
        ({"submitted": None}, False),
        ({"label": "|b||"}, False),
        ({"label": "|allocation||"}, True),  # as long as accounting does not know the name
        ({"cluster": "small"}, False),
        ({"restarts": 1, "submitted": NOW + 60 * SECOND}, True),
    ],
)
def test_without_a_comment_time_and_name_decide(changes, is_ours):
    assert fits(JOB, replace(PLAIN, **changes)) is is_ours


def test_clocks_may_differ_while_only_this_machine_has_told_the_time():
    job = replace(JOB, queued=NOW + timedelta(microseconds=1))
    assert fits(job, replace(PLAIN, submitted=NOW + 60 * SECOND))
    assert not fits(job, replace(PLAIN, submitted=NOW + timedelta(hours=1)))


def test_a_record_of_an_earlier_version_has_only_its_own_times():
    job = replace(JOB, queued=None, cluster="", started=NOW + 5 * SECOND)
    assert fits(job, ENTRY)
    assert fits(job, PLAIN)
    assert not fits(job, replace(PLAIN, submitted=NOW - timedelta(days=1)))
    assert not fits(job, replace(PLAIN, submitted=NOW + timedelta(days=1)))


def test_tasks_of_arrays_are_known_by_the_comment_of_their_batch():
    task = replace(JOB, native_id="7_3", comment="asyncmd:beef")
    entry = replace(ENTRY, id="7_3", job_id="beef.3")
    assert fits(task, entry)
    assert not fits(task, replace(entry, job_id="cafe.3"))
    of_earlier_version = replace(task, comment="")
    assert fits(of_earlier_version, entry)
    assert not fits(of_earlier_version, replace(entry, submitted=NOW + timedelta(days=1)))


def test_accounting_knows_several_jobs_of_a_number():
    def attempt(first, last, **changes):
        times = {"submitted": NOW + first * SECOND, "ended": NOW + last * SECOND}
        return replace(PLAIN, **times, **changes)

    before = attempt(-900, -600, state="FAILED")
    first = attempt(0, 30, state="REQUEUED")
    second = attempt(30, 60, state="COMPLETED")
    later = attempt(900, 960, state="FAILED")
    mark = Mark.of(JOB, ["abc"])
    assert mark.newest_attempt([later, second, before, first]) == second
    assert mark.newest_attempt([before, first, later]) == first
    assert mark.newest_attempt([before, later]) is None
    named = replace(later, job_id="abc")
    assert mark.newest_attempt([before, first, named]) == named


def test_no_habit_of_a_user_changes_what_commands_mean():
    habits = {
        "SQUEUE_FORMAT2": "x", "SACCT_FORMAT": "x", "SLURM_CLUSTERS": "small",
        "SCONTROL_FEDERATION": "1", "SCANCEL_STATE": "PENDING", "SLURM_TIME_FORMAT": "relative",
        "SLURM_JOB_ID": "1",
    }  # fmt: skip
    kept = {"SLURM_CONF": "/c", "SLURM_JWT": "x", "PATH": "/bin", "SBATCH_ACCOUNT": "me"}
    assert impersonal({**habits, **kept}) == kept


def test_a_variable_that_names_another_cluster_is_not_passed_over_in_silence():
    settings = SlurmSettings(cluster="big")
    assert unheeded_clusters(settings, {"SBATCH_CLUSTERS": "small"}) == "SBATCH_CLUSTERS=small"
    assert unheeded_clusters(settings, {"SLURM_CLUSTERS": "big", "SBATCH_CLUSTERS": ""}) == ""
