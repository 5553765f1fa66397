"""Engines, functions and jobs of this library fail for real, and it is said why."""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta

import pytest
from engine_systems import exploding_engine
from gromacs_systems import STEM, exploding_gromacs_engine, gromacs_engine

from asyncmd_jupyter import cli, triage
from asyncmd_jupyter.engines.files import EngineFiles
from asyncmd_jupyter.engines.patience import Patience
from asyncmd_jupyter.errors import EngineCrashedError, EngineError, FunctionIdError
from asyncmd_jupyter.jobs.model import Command, JobState, Resources
from asyncmd_jupyter.sampling.functions import PyTrajectoryFunctionWrapper


async def failed(manager, folder, *argv, **more):
    job = await manager.submit(Command(argv, folder), name="job", **more)
    record = await job.wait()
    assert record.state is JobState.FAILED
    return record


async def why(record):
    return await asyncio.to_thread(triage.diagnose, record)


@pytest.mark.parametrize(
    ("argv", "kind"),
    [
        (("nonsense_mdrun", "-v"), "shell-not-found"),
        (("bash", "-c", "module load gromacs; gmx_of_module"), "shell-module-command"),
        (
            ("bash", "-c", f"ulimit -v 2000000; {sys.executable} -c 'b = bytes(4_000_000_000)'"),
            "limit-memory",
        ),
        (("bash", "-c", "kill -KILL $$"), "limit-killed"),
        (("bash", "-c", "kill -SEGV $$"), "signal-segfault"),
        ((sys.executable, "-c", "import nonsense_of_mine"), "python-module"),
        ((sys.executable, "-c", "def f(): return [][3]\nf()"), "python-error"),
        (("bash", "-c", "echo all is lost; exit 3"), "unknown"),
    ],
)
async def test_jobs(manager, tmp_path, argv, kind):
    found = await why(await failed(manager, tmp_path, *argv))
    assert found.kind == kind
    assert found.lines or kind in ("limit-killed", "signal-segfault")
    assert found.policy == "It is not repeated: the same command would fail again."


async def test_a_time_limit_of_this_machine(manager, tmp_path):
    limit = Resources(time_limit=timedelta(seconds=0.2))
    record = await failed(manager, tmp_path, "sleep", "1000", resources=limit)
    assert (await why(record)).kind == "limit-time"


async def test_cancelled(manager, tmp_path):
    job = await manager.submit(Command(("sleep", "1000"), tmp_path), name="job")
    await job.cancel()
    assert (await why(await job.wait())).kind == "node-cancelled"


async def test_waiting_for_cores(manager, runtime, tmp_path):
    runtime.change_settings(max_cores=1)
    first = await manager.submit(Command(("sleep", "1000"), tmp_path), name="first")
    second = await manager.submit(Command(("true",), tmp_path), name="second")
    assert second.state is JobState.WAITING
    assert (await why(second.record)).kind == "queue-cores"
    await second.hold()
    assert (await why(second.record)).kind == "queue-held"
    await second.release()
    assert (await why(second.record)).kind == "queue-cores"
    await first.cancel()
    assert await why(await second.wait()) is None


async def crash(engine, folder):
    await engine.prepare(None, folder, "sim")
    with pytest.raises(EngineCrashedError) as caught:
        await engine.run(nsteps=20_000)
    return caught.value


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (exploding_engine, "openmm-nan"),
        pytest.param(exploding_gromacs_engine, "gromacs-lincs", marks=pytest.mark.gromacs),
    ],
)
async def test_simulations_that_blow_up(manager, tmp_path, make, kind):
    error = await crash(make(), tmp_path)
    by_error = await asyncio.to_thread(triage.diagnose_error, error)
    assert by_error.kind == kind
    record = manager.records()[0] if len(manager.records()) == 1 else part_of(manager)
    by_record = await why(record)
    assert by_record.kind == kind
    assert by_record.lines
    assert by_record.policy.startswith("It is not repeated")
    assert "parts that were computed before are kept" in by_record.policy


def part_of(manager):
    return next(record for record in manager.records() if "part" in record.tags)


@pytest.mark.gromacs
@pytest.mark.parametrize("folder", ["", "a-folder-whose-name-is-long/" * 3], ids=["short", "long"])
async def test_what_grompp_refuses(manager, tmp_path, folder):
    lines = STEM.with_suffix(".gro").read_text().splitlines()
    structure = tmp_path / folder / "less.gro"
    structure.parent.mkdir(parents=True, exist_ok=True)
    structure.write_text("\n".join([lines[0], "21", *lines[2:-2], lines[-1]]) + "\n")
    engine = gromacs_engine(gro_file=structure)
    with pytest.raises(EngineCrashedError) as caught:
        await engine.prepare(None, tmp_path, "sim")
    found = await asyncio.to_thread(triage.diagnose_error, caught.value)
    assert found.kind == "grompp-atom-count"
    assert any("21" in line for line in found.lines)
    assert (await why(manager.records()[0])).kind == "grompp-atom-count"


@pytest.mark.gromacs
async def test_warnings_of_grompp_are_shown(manager, tmp_path):
    engine = gromacs_engine(changes={"nonsense-of-mine": 3})
    with pytest.raises(EngineCrashedError):
        await engine.prepare(None, tmp_path, "sim")
    found = await why(manager.records()[0])
    assert found.kind == "grompp-parameter"
    assert any("nonsense-of-mine" in line for line in found.lines)


async def test_parts_that_get_nowhere(runtime, tmp_path):
    runtime.change_settings(max_fruitless_parts=2)
    patience = Patience(EngineFiles(tmp_path, "sim"))
    patience.judge(False, "It reached its time limit.")
    with pytest.raises(EngineError) as caught:
        patience.judge(False, "It reached its time limit.")
    found = triage.diagnose_error(caught.value)
    assert found.kind == "run-fruitless"
    assert "config.set_max_fruitless_parts" in found.policy


def test_functions_without_an_id(runtime):
    with pytest.raises(FunctionIdError) as caught:
        _ = PyTrajectoryFunctionWrapper(lambda traj, file: None, {"file": sys.stdout}).id
    assert triage.diagnose_error(caught.value).kind == "run-function-id"


async def test_asyncmd_why(manager, tmp_path, capsys):
    record = await failed(manager, tmp_path, "nonsense_mdrun")
    assert await asyncio.to_thread(cli.main, ["why", record.id]) == cli.DONE
    said = capsys.readouterr().out
    assert said.startswith(f"{record.id} 'job' (failed)\nProgram not found\n")
    assert "nonsense_mdrun: not found" in said
    job = await manager.submit(Command(("true",), tmp_path), name="good")
    await job.wait()
    assert await asyncio.to_thread(cli.main, ["why", job.id]) == cli.DONE
    assert "Nothing is wrong with it." in capsys.readouterr().out
    assert await asyncio.to_thread(cli.main, ["why", "nonsense"]) == cli.BAD_INPUT
