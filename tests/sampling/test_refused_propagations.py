"""What propagators refuse by name, before anything is computed or written."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from folders import without_privileges
from own_engine import DriftEngine
from toy_parts import part
from toy_states import in_a, in_b

from asyncmd_jupyter.errors import MaxStepsReachedError
from asyncmd_jupyter.sampling.propagate import (
    ConditionalTrajectoryPropagator,
    InPartsTrajectoryPropagator,
)
from asyncmd_jupyter.testing import ToyEngine
from asyncmd_jupyter.trajectory.convert import construct_tp_from_plus_and_minus_traj_segments

ENGINE = {
    "engine_cls": ToyEngine,
    "engine_kwargs": {"x": 0.0, "seed": 5, "launcher": "memory"},
    "walltime_per_part": 1.0,
}


@pytest.fixture(params=["in parts", "conditional"])
def propagator(request: pytest.FixtureRequest):
    if request.param == "in parts":
        return InPartsTrajectoryPropagator(50, **ENGINE)
    return ConditionalTrajectoryPropagator([in_a, in_b], **ENGINE)


class TestOutput:
    """An output that can't be written is known before any MD."""

    @staticmethod
    async def refused(propagator, folder: Path, error: type[Exception], match: str, **outputs):
        arguments = {"tra_out": folder / "joined.trr", **outputs}
        with pytest.raises(error, match=match):
            await propagator.propagate_and_concatenate(None, folder, "sim", **arguments)
        assert list(folder.iterdir()) == []

    async def test_for_one_frame_only(self, manager, tmp_path: Path, propagator):
        output = tmp_path / "abc.gro"
        await self.refused(propagator, tmp_path, ValueError, "one frame only", tra_out=output)

    @pytest.mark.parametrize(
        ("output", "error", "match"),
        [
            (None, TypeError, "tra_out=None has to be a path"),
            (3, TypeError, "tra_out=3 has to be a path"),
            ("", ValueError, "tra_out='' is empty"),
        ],
    )
    async def test_no_path(self, manager, tmp_path: Path, propagator, output, error, match):
        await self.refused(propagator, tmp_path, error, match, tra_out=output)

    @pytest.mark.parametrize("name", ["tra_out", "structure_copy"])
    async def test_read_only_folder(self, manager, propagator, read_only: Path, name: str):
        with tempfile.TemporaryDirectory() as made:
            folder = Path(made)
            folder.chmod(0o777)
            outputs = {"tra_out": folder / "joined.trr", name: read_only / "out.trr"}
            with without_privileges():
                await self.refused(propagator, folder, PermissionError, "be written", **outputs)

    async def test_structure_of_another_format(self, manager, tmp_path: Path, propagator):
        for ending, match in (("foo", "no format"), ("tpr", "no format")):
            output = tmp_path / f"joined.{ending}"
            await self.refused(propagator, tmp_path, ValueError, match, structure_copy=output)

    @pytest.mark.parametrize("structure", [3, ""])
    async def test_structure_that_is_no_path(self, manager, tmp_path, propagator, structure):
        error = TypeError if structure else ValueError
        await self.refused(propagator, tmp_path, error, "struct_out", struct_out=structure)

    async def test_both_in_one_file(self, manager, tmp_path: Path, propagator):
        both = {"tra_out": tmp_path / "joined.pdb", "structure_copy": tmp_path / "joined.pdb"}
        await self.refused(propagator, tmp_path, ValueError, "the same file", **both)

    async def test_in_the_place_of_a_part(self, manager, tmp_path: Path, propagator):
        output = tmp_path / "sim.part0001.trr"
        await self.refused(propagator, tmp_path, ValueError, "name of a part", tra_out=output)

    async def test_structure_in_the_format_of_the_engine(self, manager, tmp_path: Path, propagator):
        for ending in ("pdb", "xyz"):
            await propagator.propagate_and_concatenate(
                None,
                tmp_path,
                f"sim_{ending}",
                tra_out=tmp_path / f"{ending}.trr",
                structure_copy=tmp_path / f"joined.{ending}",
            )
            assert (tmp_path / f"joined.{ending}").exists()

    async def test_one_frame_that_is_cut_off(self, runtime, tmp_path: Path):
        def at_once(traj) -> np.ndarray:
            return np.ones(len(traj), dtype=bool)

        propagator = ConditionalTrajectoryPropagator([at_once], **ENGINE)
        parts = [part(tmp_path, 1, [0, 10, 20])]
        joined, _ = await propagator.cut_and_concatenate(parts, tmp_path / "cut.gro")
        assert len(joined) == 1


