"""Functions that are programs: what they get, what they give, what they leave behind.

On this machine; the same with Slurm is in tests/slurm/functions.
"""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import handmade
import numpy as np
import pytest
from function_programs import calls, executable, function, left_beside, places_program
from toy_states import in_b

from asyncmd_jupyter.errors import JobCancelledError, SlurmError, SubmissionError
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.jobs.manager import JobManager
from asyncmd_jupyter.jobs.model import JobState
from asyncmd_jupyter.sampling.propagate import ConditionalTrajectoryPropagator
from asyncmd_jupyter.testing import ToyEngine

X = [0.5, -0.25, 1.5]
HOSTILE = [
    "a 0",
    "a'; touch owned; '",
    "a\n0",
    "$(touch owned)",
    '"q" `touch owned` \\',
    "-rf",
    "{cmd_str}",
    "%j * ? [x]",
]


@pytest.fixture
def traj(tmp_path, manager):
    return handmade.trajectory(tmp_path / "data", X)


async def until(condition):
    while not condition():
        await asyncio.sleep(0.01)


async def test_gives_what_the_program_wrote(traj, tmp_path):
    values = await function(tmp_path, call_kwargs={"scale": 2})(traj)
    assert values.tolist() == [1.0, -0.5, 3.0]
    assert left_beside(tmp_path / "data") == []


