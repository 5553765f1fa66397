"""Ids and arguments of functions that are programs."""

from __future__ import annotations

import enum
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from function_programs import SCRIPT, executable

from asyncmd_jupyter import trajectory
from asyncmd_jupyter.errors import FunctionIdError
from asyncmd_jupyter.sampling.conditions import as_condition
from asyncmd_jupyter.sampling.slurm_function import SlurmTrajectoryFunctionWrapper
from asyncmd_jupyter.sampling.slurm_function_command import words_of

pytestmark = pytest.mark.usefixtures("runtime")

TEXT = "#!/bin/sh\ntrue\n"


@pytest.fixture
def program(tmp_path):
    return executable(tmp_path / "tool.sh", TEXT)


def wrap(program, script=SCRIPT, **options):
    return SlurmTrajectoryFunctionWrapper(program, script, **options)


def load(path):
    return np.load(path + ".npy")


def load_otherwise(path):
    return np.load(path + ".npy") * 2


def test_is_exported_where_it_is_looked_for():
    assert trajectory.SlurmTrajectoryFunctionWrapper is SlurmTrajectoryFunctionWrapper
    module = trajectory.functionwrapper
    assert module.SlurmTrajectoryFunctionWrapper is SlurmTrajectoryFunctionWrapper


def test_the_id_is_the_same_in_another_process(program):
    kwargs = {"a": 0.1, "b": [1, None]}
    code = (
        "from asyncmd_jupyter.trajectory import SlurmTrajectoryFunctionWrapper as W\n"
        f"print(W({str(program)!r}, {SCRIPT!r}, call_kwargs={kwargs!r}).id)"
    )
    env = {**os.environ, "PYTHONHASHSEED": "7"}
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, env=env, check=True)
    assert out.stdout.decode().strip() == wrap(program, call_kwargs=kwargs).id


def test_the_id_sees_all_that_the_result_depends_on(program, tmp_path):
    tools = [
        wrap(program),
        wrap(executable(tmp_path / "other.sh", TEXT)),
        wrap(executable(tmp_path / "x" / "tool.sh", TEXT + "#")),
        wrap(program, call_kwargs={"a": 1}),
        wrap(program, call_kwargs={"b": 1}),
        wrap(program, call_kwargs={"a": 1.0}),
        wrap(program, call_kwargs={"a": 1 + 2**-52}),
        wrap(program, call_kwargs={"a": [1, 2]}),
        wrap(program, load_results_func=load),
        wrap(program, load_results_func=load_otherwise),
    ]
    assert len({tool.id for tool in tools}) == len(tools)


def test_the_id_notices_an_edited_program(program):
    tool = wrap(program)
    before = tool.id
    program.write_text(TEXT.replace("true", "last"))
    assert tool.id != before
    program.write_text(TEXT)
    assert tool.id == before


def test_the_id_does_not_say_where_and_how_it_runs(program, tmp_path):
    tool = wrap(program)
    before = tool.id
    tool.sbatch_options = {"partition": "long", "time": 10}
    tool.sbatch_script = "#!/bin/bash\n#SBATCH --mem=1G\nmodule load x\n{cmd_str}\n"
    tool.slurm_jobname = "mine"
    tool.executable = executable(tmp_path / "moved" / "tool.sh", TEXT)
    assert tool.id == before
    assert wrap(program, launcher="local", workdir=tmp_path).id == before


def test_what_the_loader_uses_has_to_be_describable(program):
    file = program.open()

    def load_open(path):
        return file

    with file, pytest.raises(FunctionIdError, match="load_results_func=load_open"):
        _ = wrap(program, load_results_func=load_open).id


def test_the_name_of_its_jobs(program):
    tool = wrap(program)
    assert tool.slurm_jobname == f"CVfunc_id_{tool.id}"
    tool.slurm_jobname = "end to end"
    assert tool.slurm_jobname == "end to end"
    tool.slurm_jobname = None
    assert tool.slurm_jobname == f"CVfunc_id_{tool.id}"
    with pytest.raises(ValueError, match="not empty"):
        tool.slurm_jobname = ""


def test_what_is_handed_out_changes_nothing(program):
    tool = wrap(program, sbatch_options={"mem": "1G"}, call_kwargs={"a": [1]})
    tool.sbatch_options["mem"] = "2G"
    tool.call_kwargs["a"].append(2)
    assert tool.sbatch_options == {"mem": "1G"}
    assert tool.call_kwargs == {"a": [1]}


def test_a_script_that_names_the_command_twice_is_warned_about(program):
    with pytest.warns(UserWarning, match=r"\{cmd_str\} is in sbatch_script more than once"):
        wrap(program, "#!/bin/sh\nif true; then {cmd_str}; else {cmd_str} -v; fi\n")
    wrap(program, "#!/bin/sh\n# {cmd_str}:\n{cmd_str}\n")


