"""What Slurm's commands are called with."""

from datetime import timedelta
from pathlib import Path

import pytest

from asyncmd_jupyter.jobs.model import Command, JobRecord, Resources, ScriptTemplate
from asyncmd_jupyter.jobs.slurm import commands
from asyncmd_jupyter.jobs.slurm.client import Reply
from asyncmd_jupyter.jobs.slurm.options import RESERVED, check_options, minutes, option_arguments
from asyncmd_jupyter.jobs.slurm.submission import outcome_of
from asyncmd_jupyter.settings import SlurmSettings

SETTINGS = SlurmSettings()


def record(folder="/w/.asyncmd_jobs/a.abc", name="a", **resources):
    command = Command(("x",), Path("/w"))
    return JobRecord("abc", name, "slurm", command, Path(folder), Resources(**resources))


def test_sbatch():
    job = record(cores=3, time_limit=timedelta(hours=1), options={"partition": "gpu", "hold": ""})
    assert commands.sbatch(SETTINGS, job, ["n1", "n2"]) == [
        "sbatch",
        "--parsable",
        "--job-name=a",
        "--chdir=/w/.asyncmd_jobs/a.abc",
        "--output=/w/.asyncmd_jobs/a.abc/slurm.txt",
        "--error=/w/.asyncmd_jobs/a.abc/slurm.txt",
        "--input=/dev/null",
        "--open-mode=append",
        "--comment=asyncmd:abc",
        "--exclude=n1,n2",
        "--cpus-per-task=3",
        "--time=60",
        "--partition=gpu",
        "--hold",
    ]


def test_options_win_over_resources():
    limits = {"time": "0-2", "cpus-per-task": "8"}
    argv = commands.sbatch(
        SETTINGS, record(cores=2, time_limit=timedelta(hours=1), options=limits), []
    )
    assert [argument for argument in argv if "time" in argument] == ["--time=0-2"]
    assert [argument for argument in argv if "cpus" in argument] == ["--cpus-per-task=8"]


@pytest.mark.parametrize(
    ("limit", "number"),
    [
        (timedelta(0), 1),
        (timedelta(seconds=1), 1),
        (timedelta(seconds=60), 1),
        (timedelta(seconds=61), 2),
        (timedelta(hours=24), 1440),
    ],
)
def test_a_time_limit_never_becomes_none(limit, number):
    assert minutes(limit) == number


@pytest.mark.parametrize("name", RESERVED)
def test_reserved_options_and_their_beginnings(name):
    for option in (name, name[:3]):
        with pytest.raises(ValueError, match="can't be chosen"):
            check_options({option: "x"})


@pytest.mark.parametrize("name", ["", "p", "-p", "--time", "Time", "a b", "a=b", "ntasks;x"])
def test_names_that_are_no_long_options(name):
    with pytest.raises(ValueError, match="long name without dashes"):
        check_options({name: "x"})


@pytest.mark.parametrize("value", [None, 3, "a\0b"])
def test_values_that_are_no_text(value):
    with pytest.raises(ValueError, match="has to be text"):
        check_options({"partition": value})


@pytest.mark.parametrize("name", ["partition", "time", "mem", "part", "gres", "cpus-per-task"])
def test_options_that_need_a_value(name):
    with pytest.raises(ValueError, match=f"{name}' needs a value"):
        check_options({name: "", "nodes": "1"})


def test_no_option_takes_the_next_one_for_its_value():
    options = {"of-a-plugin": "", "requeue": "", "mem": "1G", "also-of-one": ""}
    guard = "--open-mode=append"
    assert option_arguments(options) == [
        *("--of-a-plugin", guard, "--requeue", "--mem=1G", "--also-of-one", guard)
    ]


def test_options_that_look_like_reserved_ones():
    check_options({"exclusive": "", "export": "ALL", "array-x": "", "wait-all-nodes": "1"})


@pytest.mark.parametrize(
    ("path", "pattern"),
    [("/a%j/b", "/a%%j/b"), ("/a\\b", "/a\\\\b"), ("/%\\", "/%\\\\"), ("/a b", "/a b")],
)
def test_paths_are_no_patterns(path, pattern):
    assert commands.escaped_pattern(Path(path)) == pattern


@pytest.mark.parametrize(
    ("name", "plain"), [("a b'$(x)", "a b'$(x)"), ("", "job"), ("\n", "_"), ("ü🧪", "__")]
)
def test_names(name, plain):
    assert commands.plain_name(name) == plain


