"""What can be said about processes in Slurm without any Slurm."""

from __future__ import annotations

import subprocess
import sys

import pytest

import asyncmd_jupyter
from asyncmd_jupyter import config, errors
from asyncmd_jupyter.jobs.model import JobState
from asyncmd_jupyter.jobs.slurm import states
from asyncmd_jupyter.slurm import SlurmProcess, create_slurmprocess_submit
from asyncmd_jupyter.slurm.cluster_mediator import SlurmClusterMediator
from asyncmd_jupyter.slurm.constants_and_errors import (
    SLURM_STATE_TO_EXITCODE,
    SlurmCancellationError,
    SlurmError,
    SlurmSubmissionError,
)

SCRIPT = "#!/bin/bash\ntrue\n"
LIGHT = """
import sys, asyncmd_jupyter
assert asyncmd_jupyter.slurm.process.SlurmProcess is asyncmd_jupyter.slurm.SlurmProcess
print(*{"MDAnalysis", "IPython", "numpy", "h5py", "openmm", "matplotlib"} & set(sys.modules))
"""


def make(**arguments):
    return SlurmProcess("name", SCRIPT, **arguments)


def test_the_face():
    assert asyncmd_jupyter.slurm.create_slurmprocess_submit is create_slurmprocess_submit
    assert issubclass(SlurmError, RuntimeError)
    assert SlurmSubmissionError is errors.SlurmSubmissionError
    assert issubclass(SlurmCancellationError, SlurmError)


def test_it_is_light():
    run = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""


def test_every_word_of_slurm_has_its_code():
    assert set(states.MEANINGS) < set(SLURM_STATE_TO_EXITCODE)
    for word, (state, _) in states.MEANINGS.items():
        code = SLURM_STATE_TO_EXITCODE[word]
        assert (code is None) == (not state.is_final), word
        assert (code == 0) == (state is JobState.DONE), word
        assert (code == 2) == (word in states.NODE_CAUSES), word


def test_before_the_submission(runtime):
    process = make()
    assert (process.returncode, process.slurm_jobid, process.slurm_job_state) == (None, None, None)
    assert process.nodes == []
    assert "not submitted" in repr(process)
    for signal in (process.terminate, process.kill, lambda: process.send_signal(2)):
        with pytest.raises(RuntimeError, match="not submitted"):
            signal()


async def test_waiting_before_the_submission(runtime):
    for wait in (make().wait, make().communicate):
        with pytest.raises(RuntimeError, match="not submitted"):
            await wait()


@pytest.mark.parametrize("name", ["", "a/b", "a\0b", "x" * 300, "é" * 120])
def test_names_that_no_file_can_have(runtime, name):
    with pytest.raises(ValueError, match="jobname"):
        SlurmProcess(name, SCRIPT)


@pytest.mark.parametrize(
    "hours", [0, -1, float("nan"), float("inf"), True, "1:00", 1e300, 71582788.28, 1e9]
)
def test_times_that_are_none(runtime, hours):
    with pytest.raises(ValueError, match=r"time=.*hours"):
        make(time=hours)


@pytest.mark.parametrize(
    ("option", "way_out"),
    [
        ("job-name", "jobname=…"),
        ("chdir", "workdir=…"),
        ("output", ".out.<id>"),
        ("err", ".err.<id>"),
        ("input", "stdin=…"),
        ("exclude", "exclude_nodes"),
        ("parsable", "read by this package"),
    ],
)
def test_options_that_are_not_for_users_are_left_out(runtime, option, way_out):
    told = f"sbatch_options: left out '{option}' .*{way_out}"
    with pytest.warns(UserWarning, match=told):
        process = make(sbatch_options={option: "x", "mem": "1G"})
    assert process.sbatch_options == {"mem": "1G"}
    with pytest.warns(UserWarning, match=told):
        process.set_sbatch_option(option, "x")
    with pytest.warns(UserWarning, match=told):
        process.sbatch_options = {"mem": "2G", option: "x"}
    assert process.sbatch_options == {"mem": "2G"}


def test_several_are_named_in_one_warning(runtime):
    with pytest.warns(UserWarning, match="'output'.*'job-name'.*'time'") as told:
        make(time=1, sbatch_options={"output": "x", "job-name": "y", "time": 3})
    assert len(told) == 1


@pytest.mark.parametrize("option", ["--mem", "array", "wrap", "test-only"])
def test_options_that_would_run_something_else(runtime, option):
    process = make(sbatch_options={"mem": "1G"})
    with pytest.raises(ValueError, match=f"sbatch option '{option}'"):
        process.set_sbatch_option(option, "x")
    assert process.sbatch_options == {"mem": "1G"}


