"""The commands of %asyncmd, each on small real runs."""

import json
import os
import socket

import pytest
from traitlets import TraitError

from asyncmd_jupyter import config, runtime
from asyncmd_jupyter.examples import alanine_dipeptide
from asyncmd_jupyter.jupyter.named_settings import NAMES
from asyncmd_jupyter.jupyter.namespace import nearest
from asyncmd_jupyter.jupyter.offer import offer_attach
from asyncmd_jupyter.jupyter.registry import commands
from asyncmd_jupyter.jupyter.widgets.energies import OVERVIEW
from asyncmd_jupyter.openmm import OpenMMEngine
from asyncmd_jupyter.sampling.run_record import RECORD_ENDING
from asyncmd_jupyter.sampling.runs import Runs


def files(folder):
    return sorted(str(path) for path in folder.rglob("*"))


async def test_a_dry_run_writes_nothing(notebook, tmp_path):
    before = files(tmp_path)
    said = await notebook.run(
        "%asyncmd propagate engine --until late --name dry --n 2 --max-ps 30 --launcher slurm "
        "--sbatch partition=gpu time=60 exclusive --dry-run"
    )
    assert files(tmp_path) == before
    assert "2 walkers of ToyEngine, until late, at most 3,000 steps (30 ps)" in said
    assert "dry_0.part0001.json" in said
    assert "dry_1" not in said
    assert "2 walkers, 0 to 1, alike but for the number; walker 0:" in said
    assert "sbatch --parsable --job-name=dry_0.part0001" in said
    assert "--partition=gpu --time=60 --exclusive" in said
    assert "#!/usr/bin/env bash" not in said
    assert "JOB_ID stands for" in said
    assert Runs.current().all() == []
    assert (notebook["engine"].launcher, notebook["engine"].sbatch_options) == ("local", {})


async def test_a_script_for_slurm_is_shown_filled(notebook, tmp_path):
    (tmp_path / "job.sh").write_text("#!/bin/bash\nmodule load md\n{mdrun_cmd}\n")
    said = await notebook.run(
        "%%asyncmd propagate engine --steps 50 --sbatch-script job.sh --dry-run\n--name a\n--name b"
    )
    assert "module load md" in said
    assert "#!/usr/bin/env bash" not in said
    assert "toy_worker" in said.split("module load md")[1]
    assert "Run 'b': 1 walker of ToyEngine, 50 steps (0.5 ps) each" in said


async def test_a_dry_run_of_this_machine_is_short(notebook):
    line = "%asyncmd propagate engine --until late --name dry --n 12 --dry-run"
    said = await notebook.run(line)
    assert "12 walkers, 0 to 11, alike but for the number; walker 0:" in said
    assert "submitted with" not in said
    assert "JOB_ID" not in said
    assert len(said.splitlines()) <= 8
    long = await notebook.run(f"{line} --script")
    assert long.count("#!/usr/bin/env bash") == 1


async def test_a_dry_run_tells_how_interactions_are_computed(notebook):
    made = OpenMMEngine.from_pdb(alanine_dipeptide(), "amber99sbildn.xml", "amber99_obc.xml")
    notebook.shell.user_ns["peptide"] = made
    said = await notebook.run("%asyncmd propagate peptide --steps 500 --name dry --dry-run")
    settings = "NoCutoff, implicit solvent (GBSAOBC), constraints HBonds (12), no box"
    assert f"  system: {settings}\n" in said


@pytest.mark.parametrize("more", ["", " --dry-run"])
async def test_going_on_with_another_engine_fails_the_cell(notebook, tmp_path, more: str):
    line = "%asyncmd propagate {} --steps {} --name r"
    await notebook.run(line.format("engine", 100))
    await notebook.run("%asyncmd wait r")
    run = Runs.current().get("r")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    await notebook.run("hot = type(engine)(seed=1, temperature=310)")
    said = await notebook.error(line.format("hot", 200) + f" --continue{more}")
    assert "computed by an engine with other parameters" in said
    assert Runs.current().get("r") is run, "the earlier run is still known"
    assert {path: path.read_bytes() for path in before} == before
    assert "  goes on after step 100" in await notebook.run(
        line.format("engine", 200) + " --continue --dry-run"
    )