async def test_the_program_gets_absolute_files_and_the_words(traj, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    relative = Trajectory("data/traj.trr", "data/one.gro")
    kwargs = {"list": [1, "two three", 0.1], "none": None, "quote": "it's $HOME"}
    await function(tmp_path, call_kwargs=kwargs)(relative)
    ((program, structure, file, result, *words),) = calls(tmp_path)
    assert program == str(tmp_path / "places.py")
    assert [structure, file] == [str(traj.structure_path), str(traj.paths[0])]
    assert result.startswith(str(tmp_path / "data" / ".asyncmd_jobs"))
    assert words[2:] == [
        *("list", "1", "two three", "0.1"),
        *("none", "None"),
        *("quote", "it's $HOME"),
    ]


async def test_all_files_of_a_trajectory(manager, tmp_path):
    one = handmade.trajectory(tmp_path, [0.5, 1.0], "one")
    two = handmade.trajectory(tmp_path, [2.0], "two")
    both = Trajectory([one.paths[0], two.paths[0]], one.structure_path)
    assert (await function(tmp_path)(both)).tolist() == [0.5, 1.0, 2.0]


@pytest.mark.parametrize("name", HOSTILE)
async def test_names_are_data(manager, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / name
    traj = handmade.trajectory(folder, X, name)
    program = places_program(folder, f"{name}.py")
    tag = function(tmp_path, executable=program, call_kwargs={name: name})
    tag.slurm_jobname = name
    assert (await tag(traj)).tolist() == X
    assert calls(tmp_path)[0][-2:] == [name, name]
    assert list(tmp_path.rglob("owned")) == []
    assert left_beside(folder) == []


async def test_only_the_placeholder_is_replaced(traj, tmp_path):
    script = (
        "#!/bin/bash\nset -eu\nwords=({a,b}); n=${#words[@]}\n"
        'printf \'%s\\n\' "${n:-{}}" "$(printf %s%% 5)" > "said by the script"\n'
        "{cmd_str} >/dev/null\n"
    )
    path = tmp_path / "my script.sh"
    path.write_text(script)
    tool = function(tmp_path, path)
    assert tool.sbatch_script == script
    assert (await tool(traj)).tolist() == X
    assert (tmp_path / "data" / "said by the script").read_text() == "2}\n5%\n"


async def test_is_remembered(traj, tmp_path):
    first = await function(tmp_path)(traj)
    again = handmade.trajectory(tmp_path / "copy", X)
    assert np.array_equal(await function(tmp_path)(again), first)
    assert len(calls(tmp_path)) == 1
    assert len(JobManager.current().records()) == 1


async def test_asked_twice_at_once_it_runs_once(traj, tmp_path):
    tool = function(tmp_path)
    first, second = await asyncio.gather(tool(traj), function(tmp_path)(traj))
    assert first.tolist() == second.tolist() == X
    assert len(calls(tmp_path)) == 1


async def test_two_functions_on_one_trajectory_do_not_meet(traj, tmp_path):
    tools = [function(tmp_path, call_kwargs={"scale": scale}) for scale in range(1, 4)]
    results = await asyncio.gather(*(tool(traj) for tool in tools))
    assert [values.tolist() for values in results] == [[n * x for x in X] for n in (1, 2, 3)]
    assert left_beside(tmp_path / "data") == []


async def test_own_loader(traj, tmp_path):
    seen = []

    def load(path):
        seen.append(path)
        return np.array(Path(path + ".txt").read_text().split(), dtype=float)

    tool = function(tmp_path, call_kwargs={"text": 1}, load_results_func=load)
    assert (await tool(traj)).tolist() == X
    assert seen == [calls(tmp_path)[0][3]]
    assert left_beside(tmp_path / "data") == []


async def test_a_loader_that_fails_says_where_to_look(traj, tmp_path):
    def load(path):
        return {}["missing"]

    with pytest.raises(KeyError) as caught:
        await function(tmp_path, load_results_func=load)(traj)
    (job,) = JobManager.current().records()
    assert str(job.folder) in caught.value.__notes__[0]
    assert left_beside(tmp_path / "data") == [job.folder.name]


async def test_a_failing_program_is_quoted_and_its_folder_stays(traj, tmp_path):
    with pytest.raises(SlurmError) as caught:
        await function(tmp_path, call_kwargs={"exit": 3})(traj)
    (job,) = JobManager.current().records()
    for part in ("places.py", "traj.trr", "exit code 3", "this is said", "that went wrong"):
        assert part in str(caught.value)
    assert str(job.folder) in str(caught.value)
    assert left_beside(tmp_path / "data") == [job.folder.name]


async def test_a_program_that_wrote_nothing(traj, tmp_path):
    with pytest.raises(SlurmError, match=r"ended well, but has not written '.*\.npy'"):
        await function(tmp_path, call_kwargs={"silent": 1})(traj)
    assert len(left_beside(tmp_path / "data")) == 1


async def test_a_program_that_wrote_no_array(traj, tmp_path):
    program = executable(tmp_path / "text.sh", '#!/bin/sh\necho "no array" > "$3.npy"\n')
    with pytest.raises(SlurmError, match="can't be read"):
        await function(tmp_path, executable=program)(traj)
    assert len(left_beside(tmp_path / "data")) == 1


async def test_too_few_rows_are_refused_and_not_remembered(traj, tmp_path):
    tool = function(tmp_path, call_kwargs={"rows": 2})
    for n_calls in (1, 2):
        with pytest.raises(ValueError, match=r"shape \(2,\).*3 frames.*All output"):
            await tool(traj)
        assert len(calls(tmp_path)) == n_calls


async def test_cancelled_it_leaves_nothing_behind(traj, tmp_path):
    tool = function(tmp_path, call_kwargs={"gate": str(tmp_path / "gate")})
    asking = asyncio.create_task(tool(traj))
    await until(lambda: calls(tmp_path))
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    (job,) = JobManager.current().records()
    await until(lambda: job.state.is_final or JobManager.current().newest(job).state.is_final)
    assert JobManager.current().newest(job).state is JobState.CANCELLED
    await until(lambda: left_beside(tmp_path / "data") == [])


async def test_cancelled_by_somebody_else(traj, tmp_path):
    tool = function(tmp_path, call_kwargs={"gate": str(tmp_path / "gate")})
    asking = asyncio.create_task(tool(traj))
    await until(lambda: calls(tmp_path))
    manager = JobManager.current()
    await manager.cancel(manager.records())
    with pytest.raises(JobCancelledError, match="was cancelled"):
        await asking


async def test_a_folder_of_its_own_for_trajectories_that_can_not_be_written_to(
    traj, tmp_path, monkeypatch
):
    work = tmp_path / "work"
    work.mkdir()
    (tmp_path / "data" / ".asyncmd_jobs").write_text("in the way")
    with pytest.raises(SubmissionError, match="can't be made"):
        await function(tmp_path)(traj)
    monkeypatch.chdir(tmp_path)
    tool = function(tmp_path, workdir="work")
    monkeypatch.chdir("/")
    assert (await tool(traj)).tolist() == X
    assert calls(tmp_path)[0][3].startswith(str(work))


async def test_changed_while_it_runs_counts_for_the_next_call(traj, tmp_path):
    gate = tmp_path / "gate"
    tool = function(tmp_path, call_kwargs={"gate": str(gate)})
    asking = asyncio.create_task(tool(traj))
    await until(lambda: calls(tmp_path))
    tool.call_kwargs = {"scale": 2}
    gate.touch()
    assert (await asking).tolist() == X
    assert (await tool(traj)).tolist() == [2 * x for x in X]


async def test_needs_no_trajectory_folder_that_was_renamed(manager, tmp_path):
    traj = handmade.trajectory(tmp_path / "data", X)
    tool = function(tmp_path)
    await tool(traj)
    shutil.move(tmp_path / "data", tmp_path / "moved")
    moved = Trajectory(tmp_path / "moved" / "traj.trr", tmp_path / "moved" / "one.gro")
    assert (await tool(moved)).tolist() == X
    assert len(calls(tmp_path)) == 1


async def test_as_a_condition(manager, tmp_path):
    right = function(tmp_path, call_kwargs={"above": 0.2})
    propagator = ConditionalTrajectoryPropagator(
        [right],
        engine_cls=ToyEngine,
        engine_kwargs={"x": 0.0, "seed": 5, "launcher": "memory"},
        walltime_per_part=0.2 / 3600,
    )
    parts, index = await propagator.propagate(None, tmp_path, "sim")
    joined, _ = await propagator.cut_and_concatenate(parts, tmp_path / "joined.trr")
    assert index == 0
    assert in_b(joined).tolist() == [False] * (len(joined) - 1) + [True]
    evaluated = {call[2] for call in calls(tmp_path)}
    assert {str(part.paths[0]) for part in parts} == evaluated - {str(joined.paths[0])}


async def test_floats_are_no_condition(manager, tmp_path):
    propagator = ConditionalTrajectoryPropagator(
        [function(tmp_path)],
        engine_cls=ToyEngine,
        engine_kwargs={"x": 0.0, "seed": 5, "launcher": "memory"},
        walltime_per_part=0.05 / 3600,
    )
    with pytest.raises(ValueError, match="one bool per frame"):
        await propagator.propagate(None, tmp_path, "sim")