def test_a_kernel_that_is_a_job_itself_hands_nothing_of_that_on():
    inherited = {
        "SLURM_JOB_ID": "1",
        "SLURM_RESTART_COUNT": "2",
        "SLURM_CONF": "/c",
        "SBATCH_WAIT": "1",
        "SBATCH_ACCOUNT": "me",
        "SBATCH_CLUSTERS": "other",
        "SLURM_CLUSTERS": "other",
        "SLURM_TIME_FORMAT": "relative",
        "ASYNCMD_JOB_ATTEMPT": "5",
        "PATH": "/bin",
    }
    job = record(cores=2, threads_variable="OMP_NUM_THREADS")
    assert commands.environment(job, inherited) == {
        "SLURM_CONF": "/c",
        "SBATCH_ACCOUNT": "me",
        "PATH": "/bin",
        "ASYNCMD_JOB_ID": "abc",
    }


def test_the_cluster_is_told_to_all():
    settings = SlurmSettings(cluster="big")
    for argv in (
        commands.sbatch(settings, record(), []),
        commands.squeue(settings, 1),
        commands.sacct(settings, ["1"]),
        commands.scancel(settings, ["1"]),
        commands.stop_signal(settings, ["1"]),
        commands.sinfo(settings),
    ):
        assert "--clusters=big" in argv


def test_many_ids_go_in_several_commands():
    ids = [str(number) for number in range(1201)]
    chunks = list(commands.in_chunks(ids))
    assert [each for chunk in chunks for each in chunk] == ids
    assert len(chunks) == 3


@pytest.mark.parametrize(
    ("message", "is_clear", "was_reached", "is_hopeless"),
    [
        ("Unable to contact slurm controller (connect failure)", True, False, False),
        ("Socket timed out on send/recv operation", False, True, False),
        ("Zero Bytes were transmitted or received", False, True, False),
        ("Invalid partition name specified", True, True, True),
        ("Requested node configuration is not available", True, True, True),
        ("Job violates accounting/QOS policy (job submit limit)", True, True, False),
        ("Slurm temporarily unable to accept job, sleeping and retrying", True, True, False),
    ],
)
def test_what_a_failed_sbatch_means(message, is_clear, was_reached, is_hopeless):
    outcome = outcome_of(Reply(1, "", f"sbatch: error: Batch job submission failed: {message}\n"))
    assert outcome.native_id is None
    assert message in outcome.complaint
    seen = (outcome.is_clear, outcome.was_reached, outcome.is_hopeless)
    assert seen == (is_clear, was_reached, is_hopeless)


def test_an_sbatch_that_was_killed_or_says_nothing_is_unclear():
    assert not outcome_of(Reply(-9, "", "")).is_clear
    assert not outcome_of(Reply(0, "hello\n", "")).is_clear
    assert outcome_of(Reply(0, "7\n", "warning")).native_id == "7"


def with_script(text, *, repeatable=True, **resources):
    command = Command(("x",), Path("/w"), template=ScriptTemplate(text), repeatable=repeatable)
    return JobRecord("abc", "a", "slurm", command, Path("/w/f"), resources=Resources(**resources))


def options_of(job):
    names = ("cpus-per-task", "time", "signal", "requeue", "no-requeue")
    found = commands.sbatch(SETTINGS, job, [])
    return [word for word in found if word.strip("-").partition("=")[0] in names]


def test_a_script_may_choose_the_cores():
    job = with_script("#!/bin/sh\n#SBATCH -c 8 --signal=USR2\n", notice=timedelta(minutes=1))
    assert options_of(job) == []


def test_the_time_that_was_asked_for_wins_over_the_script():
    job = with_script("#!/bin/sh\n#SBATCH --time=5 -c 1\n", time_limit=timedelta(minutes=2))
    assert options_of(job) == ["--time=2"]


@pytest.mark.parametrize(
    ("limit", "notice"), [(None, 60), (60, 10), (20, 5), (600, 60), (3600, 60)]
)
def test_notice_is_given_before_the_limit(limit, notice):
    limit = limit and timedelta(seconds=limit)
    job = with_script("#!/bin/sh\n#SBATCH -c 1", time_limit=limit, notice=timedelta(minutes=1))
    assert options_of(job)[-1] == f"--signal=B:USR1@{notice}"


def test_what_may_run_once_is_not_put_back_unless_somebody_wants_it():
    script = "#!/bin/sh\n#SBATCH -c 1"
    assert options_of(with_script(script, repeatable=False)) == ["--no-requeue"]
    assert options_of(with_script(script + " --requeue", repeatable=False)) == []
    job = with_script(script, repeatable=False, options={"requeue": ""})
    assert options_of(job) == ["--requeue"]
