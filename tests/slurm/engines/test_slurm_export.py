"""What a job needs stands in its script, whatever sbatch hands on of the environment."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from engine_systems import double_well_engine
from gromacs_systems import gromacs_engine
from job_helpers import program

from asyncmd_jupyter.jobs.model import Command, Resources, ScriptTemplate

DIRECTIVES = "#!/bin/bash -l\n#SBATCH --export=NONE\n#SBATCH -c 2\n{mdrun_cmd}\n"
OWN = "#!/bin/bash\n#SBATCH --export=NONE\nexport OMP_NUM_THREADS=2\n{mdrun_cmd}\n"


def threads(work: Path, name: str) -> set[str]:
    log = (work / f"{name}.part0001.log").read_text()
    return set(re.findall(r"Using (\d+) OpenMP thread", log))


@pytest.mark.gromacs
@pytest.mark.parametrize("starter", ["", "srun "])
@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ({"sbatch_options": {"export": "ALL"}}, "1"),
        ({"sbatch_options": {"export": "NONE"}}, "1"),
        ({"sbatch_options": {"export": "LANG,NONSENSE"}}, "1"),
        ({"sbatch_options": {"export": "NONE", "cpus-per-task": 2}}, "2"),
        ({"sbatch_script": DIRECTIVES}, "2"),
        ({"sbatch_script": OWN}, "2"),
    ],
    ids=["all", "none", "list", "none and cores", "directives", "the user's own"],
)
async def test_threads_of_mdrun(manager, work, monkeypatch, starter, place, expected):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")  # the kernel's, which is not the job's
    engine = gromacs_engine(
        launcher="slurm",
        nstout=50,
        mdrun_executable=f"{starter}gmx mdrun",
        mdrun_extra_args="-ntmpi 1" if not starter else "",
        **place,
    )
    await engine.prepare(None, work, "sim")
    assert await engine.run_steps(100) is not None
    assert threads(work, "sim") == {expected}


@pytest.mark.gromacs
async def test_threads_of_an_array(manager, work, monkeypatch):
    monkeypatch.setenv("SBATCH_EXPORT", "NONE")
    engines = [gromacs_engine(launcher="slurm", nstout=50, mdrun_extra_args="") for _ in range(3)]
    for number, engine in enumerate(engines):
        await engine.prepare(None, work, f"sim{number}")
    await asyncio.gather(*(engine.run_steps(100) for engine in engines))
    assert [threads(work, f"sim{number}") for number in range(3)] == [{"1"}] * 3


async def test_a_worker_of_ours(manager, work):
    engine = double_well_engine(launcher="slurm", sbatch_options={"export": "NONE"})
    await engine.prepare(None, work, "sim")
    assert await engine.run_steps(engine.nstout) is not None


@pytest.mark.parametrize("times", [1, 3])
async def test_options_of_the_shell_that_are_exported(manager, work, monkeypatch, times):
    monkeypatch.setenv("SHELLOPTS", "errexit:noglob:nounset:noclobber")
    monkeypatch.setenv("BASHOPTS", "failglob")
    command = program("exit_with", 4, cwd=work)
    jobs = await asyncio.gather(
        *(manager.submit(command, name="odd", launcher="slurm") for _ in range(times))
    )
    assert {(await job.wait()).exit_code for job in jobs} == {4}


async def test_a_script_of_a_user_keeps_what_it_asked_for(manager, work):
    """The steps of a script with no command of ours get what sbatch was told."""
    template = ScriptTemplate('#!/bin/bash\necho "$SLURM_EXPORT_ENV"\n')
    command = Command((), work, template=template)
    needs = Resources(options={"export": "NONE"})
    job = await manager.submit(command, name="own", launcher="slurm", resources=needs)
    await job.wait()
    assert job.tail(stream="stdout") == "NONE"