async def test_what_is_missing_is_said_with_an_example(notebook):
    said = await notebook.error("%asyncmd tail")
    assert said == "%asyncmd tail needs RUN|JOB, as in: %asyncmd tail first"


async def test_a_start_of_one_frame(notebook):
    await notebook.run("%asyncmd propagate engine --steps 20 --name first")
    await notebook.run("%asyncmd wait first -o path")
    await notebook.run("%asyncmd extract path --frame 0 --to one.trr -o one")
    said = await notebook.error("%asyncmd propagate engine --from one --frame 7 --ps 1 --name x")
    assert said == "--frame 7 does not exist: one has 1 frame, number 0."


async def test_several_starts_and_a_limit_as_a_time_to_resume_with(notebook):
    await notebook.run("%asyncmd propagate engine --steps 20 --name first")
    await notebook.run("%asyncmd wait first -o path")
    await notebook.run("starts = [path, path]")
    asked = "%asyncmd propagate engine --from starts --until never --max-ps"
    said = await notebook.error(f"{asked} 0.2 --name x --frame 1")
    assert said.startswith("--frame is for one start, and starts holds 2")
    assert "2 starts for 3 walkers" in await notebook.error(f"{asked} 0.2 --name x --n 3")
    await notebook.run(f"{asked} 0.2 --name both -o run")
    await notebook.run("%asyncmd wait both")
    assert [len(walker.spec.starts) for walker in [notebook["run"]]] == [2]
    await notebook.run("%asyncmd resume both --max-ps 0.4 -o again")
    await notebook.run("%asyncmd wait both -o results")
    assert [each.last_step for each in notebook["results"]] == [40, 40]
    assert "-1 has to be more than 0" in await notebook.error("%asyncmd resume both --max-ps -1")


WRONG = {
    "engine --until late --steps 5": "--steps is the whole length",
    "engine --max-steps 50": "%asyncmd propagate needs --until",
    "engine --steps 55": "nsteps=55 is no multiple of nstout=10",
    "engine --ps -1": "--ps -1 has to be more than 0",
    "engine --until late --launcher slrm": "'slrm' is none of local, slurm; did you mean 'slurm'?",
    "engine --until late --sbatch partiton=x": "Did you mean 'partition'?",
    "engine --until late --sbatch cpus_per_task=2": "Did you mean 'cpus-per-task'?",
    "engine --until late --sbatch output=x": "'output' can't be chosen",
    "engine --until late --sbatch partition": "'partition' needs a value",
    "engine --until late --launcher local --sbatch time=3": "are for --launcher slurm",
    "engine --until late --sbatch-script no.sh": "'no.sh' can't be read",
    "engine --until late --frame 3": "--frame needs --from",
    "engine --until late --from path --frame 9": "has 6 frames, 0 to 5",
    "engine --until late --from path --frame 1 --continue": "can't be combined with --continue",
    "engine --until late --from path --velocities nwe": "did you mean 'new'?",
    "engine --until late --untl x": "did you mean '--until'?",
    "late --until late --launcher slurm": "no MD engine such as an OpenMMEngine; engines here:",
    "engine --until late --script": "--script belongs to --dry-run",
}


async def test_what_is_wrong_is_said_before_anything_starts(notebook, tmp_path):
    await notebook.run("%asyncmd propagate engine --steps 50 --name first")
    await notebook.run("%asyncmd wait first -o path")
    before = files(tmp_path)
    said = {line: await notebook.error(f"%asyncmd propagate {line} --name x") for line in WRONG}
    assert {line: text for line, text in said.items() if WRONG[line] not in text} == {}
    assert files(tmp_path) == before


