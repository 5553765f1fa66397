"""Equal jobs as one array: who may share one, its script, its ids, and what becomes of tasks."""

import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from test_launchers import HOSTILE

from asyncmd_jupyter.jobs.model import Command, JobRecord, Resources, ScriptTemplate
from asyncmd_jupyter.jobs.slurm import commands, request
from asyncmd_jupyter.jobs.slurm.membership import Memberships
from asyncmd_jupyter.jobs.slurm.parsing import QueueEntry, parse_squeue
from asyncmd_jupyter.jobs.slurm.queue import Snapshot
from asyncmd_jupyter.settings import SlurmSettings

SETTINGS = SlurmSettings()


def record(number=0, folder="/w/f", name="part", script=None, **resources):
    template = ScriptTemplate(script) if script else None
    command = Command(("x",), Path("/w"), template=template)
    return JobRecord(f"id{number}", name, "slurm", command, Path(folder), Resources(**resources))


def alike(one, other):
    return request.likeness(SETTINGS, one, []) == request.likeness(SETTINGS, other, [])


def test_names_and_folders_may_differ():
    assert alike(record(1, "/a", "a"), record(2, "/b", "b"))


@pytest.mark.parametrize(
    "other",
    [
        record(cores=2),
        record(time_limit=timedelta(hours=1)),
        record(options={"partition": "gpu"}),
        record(script="#!/bin/sh\n#SBATCH --mem=1G\n"),
        record(threads_variable="OMP_NUM_THREADS"),
        replace(record(), command=replace(record().command, repeatable=False)),
    ],
)
def test_what_is_asked_for_may_not_differ(other):
    assert not alike(record(), other)


@pytest.mark.parametrize(
    "job",
    [
        record(options={"dependency": "singleton"}),
        record(script="#!/bin/sh\n#SBATCH --mail-type=END\n"),
        record(script="#!/bin/sh\n#SBATCH -n 1\n#SBATCH hetjob\n"),
    ],
)
def test_what_means_something_else_for_arrays_is_submitted_alone(job):
    assert not request.can_share(job)


def test_an_array():
    tasks = [record(number, f"/w/{number}", f"part_{number}", cores=3) for number in range(4)]
    asked = request.array_request("beef", tasks)
    argv = asked.argv(SETTINGS, ["n1"], lambda job_id: job_id != "id1")
    assert argv == [
        "sbatch",
        "--parsable",
        "--job-name=part",
        "--chdir=/",
        "--output=/dev/null",
        "--error=/dev/null",
        "--input=/dev/null",
        "--open-mode=append",
        "--comment=asyncmd:beef",
        "--array=0,2-3",
        "--exclude=n1",
        "--cpus-per-task=3",
    ]
    assert asked.left_out == {"id1"}
    assert asked.environment({})["ASYNCMD_JOB_ID"] == "beef"


@pytest.mark.parametrize(
    ("names", "common"),
    [(["a", "b"], "a"), (["walker 1", "walker 12"], "walker"), (["x", "x"], "x")],
)
def test_the_name_of_an_array(names, common):
    tasks = [record(name=name) for name in names]
    assert request.array_request("b", tasks).record.name == common


def run_task(text, number):
    variables = {
        "SLURM_ARRAY_TASK_ID": str(number),
        "SLURM_ARRAY_JOB_ID": "7",
        "PATH": "/usr/bin:/bin",
    }
    return subprocess.run(["bash", "-c", text], env=variables, capture_output=True, check=False)


@pytest.mark.parametrize("text", [text for text in HOSTILE if text], ids=repr)
def test_each_task_becomes_the_script_of_its_job(tmp_path, text):
    folders = [tmp_path / "plain", tmp_path / text]
    tasks = []
    for number, folder in enumerate(folders):
        folder.mkdir()
        (folder / "script.sh").write_text(
            'echo "$0"; pwd; env | grep -E "SLURM_ARRAY|ASYNCMD"; exit 4'
        )
        tasks.append(record(number, folder))
    assert run_task(request.dispatcher(tasks), 1).returncode == 4
    said = (folders[1] / "slurm.txt").read_text()
    assert said == f"script.sh\n{folders[1]}\nASYNCMD_JOB_ID=id1\n"
    assert not list(tmp_path.rglob("pwned"))
    assert not (folders[0] / "slurm.txt").exists()