class TestLimitOfTheCut:
    """max_steps is a limit for parts that were computed before, too."""

    @staticmethod
    def after(step: int, **limit: int) -> ConditionalTrajectoryPropagator:
        def reached(traj) -> np.ndarray:
            return traj.frame_table().steps >= step

        return ConditionalTrajectoryPropagator([reached], **ENGINE, **limit)

    @pytest.mark.parametrize("limit", [{"max_steps": 40}, {"max_steps": 49}, {"max_frames": 4}])
    async def test_decision_behind_it(self, runtime, tmp_path: Path, limit):
        parts = [part(tmp_path, 1, [0, 10, 20, 30]), part(tmp_path, 2, [40, 50, 60])]
        with pytest.raises(MaxStepsReachedError, match=r"within 4\d steps: .* at step 50"):
            await self.after(50, **limit).cut_and_concatenate(parts, tmp_path / "out.trr")
        assert not (tmp_path / "out.trr").exists()

    @pytest.mark.parametrize("limit", [{"max_steps": 50}, {"max_frames": 5}, {}])
    async def test_decision_on_it(self, runtime, tmp_path: Path, limit):
        parts = [part(tmp_path, 1, [0, 10, 20, 30]), part(tmp_path, 2, [40, 50, 60])]
        propagator = self.after(50, **limit)
        joined, _ = await propagator.cut_and_concatenate(parts, tmp_path / "out.trr")
        assert joined.last_step == 50

    async def test_start_from_late_in_another_simulation(self, manager, tmp_path: Path):
        propagator = self.after(50, max_steps=20)
        start = part(tmp_path, 1, [5000])
        joined, _ = await propagator.propagate_and_concatenate(
            start, tmp_path, "new", tra_out=tmp_path / "out.trr"
        )
        assert joined.last_step == 5000

    async def test_propagation_and_cut_agree(self, manager, tmp_path: Path):
        parts, _ = await self.after(100).propagate(None, tmp_path, "sim")
        for lower in (self.after(100, max_steps=90), self.after(100, max_frames=9)):
            with pytest.raises(MaxStepsReachedError):
                await lower.propagate(None, tmp_path, "sim", continuation=True)
            with pytest.raises(MaxStepsReachedError):
                await lower.cut_and_concatenate(parts, tmp_path / "out.trr")