def test_what_is_given_is_kept(program, tmp_path, monkeypatch):
    script = tmp_path / "script"
    script.write_text(SCRIPT)
    monkeypatch.chdir(tmp_path)
    tool = wrap("tool.sh", Path("script"), sbatch_options={"cpus-per-task": 2, "exclusive": ""})
    monkeypatch.chdir("/")
    assert tool.executable == str(program)
    assert tool.sbatch_script == SCRIPT
    assert tool.sbatch_options == {"cpus-per-task": "2", "exclusive": ""}
    assert repr(tool) == f"SlurmTrajectoryFunctionWrapper({str(program)!r})"
    copy = pickle.loads(pickle.dumps(tool))
    assert (copy.id, copy.sbatch_script) == (tool.id, SCRIPT)


def test_a_name_is_found_on_path(program, monkeypatch):
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    assert wrap("tool.sh").executable == str(program)


def test_is_no_matter_of_pieces_of_a_running_simulation(program):
    assert wrap(program).needs_whole_part
    assert (~as_condition(wrap(program))).needs_whole_part


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, ["None"]),
        (True, ["True"]),
        (np.bool_(False), ["False"]),
        (10**30, [str(10**30)]),
        (np.int8(-3), ["-3"]),
        (0.1, ["0.1"]),
        (1e-300, ["1e-300"]),
        (float("nan"), ["nan"]),
        (np.float64(0.1), ["0.1"]),
        (np.float32(0.1), ["0.10000000149011612"]),
        (1 - 2j, ["(1-2j)"]),
        ("", [""]),
        ("a b\n$(c) 'd'", ["a b\n$(c) 'd'"]),
        (np.str_("x"), ["x"]),
        ([], []),
        ((1, "a", None), ["1", "a", "None"]),
        (np.array([1.5, 2.0]), ["1.5", "2.0"]),
        (np.array(3), ["3"]),
    ],
)
def test_values_as_words(value, words):
    assert words_of({"key": value}) == ("key", *words)


@pytest.mark.parametrize(
    "value",
    [{"a": 1}, {1, 2}, object(), b"x", Path("x"), [[1]], np.zeros((2, 2)), [{}], enum.Enum],
)
def test_values_that_mean_nothing_to_a_program(program, value):
    with pytest.raises(TypeError, match=r"call_kwargs\['key'\]"):
        wrap(program, call_kwargs={"key": value})


def test_a_value_that_no_program_takes(program):
    with pytest.raises(ValueError, match="NUL"):
        wrap(program, call_kwargs={"key": "a\0b"})


def test_bad_arguments_set_later_are_refused_before_a_job(program):
    tool = wrap(program)
    tool.call_kwargs = {"key": {}}
    with pytest.raises(TypeError, match="key"):
        _ = tool.id


@pytest.mark.parametrize(
    ("executable", "error", "words"),
    [
        ("missing/tool", FileNotFoundError, "does not exist"),
        ("no-such-program-anywhere", FileNotFoundError, "no program on PATH"),
        (".", ValueError, "is a folder"),
        ("", ValueError, "no path"),
        ("a\0b", ValueError, "no path"),
        (3, TypeError, "has to be a path"),
        (None, TypeError, "has to be a path"),
    ],
)
def test_programs_that_are_none(executable, error, words):
    with pytest.raises(error, match=words):
        wrap(executable)


def test_a_program_that_can_not_be_run(program):
    program.chmod(0o600)
    with pytest.raises(PermissionError, match="chmod"):
        wrap(program)


@pytest.mark.parametrize(
    ("script", "error", "words"),
    [
        ("#!/bin/bash\ntrue\n", ValueError, "cmd_str"),
        ("{cmd_str}", FileNotFoundError, "can't be read"),
        ("#!/bin/bash\n#SBATCH --array=1-3\n{cmd_str}\n", ValueError, "array"),
        (None, TypeError, "sbatch_script"),
    ],
)
def test_scripts_that_can_not_be_meant(program, script, error, words):
    with pytest.raises(error, match=words):
        wrap(program, script)


@pytest.mark.parametrize("options", [{"--mem": "1"}, {"mem": None}])
def test_options_that_can_not_be_meant(program, options):
    with pytest.raises(ValueError, match="option"):
        wrap(program, sbatch_options=options)


@pytest.mark.parametrize("options", [{"job-name": "x"}, {"chd": "/"}])
def test_options_that_are_ours_are_left_out(program, options):
    (option,) = options
    with pytest.warns(UserWarning, match=option):
        wrapped = wrap(program, sbatch_options={**options, "mem": "1G"})
    assert wrapped.sbatch_options == {"mem": "1G"}


@pytest.mark.parametrize("loader", ["numpy.load", 3])
def test_loaders_that_are_none(program, loader):
    with pytest.raises(TypeError, match="load_results_func"):
        wrap(program, load_results_func=loader)


def test_a_loader_runs_in_a_thread(program):
    async def load_later(path):
        return None

    with pytest.raises(TypeError, match="coroutine"):
        wrap(program, load_results_func=load_later)


def test_a_folder_for_jobs_has_to_exist(program, tmp_path):
    with pytest.raises(FileNotFoundError, match="workdir"):
        wrap(program, workdir=tmp_path / "missing")