async def test_another_place_leaves_the_engine_alone(notebook):
    engine = notebook["engine"]
    await notebook.run("engine.sbatch_options = {'partition': 'cpu', 'qos': 'low'}")
    said = await notebook.run(
        "%asyncmd propagate engine --steps 10 --name a --sbatch partition=gpu --dry-run"
    )
    assert "--partition=gpu --qos=low" in said
    note = "Note: --sbatch sends the jobs of a to Slurm, though engine computes on this machine"
    assert said.startswith(note)
    line = (
        "%asyncmd propagate engine --steps 10 --name a --launcher slurm --sbatch time=5 --dry-run"
    )
    assert "Note" not in await notebook.run(line)
    assert engine.sbatch_options == {"partition": "cpu", "qos": "low"}


async def test_the_name_of_a_run_is_no_trajectory(notebook):
    await notebook.run("%asyncmd propagate engine --steps 20 --name first")
    await notebook.run("%asyncmd wait first")
    said = await notebook.error("%asyncmd extract first --to one.trr")
    assert said.startswith("first is the name of a run")
    assert "'%asyncmd wait first -o path'" in said
    await notebook.run("%asyncmd wait first -o first")
    await notebook.run("%asyncmd extract first --to one.trr")


def test_names_that_are_left_out_are_counted():
    names = [f"run{letter}" for letter in "abcdefghij"]
    assert nearest("x", names[:8]) == f" There is: {', '.join(names[:8])}."
    assert nearest("x", names) == f" There is: {', '.join(names[:8])} and 2 more."


async def test_frames_with_velocities_of_choice(notebook, tmp_path):
    await notebook.run("%asyncmd propagate engine --ps 0.5 --name first --walltime 1")
    await notebook.run("%asyncmd wait first -o path")
    assert len(notebook["path"]) == 6
    await notebook.run("%asyncmd extract path --frame 0 -1 --to some.trr -o some")
    assert [len(frame) for frame in notebook["some"]] == [1, 1]
    assert (tmp_path / "some_5.trr").exists()
    said = await notebook.error("%asyncmd extract path --to some_5.trr")
    assert "some_5.trr is there already: --overwrite replaces it." in said
    assert "needs --engine, or --temperature" in await notebook.error(
        "%asyncmd extract path --to x.trr --velocities new"
    )
    assert "6 frames, 0 to 5" in await notebook.error("%asyncmd extract path --frame 6 --to x.trr")
    await notebook.run(
        "%asyncmd propagate engine --from path --frame -2 --velocities inverted --steps 20 "
        "--name back -o back"
    )
    await notebook.run("%asyncmd wait back -o way")
    assert notebook["way"].last_step == 20


async def test_hold_resume_and_look(notebook):
    await notebook.run("%asyncmd propagate engine --until never --name going -o run")
    await notebook["run"].walkers[0].has_submitted.wait()
    await notebook.run("%asyncmd hold going")
    assert notebook["run"].state.value == "held"
    await notebook.run("%asyncmd resume going -o again")
    assert not notebook["again"].done
    await notebook["again"].walkers[0].has_submitted.wait()
    for command in ("show going", "runs", "runs going", "plot going", "jobs", "why going"):
        await notebook.run(f"%asyncmd {command}")
    said = await notebook.run("%asyncmd tail going --lines 3")
    assert "going.part" in said
    assert "Did you mean 'going'?" in await notebook.error("%asyncmd tail goin")
    assert "Did you mean 'going'?" in await notebook.error("%asyncmd hold gong")
    assert await notebook.run("%asyncmd cancel going") == "Cancelled: going.\n"
    said = await notebook.run("%asyncmd hold going")
    assert said == "Nothing to hold: going (cancelled). No run is going on.\n"
    said = await notebook.run("%asyncmd cancel going")
    assert said == "Had ended before: going (cancelled).\n"
    said = await notebook.run("%asyncmd cancel --all")
    assert said == "Nothing to cancel. No run is going on.\n"
    said = await notebook.run("%asyncmd attach")
    assert said.startswith("In this kernel already: going.\n")


