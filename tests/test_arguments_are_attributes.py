"""Every argument of a public class can be read back, and be set with effect or not at all."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from engine_systems import double_well_system
from gromacs_systems import STEM, parameters

import asyncmd_jupyter as asyncmd
from asyncmd_jupyter import gromacs, mdconfig, mdengine, openmm, slurm, trajectory
from asyncmd_jupyter.testing import ToyEngine

SCRIPT = "#!/bin/sh\n{cmd_str}\n"
MD_SCRIPT = "#!/bin/sh\n{mdrun_cmd}\n"
# Handed on to something else, or named by an argument that they stand for.
NOT_ARGUMENTS = {"self", "args", "kwargs", "options", "model", "origin"}


def values(traj: Any) -> np.ndarray:
    return np.zeros(len(traj))


def in_state(traj: Any) -> np.ndarray:
    return np.zeros(len(traj), dtype=bool)


def same(universe: Any) -> Any:
    return universe


ENGINE = {
    "engine_cls": ToyEngine,
    "engine_kwargs": {"x": 0.1},
    "walltime_per_part": 0.5,
}
GMX = {
    "ndx_file": None,
    "grompp_executable": "gmx grompp -quiet",
    "mdrun_executable": ["gmx", "-quiet", "mdrun"],
    "grompp_extra_args": "-maxwarn 1",
    "mdrun_extra_args": "-nt 1",
    "output_traj_type": "trr",
    "mdrun_time_conversion_factor": 0.5,
    "launcher": "local",
    "sbatch_script": MD_SCRIPT,
    "sbatch_options": {"mem": "1G"},
}


def arguments(tmp_path: Path) -> dict[type, tuple[tuple[Any, ...], dict[str, Any]]]:
    """How each public class is made, with other values than the defaults."""
    files = {
        "mdconfig": parameters(),
        "gro_file": STEM.with_suffix(".gro"),
        "top_file": STEM.with_suffix(".top"),
    }
    transformed = {"mda_transformations": [same]}
    openmm_options = {
        "topology": None,
        "positions": np.zeros((1, 3)),
        "temperature": 310.0,
        "friction": 2.0,
        "timestep": 0.01,
        "integrator": "Langevin",
        "nstout": 7,
        "nstenergy": 70,
        "platform": "Reference",
        "platform_properties": {"a": "b"},
        "cores": 2,
        "seed": 4,
        "output_traj_type": "xtc",
        "structure_file": STEM.with_suffix(".gro"),
        "launcher": "local",
        "sbatch_script": MD_SCRIPT,
        "sbatch_options": {"mem": "1G"},
    }
    process = {
        "workdir": tmp_path,
        "time": 0.5,
        "sbatch_options": {"mem": "1G"},
        "stdfiles_removal": "no",
    }
    function = {
        "sbatch_options": {"mem": "1G"},
        "call_kwargs": {"a": 1},
        "load_results_func": np.load,
        "launcher": "local",
        "workdir": tmp_path,
        "needs_earlier_frames": True,
    }
    return {
        asyncmd.Trajectory: ((STEM.with_suffix(".gro"), STEM.with_suffix(".gro"), 5), {}),
        trajectory.PyTrajectoryFunctionWrapper: (
            (values, {"a": 1}),
            {"needs_whole_part": True, "use_processes": True},
        ),
        trajectory.SlurmTrajectoryFunctionWrapper: (("true", SCRIPT), function),
        trajectory.NoModificationFrameExtractor: ((), transformed),
        trajectory.InvertedVelocitiesFrameExtractor: (
            (),
            {"mda_transformations_setup_func": same},
        ),
        trajectory.RandomVelocitiesFrameExtractor: ((310,), transformed | {"seed": 3}),
        trajectory.TrajectoryConcatenator: ((False, False), transformed),
        trajectory.InPartsTrajectoryPropagator: ((50,), ENGINE),
        trajectory.ConditionalTrajectoryPropagator: (
            ([in_state],),
            {**ENGINE, "max_steps": 100, "max_frames": 7, "mode": "all"},
        ),
        gromacs.GmxEngine: ((), {**files, **GMX}),
        gromacs.SlurmGmxEngine: ((), {**files, **GMX}),
        gromacs.MDP: ((STEM.with_suffix(".mdp"),), {}),
        openmm.OpenMMEngine: ((double_well_system(),), openmm_options),
        openmm.SlurmOpenMMEngine: ((double_well_system(),), openmm_options),
        slurm.SlurmProcess: (("name", "#!/bin/sh\n"), process),
        ToyEngine: ((0.2,), {"nstout": 20, "seed": 3, "launcher": "local"}),
    }


FACES = (asyncmd, trajectory, gromacs, openmm, slurm, mdengine, mdconfig)
# Bases and things that users get and do not make.
NOT_MADE = {
    "FrameExtractor",
    "TrajectoryFunctionWrapper",
    "EnergyTable",
    "MDEngine",
    "MDConfig",
    "LineBasedMDConfig",
    "Run",
    "Within",
    "SlurmClusterMediator",
}
CLASSES = [
    value
    for face in FACES
    for name in face.__all__
    if isinstance(value := getattr(face, name), type)
    and not issubclass(value, BaseException)
    and name not in NOT_MADE
]
ARGUMENTS = dict.fromkeys([*CLASSES, ToyEngine])


def readable(cls: type) -> list[str]:
    """Names of all arguments, also of those that are handed on to the base."""
    names: list[str] = []
    for one in cls.__mro__:
        if (init := vars(one).get("__init__")) is None:
            continue
        parameters = inspect.signature(init).parameters.values()
        names += [p.name for p in parameters if p.name not in (*names, *NOT_ARGUMENTS)]
        if not any(p.kind is p.VAR_KEYWORD for p in parameters):
            break
    return names


def equal(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray):
        return bool(np.array_equal(one, other))
    return type(one).__name__ == type(other).__name__ if hasattr(one, "this") else one == other


@pytest.fixture(params=ARGUMENTS, ids=lambda cls: cls.__name__)
def cls(request: pytest.FixtureRequest) -> type:
    return request.param


@pytest.fixture
def made(cls: type, runtime, tmp_path: Path) -> Any:
    positional, named = arguments(tmp_path)[cls]
    return cls(*positional, **named)


def test_arguments_can_be_read_back(cls: type, made: Any, tmp_path: Path):
    positional, named = arguments(tmp_path)[cls]
    names = readable(cls)
    assert names
    given = {**dict(zip(names, positional, strict=False)), **named}
    for name in names:
        value = getattr(made, name)
        if name not in given or name in ("system", "integrator", "topology", "mdconfig"):
            continue
        if isinstance(given[name], Path):
            files = value if isinstance(value, list) else [value]
            assert [Path(one).absolute() for one in files] == [given[name].absolute()], name
        else:
            assert equal(value, given[name]) or [value] == given[name] or name == "executable", name


def test_each_can_be_set_with_effect_or_not_at_all(cls: type, made: Any):
    for name in readable(cls):
        before = getattr(made, name)
        try:
            setattr(made, name, before)
        except AttributeError:
            assert equal(getattr(made, name), before), name
            continue
        assert equal(getattr(made, name), before), name
        if name not in ("conditions", "function"):
            copy.copy(made)


ENGINES: dict[str, Callable[[], Any]] = {
    "toy": ToyEngine,
    "gromacs": lambda: gromacs.GmxEngine(
        gromacs.MDP(STEM.with_suffix(".mdp")), STEM.with_suffix(".gro"), STEM.with_suffix(".top")
    ),
    "openmm": lambda: openmm.OpenMMEngine(double_well_system()),
    "in parts": lambda: trajectory.InPartsTrajectoryPropagator(10, **ENGINE),
    "conditional": lambda: trajectory.ConditionalTrajectoryPropagator([in_state], **ENGINE),
}


@pytest.mark.parametrize("make", ENGINES.values(), ids=ENGINES)
def test_mistyped_names_are_refused(runtime, make: Callable[[], Any]):
    made = make()
    for name in ("colour", "walltime", "nst_out"):
        with pytest.raises(AttributeError, match=f"no attribute '{name}'.*Did you mean"):
            setattr(made, name, 1)
    with pytest.raises(AttributeError):
        copy.copy(made).colour = 1


def test_the_nearest_name_is_told(runtime):
    engine = ENGINES["gromacs"]()
    with pytest.raises(AttributeError, match="Did you mean 'mdrun_extra_args'"):
        engine.mdrun_extra_arg = "-nt 1"
    with pytest.raises(AttributeError, match="Did you mean 'max_steps'"):
        ENGINES["conditional"]().max_step = 10


def test_subclasses_have_attributes_of_their_own(runtime):
    class Mine(ToyEngine):
        noted: int

        def __init__(self):
            self.nstouts = [10]  # whatever it is called
            super().__init__()
            self.counter = 0

        def count(self):
            self.counter += 1
            self.latest = "now"

    mine = Mine()
    mine.count()
    mine.noted = 3
    assert (mine.counter, mine.latest, mine.noted, mine.nstouts) == (1, "now", 3, [10])
    with pytest.raises(AttributeError, match="Did you mean 'sbatch_options'"):
        mine.sbatch_option = {}


def test_engines_of_others_replace_what_the_base_has(runtime):
    class Plain(mdengine.MDEngine):
        def __init__(self):
            self.nstout, self.dt, self.temperature, self.n_atoms = 10, 0.01, 300, 5
            self.steps_seen = 0

        async def apply_constraints(self, conf_in, conf_out_name, *, workdir="."): ...
        async def prepare(self, starting_configuration, workdir, deffnm): ...
        async def prepare_from_files(self, workdir, deffnm): ...
        async def run(self, nsteps=None, walltime=None, steps_per_part=False): ...

        current_trajectory = None
        steps_done = 0

    plain = Plain()
    assert (plain.nstout, plain.temperature, plain.n_atoms, plain.time_done) == (10, 300, 5, 0)
    plain.output_traj_type = "dcd"
    assert (plain.output_traj_type, Plain.output_traj_type) == ("dcd", "trr")


class TestDefaultsOfClasses:
    def test_they_can_be_read_and_changed(self, runtime):
        class Site(gromacs.GmxEngine):
            mdrun_executable = "gmx_site mdrun"
            mdrun_time_conversion_factor = 0.9
            output_traj_type = "trr"

        files = (parameters(), *map(STEM.with_suffix, (".gro", ".top")))
        assert gromacs.GmxEngine.mdrun_executable == "gmx mdrun"
        assert gromacs.SlurmGmxEngine.mdrun_executable == "gmx_mpi mdrun"
        assert gromacs.SlurmGmxEngine.mdrun_time_conversion_factor == 0.99
        site = Site(*files)
        assert (site.mdrun_executable, site._mdrun) == ("gmx_site mdrun", ("gmx_site", "mdrun"))
        assert (site.mdrun_time_conversion_factor, site.output_traj_type) == (0.9, "trr")
        assert Site(*files, mdrun_executable="gmx mdrun").mdrun_executable == "gmx mdrun"
        Site.mdrun_executable = "gmx_new mdrun"
        assert site.mdrun_executable == Site(*files).mdrun_executable == "gmx_new mdrun"
        site.mdrun_executable = "gmx_own mdrun"
        assert (site.mdrun_executable, Site.mdrun_executable) == ("gmx_own mdrun", "gmx_new mdrun")
        assert site.clone().mdrun_executable == "gmx_own mdrun"
        with pytest.raises(ValueError, match="mdrun_executable=''"):
            Site.mdrun_executable = ""
        with pytest.raises(ValueError, match="grompp_extra_args='-o x'"):
            site.grompp_extra_args = "-o x"
        assert site.grompp_extra_args == ""


def test_a_program_given_by_a_relative_path_stays_the_same_one(runtime, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gmx").touch()
    engine = ENGINES["gromacs"]()
    engine.mdrun_executable = "./gmx mdrun"
    monkeypatch.chdir("/")
    assert engine._mdrun == (str(tmp_path / "gmx"), "mdrun")


class TestFunctions:
    def test_another_function_has_another_id(self, runtime):
        wrapper = trajectory.PyTrajectoryFunctionWrapper(values)
        before = wrapper.id
        wrapper.function = in_state
        assert wrapper.function is in_state
        assert wrapper.id == trajectory.PyTrajectoryFunctionWrapper(in_state).id != before
        with pytest.raises(TypeError, match="can't be called"):
            wrapper.function = 3
        named = trajectory.PyTrajectoryFunctionWrapper(values, id="mine")
        with pytest.raises(AttributeError, match="'mine' was given"):
            named.function = in_state
        assert named.function is values

    async def test_values_are_those_of_the_new_function(self, runtime):
        start = asyncmd.Trajectory(STEM.with_suffix(".gro"), STEM.with_suffix(".gro"))
        wrapper = trajectory.PyTrajectoryFunctionWrapper(values)
        assert (await wrapper(start)).tolist() == [0.0]
        wrapper.function = lambda traj: np.ones(len(traj))
        assert (await wrapper(start)).tolist() == [1.0]


def test_transformations_that_are_set_are_used(runtime, tmp_path: Path):
    start = asyncmd.Trajectory(STEM.with_suffix(".gro"), STEM.with_suffix(".gro"))
    extractor = trajectory.NoModificationFrameExtractor()
    seen: list[Any] = []
    extractor.mda_transformations_setup_func = seen.append
    extractor.extract(tmp_path / "one.trr", start, 0)
    assert len(seen) == 1
    with pytest.raises(ValueError, match="not both"):
        extractor.mda_transformations = [same]
    extractor.mda_transformations_setup_func = None
    extractor.extract(tmp_path / "two.trr", start, 0)
    assert len(seen) == 1