class TestArguments:
    @pytest.mark.parametrize("conditions", [None, 3, in_a, "in_a", {"a": in_a}])
    def test_conditions(self, conditions):
        with pytest.raises(TypeError, match=r"conditions=.* list of conditions"):
            ConditionalTrajectoryPropagator(conditions, **ENGINE)

    @pytest.mark.parametrize("engine_cls", [int, None, "ToyEngine", ToyEngine, ValueError])
    def test_engine(self, engine_cls):
        if engine_cls is ToyEngine:
            engine_cls = ToyEngine()
        with pytest.raises(TypeError, match=r"engine_cls=.* class of an engine"):
            InPartsTrajectoryPropagator(10, **(ENGINE | {"engine_cls": engine_cls}))

    @pytest.mark.parametrize(
        ("kwargs", "match"),
        [
            (None, "engine_kwargs=None has to be a dict"),
            ([("x", 1)], "has to be a dict"),
            ({"foo": 1}, "engine_kwargs holds 'foo', which DriftEngine does not take; .* speed"),
            ({1: 2}, "engine_kwargs has the key 1"),
        ],
    )
    def test_engine_kwargs(self, kwargs, match):
        with pytest.raises(TypeError, match=match):
            InPartsTrajectoryPropagator(
                10, engine_cls=DriftEngine, engine_kwargs=kwargs, walltime_per_part=1
            )

    def test_engine_that_takes_anything(self):
        class Engine(DriftEngine):
            def __init__(self, **kwargs):
                super().__init__(**kwargs)

        InPartsTrajectoryPropagator(
            10, engine_cls=Engine, engine_kwargs={"speed": 1.0}, walltime_per_part=1
        )

    @pytest.mark.parametrize("n_steps", [None, "10", True, np.array([1, 2]), [1]])
    def test_steps(self, n_steps):
        with pytest.raises(TypeError, match=r"n_steps=.* whole number"):
            InPartsTrajectoryPropagator(n_steps, **ENGINE)

    def test_steps_of_numpy(self):
        assert InPartsTrajectoryPropagator(np.int64(10), **ENGINE).n_steps == 10

    @pytest.mark.parametrize("hours", [None, 0, -1, "1", float("inf"), True])
    def test_walltime(self, hours):
        with pytest.raises((TypeError, ValueError), match=f"walltime_per_part={hours!r} has to be"):
            InPartsTrajectoryPropagator(10, **(ENGINE | {"walltime_per_part": hours}))

    @pytest.mark.parametrize("name", ["max_steps", "max_frames"])
    @pytest.mark.parametrize("value", [1.5, "5", True, 0, -5])
    def test_limits(self, name, value):
        with pytest.raises((TypeError, ValueError), match=rf"{name}={value!r} has to be"):
            ConditionalTrajectoryPropagator([in_a], **ENGINE, **{name: value})

    @pytest.mark.parametrize(
        ("change", "match"),
        [
            ({"workdir": None}, "workdir=None"),
            ({"workdir": ""}, "workdir=''"),
            ({"deffnm": None}, "deffnm=None"),
            ({"starting_configuration": []}, r"starting_configuration=\[\]"),
            ({"starting_configuration": ["a.gro"]}, r"starting_configuration=\['a.gro'\]"),
            ({"starting_configuration": ""}, "starting_configuration=''"),
            ({"starting_configuration": 5}, "starting_configuration=5"),
        ],
    )
    @pytest.mark.parametrize("continuation", [False, True])
    async def test_of_a_propagation(
        self, manager, tmp_path: Path, propagator, change, match, continuation
    ):
        arguments = {"starting_configuration": None, "workdir": tmp_path, "deffnm": "sim"} | change
        with pytest.raises((TypeError, ValueError), match=match):
            await propagator.propagate(**arguments, continuation=continuation)
        outputs = {"tra_out": tmp_path / "joined.trr", "continuation": continuation}
        with pytest.raises((TypeError, ValueError), match=match):
            await propagator.propagate_and_concatenate(**arguments, **outputs)
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("trajs", [None, 3, "sim.part0001.trr", ["sim.part0001.trr"]])
    async def test_parts(self, runtime, tmp_path: Path, propagator, trajs):
        with pytest.raises(TypeError, match="trajs"):
            await propagator.cut_and_concatenate(trajs, tmp_path / "joined.trr")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"plus_trajs": None}, "plus_trajs=None has to be a list of trajectories"),
        ({"minus_trajs": 3}, "minus_trajs=3 has to be a list"),
        ({"minus_trajs": []}, "minus_trajs is empty"),
        ({"minus_state": 2}, "minus_state=2: there is no state 2"),
        ({"minus_state": -1}, "minus_state=-1: there is no state -1"),
        ({"plus_state": 1.0}, "plus_state=1.0: a state is told by its index"),
        ({"plus_state": None}, "plus_state=None"),
        ({"state_funcs": None}, "state_funcs=None has to be a list of state functions"),
        ({"state_funcs": [None, in_a]}, "has to be a function"),
        ({"tra_out": None}, "tra_out=None"),
        ({"tra_out": "tp.gro"}, "one frame only"),
    ],
)
async def test_path_of_a_shot(runtime, tmp_path: Path, change, match):
    asked = []

    def state(traj):
        asked.append(traj)
        return np.ones(len(traj), dtype=bool)

    arguments = {
        "minus_trajs": [part(tmp_path, 1, [0, 10])],
        "minus_state": 0,
        "plus_trajs": [part(tmp_path, 2, [0, 10])],
        "plus_state": 1,
        "state_funcs": [state, state],
        "tra_out": tmp_path / "tp.trr",
    }
    with pytest.raises((TypeError, ValueError), match=match):
        await construct_tp_from_plus_and_minus_traj_segments(**(arguments | change))
    assert asked == []