async def test_runs_without_conditions_plot_their_energies(notebook):
    await notebook.run("%asyncmd propagate engine --steps 20 --name first")
    await notebook.run("%asyncmd wait first")
    await notebook.run("%asyncmd plot -o plot")
    assert notebook["plot"].energies.chosen == OVERVIEW
    await notebook.run("%asyncmd plot first --energies temperature kinetic -o plot")
    assert notebook["plot"].energies.chosen == "Temperature, Kinetic energy"
    await notebook["plot"].closed()
    assert "Temperature (K) and Kinetic energy (kJ/mol) of run first" in notebook["plot"].text()
    assert "invalid choice: 'heat'" in await notebook.error("%asyncmd plot first --energies heat")
    shown = await notebook.run("%asyncmd show first")
    assert "for its full length" in shown
    assert "done: 0.20 ps" in shown


async def test_a_name_of_something_else_is_not_replaced_in_silence(notebook):
    said = await notebook.run("%asyncmd propagate engine --steps 10 --name a -o engine")
    assert "'engine' was an engine and is now something else" in said
    assert "Note" not in await notebook.run("%asyncmd wait a -o path")
    assert "Note" not in await notebook.run("%asyncmd wait a -o path")


async def test_settings_by_name(notebook):
    await notebook.run("%asyncmd config max_cores=1 slurm_max_jobs=5 slurm_exclude_nodes=n[1-2]")
    settings = runtime.current().settings
    assert (settings.max_cores, settings.slurm.max_jobs) == (1, 5)
    assert settings.slurm.exclude_nodes == ("n1", "n2")
    said = await notebook.error("%asyncmd config max_cores=2 slurm_max_jobs=0")
    assert said.startswith("slurm_max_jobs=0 has to be")
    assert runtime.current().settings.max_cores == 1
    said = await notebook.error("%asyncmd config max_cores=abc")
    assert said.startswith("max_cores='abc' has to be")
    assert "Did you mean 'max_cores'?" in await notebook.error("%asyncmd config max_core=2")
    assert "as in max_cores=1" in await notebook.error("%asyncmd config max_cores")
    await notebook.run("%asyncmd config slurm_max_jobs=None slurm_job_arrays=False")
    assert runtime.current().settings.slurm.max_jobs is None


async def test_settings_are_shown_with_the_names_that_change_them(notebook):
    config.set_slurm_settings(cluster="c", sbatch_executable="s1", scontrol_executable="s2")
    said = await notebook.run("%asyncmd config")
    hows = [line.split("  ")[-1].strip() for line in said.strip().splitlines()]
    names = {name for how in hows if "(" not in how for name in how.split(", ")}
    assert names - set(NAMES) == {
        "ASYNCMD_CANCEL_GRACE",
        "ASYNCMD_KEEP_JOBS_DAYS",
        "ASYNCMD_REMOVE_GOOD_FOLDERS",
        "ASYNCMD_STATE_DIR",
    }
    assert {"max_cores", "slurm_max_jobs", "provenance"} <= names
    assert all(how.startswith("config.") for how in hows if "(" in how)
    assert "set_max_cores" in repr(config.show_config())


async def test_settings_where_jupyter_has_them(notebook):
    await notebook.run("%config AsyncMD.max_cores = 1")
    assert runtime.current().settings.max_cores == 1
    runtime.current().change_settings(max_cores=2)
    await notebook.run("cores = %config AsyncMD.max_cores")
    assert notebook["cores"] == 2
    assert "AsyncMD.slurm_max_jobs" in await notebook.run("%config AsyncMD")
    [mirror] = [c for c in notebook.shell.configurables if type(c).__name__ == "AsyncMD"]
    with pytest.raises(TraitError, match="max_cores: num=0"):
        mirror.max_cores = 0
    assert runtime.current().settings.max_cores == 2