def test_one_time_limit_only(runtime):
    process = make(time=0.5, sbatch_options={"mem": 100, "exclusive": "", "cpu-freq": 1.5})
    assert process.sbatch_options == {"mem": "100", "exclusive": "", "cpu-freq": "1.5"}
    with pytest.warns(UserWarning, match="time=… already"):
        process.set_sbatch_option("time", "10")
    process.time = None
    process.set_sbatch_option("time", 10)
    assert process.sbatch_options["time"] == "10"
    with pytest.warns(UserWarning, match="left out 'time' .*time=… already"):
        process.time = 1
    assert (process.time, "time" in process.sbatch_options) == (1, False)
    process.time = None
    process.set_sbatch_option("time", 10)
    process.del_sbatch_option("time")
    process.time = 1e-9
    process.sbatch_options.clear()
    assert set(process.sbatch_options) == {"mem", "exclusive", "cpu-freq"}


@pytest.mark.parametrize("value", [None, True, ["a"], "a\0b"])
def test_values_that_are_no_text(runtime, value):
    with pytest.raises(ValueError, match=r"'exclusive'.*empty text"):
        make(sbatch_options={"exclusive": value})


def test_when_files_are_removed(runtime):
    assert make().stdfiles_removal == "success"
    assert [make(stdfiles_removal=value).stdfiles_removal for value in (True, False)] == [
        "yes",
        "no",
    ]
    with pytest.raises(ValueError, match="stdfiles_removal='never'"):
        make(stdfiles_removal="never")


def test_scripts_that_are_none(runtime, tmp_path):
    with pytest.raises(FileNotFoundError, match="sbatch_script='nowhere'"):
        SlurmProcess("name", "nowhere")
    with pytest.raises(ValueError, match="sbatch_script='' is empty"):
        SlurmProcess("name", "")
    (tmp_path / "script").write_text("true\n")
    with pytest.raises(ValueError, match="first line"):
        SlurmProcess("name", tmp_path / "script")


async def test_a_missing_input_or_folder_is_said_before_anything_is_written(runtime, tmp_path):
    with pytest.raises(FileNotFoundError, match="stdin='nowhere/here'"):
        await make(workdir=tmp_path).submit(stdin="nowhere/here")
    with pytest.raises(ValueError, match=r"stdin='\.' is not a file"):
        await make(workdir=tmp_path).submit(stdin=".")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        await make(workdir=tmp_path / "nowhere").submit()
    assert list(tmp_path.iterdir()) == []


def test_attributes_of_the_class_are_settings(runtime):
    SlurmProcess.sbatch_executable = "/opt/sbatch"
    make().scancel_executable = "/opt/scancel"
    slurm = config.show_config().slurm
    assert (slurm.sbatch_executable, slurm.scancel_executable) == ("/opt/sbatch", "/opt/scancel")
    assert make().sbatch_executable == "/opt/sbatch"
    assert SlurmProcess.scancel_executable == "/opt/scancel"
    SlurmProcess.sleep_time = SlurmProcess.sleep_time
    with pytest.raises(ValueError, match="sbatch_executable=''"):
        SlurmProcess.sbatch_executable = ""


def test_the_mediator_shows_and_changes_settings(runtime):
    mediator = SlurmProcess.slurm_cluster_mediator
    mediator.exclude_nodes = ["n[1-2]"]
    mediator.min_time_between_sacct_calls = 7
    SlurmClusterMediator.sacct_executable = "/opt/sacct"
    slurm = config.show_config().slurm
    assert (slurm.exclude_nodes, slurm.min_time_between_calls) == (("n1", "n2"), 7.0)
    assert slurm.sacct_executable == "/opt/sacct"
    assert make().slurm_cluster_mediator.exclude_nodes == ["n1", "n2"]
    assert (mediator.broken_nodes, mediator.excluded_nodes) == ([], ["n1", "n2"])
    mediator.exclude_nodes = None
    SlurmProcess.slurm_cluster_mediator = SlurmClusterMediator(num_fails_for_broken_node=9)
    assert mediator.num_fails_for_broken_node == 9
    assert mediator.exclude_nodes == []
    with pytest.raises(ValueError, match="success_to_fail_ratio=0"):
        mediator.success_to_fail_ratio = 0
    with pytest.raises(AttributeError):
        mediator.broken_nodes = []
    with pytest.raises(TypeError, match="slurm_cluster_mediator"):
        SlurmProcess.slurm_cluster_mediator = None