def test_a_task_without_its_folder_ends_as_slurm_ends_jobs_without_one(tmp_path):
    assert run_task(request.dispatcher([record(folder=tmp_path / "gone")]), 0).returncode == -53


def test_lines_for_slurm_are_in_the_script():
    text = request.dispatcher([record(script="#!/bin/sh\n#SBATCH --mem=1G\ntrue\n")])
    assert text.splitlines()[1] == "#SBATCH --mem=1G"


def test_the_script_is_in_no_file_that_somebody_could_change(tmp_path):
    asked = request.array_request("b", [record(folder=tmp_path)])
    assert asked.script().startswith(b"#!")
    assert list(tmp_path.iterdir()) == []


def test_memberships_are_found_by_later_kernels(tmp_path):
    tasks = [record(number, tmp_path / str(number)) for number in range(2)]
    for task in tasks:
        task.folder.mkdir()
    first, second = Memberships(), Memberships()
    first.enrol("beef", tasks)
    second.read(tasks)
    for each in (first, second):
        assert each.names(tasks[1]) == ("id1", "beef.1")
        assert each.submitters(tasks[1]) == ("id1", "beef")
    first.dismiss(tasks)
    assert first.names(tasks[1]) == ("id1",)
    assert Memberships().names(tasks[0]) == ("id0",)
    assert [*tmp_path.rglob("*batch*")] == []


def test_tasks_have_names_of_their_own():
    text = (
        "12_0|RUNNING|1|0|n1|t0|1795367730|None|a|asyncmd:beef|\n"
        "13|CANCELLED|0|0||t0|1795367730|None|a|asyncmd:beef|\n"
    )
    assert [(entry.id, entry.job_id) for entry in parse_squeue(text)] == [
        ("12_0", "beef.0"),
        ("13", "beef"),
    ]


@pytest.mark.parametrize(
    ("ids", "compact"),
    [
        (["7"], ["7"]),
        (["7_3"], ["7_3"]),
        (["7_3", "5", "7_1", "7_2", "8_0", "7_9"], ["5", "7_[1-3,9]", "8_0"]),
    ],
)
def test_ids_of_arrays_are_put_together(ids, compact):
    assert commands.compact(ids) == compact


def entries(**states):
    return [QueueEntry(key.replace("t", ""), state) for key, state in states.items()]


def any_array(_):
    return True


def test_a_waiting_task_that_vanishes_was_cancelled():
    before = Snapshot.of(0, entries(t7_0="RUNNING", t7_1="PENDING", t8_1="PENDING", t9="PENDING"))
    now = Snapshot.of(1, entries(t7_0="RUNNING"), before)
    assert now.cancelled_task("7_1", any_array, is_accounted=False) == QueueEntry(
        "7_1", "CANCELLED"
    )
    for other in ("8_1", "9", "7_5", "7_0"):
        assert now.cancelled_task(other, any_array, is_accounted=False) is None
    later = Snapshot.of(2, [], now)
    assert later.cancelled_task("7_1", any_array, is_accounted=False) is not None


def test_an_array_whose_waiting_tasks_were_cancelled_together():
    now = Snapshot.of(1, [*entries(t7_0="RUNNING"), QueueEntry("7", "CANCELLED")])
    found = now.cancelled_task("7_3", any_array, is_accounted=False)
    assert (found.id, found.state) == ("7_3", "CANCELLED")


def test_a_task_of_which_nobody_knows_anything_was_cancelled_while_it_waited():
    now = Snapshot.of(1, entries(t7_0="RUNNING"))
    assert now.cancelled_task("7_1", any_array, is_accounted=True).state == "CANCELLED"
    assert now.cancelled_task("8_1", any_array, is_accounted=True) is None


def test_what_becomes_of_another_array_with_the_same_number_says_nothing():
    before = Snapshot.of(0, entries(t7_0="RUNNING", t7_1="PENDING"))
    now = Snapshot.of(1, [*entries(t7_0="RUNNING"), QueueEntry("7", "CANCELLED")], before)
    assert now.cancelled_task("7_1", lambda _: False, is_accounted=True) is None