@pytest.mark.parametrize(
    ("cell", "begins"),
    [
        ("%asyncmd propagate?", "%asyncmd propagate ENGINE"),
        ("%asyncmd wait first?", "%asyncmd wait"),
        ("?%asyncmd extract", "%asyncmd extract TRAJECTORY"),
        ("%%asyncmd propagate?", "%asyncmd propagate ENGINE"),
        ("%asyncmd?", "%asyncmd COMMAND"),
        ("%asyncmd cancel --help", "%asyncmd cancel"),
    ],
)
async def test_questions(notebook, cell, begins):
    assert (await notebook.run(cell)).startswith(begins)


async def test_texts_are_no_questions(notebook):
    await notebook.run("text = '''\n%asyncmd propagate?\n'''")
    assert notebook["text"] == "\n%asyncmd propagate?\n"


def test_all_commands_have_help_examples_and_a_group():
    from asyncmd_jupyter.jupyter.parsers import command_help

    for command in commands():
        assert command.examples[0].startswith(f"%asyncmd {command.name}")
        assert command.summary.endswith(".")
        assert command.summary in command_help(command).replace("\n", " ")


def put_record(folder, name, **values):
    (folder / name).mkdir(exist_ok=True)
    known = {"name": name, "host": socket.gethostname(), "pid": 2**22 + 1, "state": "reached"}
    (folder / name / f"{name}{RECORD_ENDING}").write_text(json.dumps(known | values))


def test_runs_of_an_earlier_kernel_are_offered(tmp_path, capsys):
    offer_attach(tmp_path)
    put_record(tmp_path, "mine", pid=os.getpid(), state="running")
    put_record(tmp_path, "others", pid=os.getppid(), state="running")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / f"broken{RECORD_ENDING}").write_text("{")
    offer_attach(tmp_path)
    assert capsys.readouterr().out == ""
    put_record(tmp_path, "a")
    offer_attach(tmp_path)
    said = capsys.readouterr().out
    assert said == "1 run of an earlier kernel is here: %asyncmd attach brings it back.\n"
    put_record(tmp_path, "b", state="running")
    offer_attach(tmp_path)
    said = "2 runs of an earlier kernel are here (1 had not ended): %asyncmd attach brings them"
    assert capsys.readouterr().out.startswith(said)


async def test_a_record_of_a_run_is_what_the_offer_reads(notebook, tmp_path, capsys, monkeypatch):
    await notebook.run("%asyncmd propagate engine --steps 20 --name first")
    await notebook.run("%asyncmd wait first")
    offer_attach(tmp_path)
    assert capsys.readouterr().out == ""
    monkeypatch.setattr(os, "getpid", lambda: 2**22 + 1)
    offer_attach(tmp_path)
    said = "1 run of another kernel is here: %asyncmd attach brings it back.\n"
    assert capsys.readouterr().out == said  # that kernel lives
    put_record(tmp_path, "a")
    offer_attach(tmp_path)
    assert capsys.readouterr().out.startswith("2 runs of other kernels are here: ")


async def test_a_run_like_an_earlier_one(notebook):
    await notebook.run("%asyncmd propagate engine --steps 50 --name first --n 2")
    await notebook.run("%asyncmd wait first")
    await notebook.run("%asyncmd restart first --walker 1 --frame 2 --n 2 -o again")
    again = notebook["again"]
    assert (again.id, again.spec.n_walkers, again.spec.max_steps) == ("first-2", 2, 50)
    assert "--walker 2 does not exist" in await notebook.error("%asyncmd restart first --walker 2")
    await notebook.run("%asyncmd history first -o tree")
    assert "first_1.trr" in notebook["tree"].text()


async def test_only_some_runs_are_brought_back(notebook):
    for name in ("left", "its"):
        await notebook.run(f"%asyncmd propagate engine --steps 20 --name {name}")
        await notebook.run(f"%asyncmd wait {name}")
        Runs.current().forget(name)
    assert "Brought back: left." in await notebook.run("%asyncmd attach --only left")
    assert [run.id for run in Runs.current().all()] == ["left"]
    said = await notebook.error("%asyncmd attach --only right")
    assert "no run 'right'" in said
    assert "its, left" in said
