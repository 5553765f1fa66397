"""Where engines run, and what they say to what can't be meant."""

from __future__ import annotations

import engine_systems
import pytest
from engine_systems import double_well_engine

from asyncmd_jupyter.engines.gromacs.engine import GmxEngine
from asyncmd_jupyter.engines.gromacs.slurm_engine import SlurmGmxEngine
from asyncmd_jupyter.engines.openmm.engine import OpenMMEngine
from asyncmd_jupyter.engines.openmm.slurm_engine import SlurmOpenMMEngine
from asyncmd_jupyter.engines.placement import Placement
from asyncmd_jupyter.trajectory import SlurmTrajectoryFunctionWrapper

SCRIPT = "#!/bin/sh\n# {mdrun_cmd} runs below\n{mdrun_cmd}\n"


@pytest.mark.parametrize("name", ["pbs", "", "SLURM"])
def test_launchers_that_nobody_knows(runtime, name):
    engine = double_well_engine()
    with pytest.raises(ValueError, match=r"no launcher .*'local', 'slurm'"):
        engine.launcher = name
    assert engine.launcher == "local"
    if name:
        with pytest.raises(ValueError, match=f"no launcher '{name}'"):
            double_well_engine(launcher=name)


def test_a_script_runs_the_command_once(runtime):
    assert Placement.of(None, SCRIPT, None).script == SCRIPT
    with pytest.raises(ValueError, match=r"\{mdrun_cmd\} is in sbatch_script more than once"):
        Placement.of(None, SCRIPT + "{mdrun_cmd} || true\n", None)


def test_a_script_that_is_empty(runtime):
    with pytest.raises(ValueError, match="sbatch_script='' is empty"):
        Placement.of(None, "", None)


@pytest.mark.parametrize("kind", [GmxEngine, SlurmGmxEngine, OpenMMEngine, SlurmOpenMMEngine])
def test_arguments_that_nobody_knows(kind):
    message = f"{kind.__name__}.__init__.* unexpected keyword argument 'mdrun_exe'"
    with pytest.raises(TypeError, match=f"^{message}"):
        kind("a", "b", "c", mdrun_exe="gmx mdrun")


def test_reserved_options_are_left_out(runtime):
    reserved = {"output": "x", "job-name": "y", "mem": "1G"}
    told = "left out 'output' .*'job-name'"
    with pytest.warns(UserWarning, match=told) as warned:
        engine = double_well_engine(sbatch_options=reserved)
    assert engine.sbatch_options == {"mem": "1G"}
    assert warned[0].filename == engine_systems.__file__, "told where the engine is made"
    with pytest.warns(UserWarning, match=told):
        engine.sbatch_options = reserved
    with pytest.warns(UserWarning, match=told):
        function = SlurmTrajectoryFunctionWrapper(
            "true", "#!/bin/sh\n{cmd_str}\n", sbatch_options=reserved
        )
    assert engine.sbatch_options == function.sbatch_options == {"mem": "1G"}
    with pytest.raises(ValueError, match="'array' can't be chosen"):
        engine.sbatch_options = {"array": "1-2"}
