"""Paths made of the two halves of a shot."""

from __future__ import annotations

import asyncio
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np

from asyncmd_jupyter.frames.concatenate import TrajectoryConcatenator
from asyncmd_jupyter.frames.doubles import same_configuration
from asyncmd_jupyter.frames.read import read_frame
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.sampling.arguments import as_list, check_parts
from asyncmd_jupyter.sampling.conditions import Condition, as_condition
from asyncmd_jupyter.sampling.output import check_output
from asyncmd_jupyter.sampling.part_evaluator import PartEvaluator
from asyncmd_jupyter.sampling.simulation import FinishedPart
from asyncmd_jupyter.sampling.timeline import line_up

_SAME_FRAME_NM = 0.01  # constraints may have moved atoms a little before the first step

_Pieces = list[tuple[Trajectory, tuple[int, int | None, int]]]


async def construct_tp_from_plus_and_minus_traj_segments(
    *,
    minus_trajs: Sequence[Trajectory],
    minus_state: int,
    plus_trajs: Sequence[Trajectory],
    plus_state: int,
    state_funcs: Sequence[Any],
    tra_out: str | PathLike[str],
    **concatenate_kwargs: Any,
) -> Trajectory:
    """Join both halves of a two-way shot to a transition path.

    The path begins with the first frame of the minus half that is in its state, runs back
    to the shooting frame and on to the first frame of the plus half that is in its state.
    Both halves begin with the shooting frame, which the path has once. Where time runs
    back, velocities change their sign.

    A shooting frame that lies in a state itself is the end of the path there.

    Parameters
    ----------
    minus_trajs : list of Trajectory
        The parts of the half that was propagated with inverted velocities, in the order in
        which they were computed.
    minus_state : int
        Index in `state_funcs` of the state in which the path begins.
    plus_trajs : list of Trajectory
        The parts of the other half.
    plus_state : int
        Index of the state in which the path ends.
    state_funcs : list
        Functions of a `Trajectory` that give one bool for each frame: trajectory function
        wrappers, conditions, coroutine functions or plain functions.
    tra_out : path
        Appears by rename when it is complete.
    **concatenate_kwargs
        For `TrajectoryConcatenator.concatenate`, such as ``overwrite=True``.

    Returns
    -------
    Trajectory

    Raises
    ------
    TypeError
        For arguments that are no trajectories or functions.
    ValueError
        If a half does not reach its state, if both do not begin with the same frame, or if
        the path would be that frame only.
    FileExistsError
    """
    check_output(tra_out, concatenate_kwargs)
    states = _States(state_funcs)
    halves = (("minus", minus_trajs, minus_state), ("plus", plus_trajs, plus_state))
    checked = [
        (name, _checked_parts(name, trajs), states.index(name, state))
        for name, trajs, state in halves
    ]
    minus, plus = [await _cut(name, trajs, states, state) for name, trajs, state in checked]
    await asyncio.to_thread(_check_shooting_frame, minus, plus)
    if len(minus) == len(plus) == 1:
        raise ValueError(
            f"The shooting frame lies in {states.name(minus_state)} and in "
            f"{states.name(plus_state)}: there is no path between them."
        )
    parts = [*minus.backward(), *plus.forward_without_first()]
    return await _PathConcatenator().concatenate_async(
        [trajectory for trajectory, _ in parts],
        [chosen for _, chosen in parts],
        tra_out,
        **concatenate_kwargs,
    )


class _PathConcatenator(TrajectoryConcatenator):
    _made_by = "path"


class _States:
    """The state functions, asked by their index."""

    def __init__(self, functions: Any) -> None:
        given = as_list("state_funcs", functions, "state functions")
        self._conditions: list[Condition] = [as_condition(function) for function in given]

    def __getitem__(self, index: int) -> Condition:
        return self._conditions[index]

    def index(self, half: str, value: Any) -> int:
        """A checked index of a state."""
        if isinstance(value, bool) or not hasattr(value, "__index__"):
            raise TypeError(
                f"{half}_state={value!r}: a state is told by its index in state_funcs, a whole "
                "number."
            )
        number = operator.index(value)
        if not 0 <= number < len(self._conditions):
            raise ValueError(
                f"{half}_state={value!r}: there is no state {number}, state_funcs has "
                f"{len(self._conditions)}, counted from 0."
            )
        return number

    def name(self, index: int) -> str:
        return f"state {index} ({self[index].name})"


@dataclass(frozen=True)
class _Half:
    """Parts with the number of frames to be taken from the beginning of each."""

    parts: tuple[tuple[Trajectory, int], ...]

    def __len__(self) -> int:
        return sum(count for _, count in self.parts)

    @property
    def first(self) -> Trajectory:
        return self.parts[0][0]

    def backward(self) -> _Pieces:
        return [(part, (count - 1, None, -1)) for part, count in reversed(self.parts)]

    def forward_without_first(
        self,
    ) -> _Pieces:
        begins = (1, *(0 for _ in self.parts[1:]))
        pairs = zip(self.parts, begins, strict=True)
        return [(part, (begin, count, 1)) for (part, count), begin in pairs]


async def _cut(name: str, trajs: Sequence[Trajectory], states: _States, state: int) -> _Half:
    """Take the frames up to and with the first one in the state."""
    counts = await _counts(trajs)
    parts = [await FinishedPart.of(trajectory) for trajectory in trajs]
    evaluator, taken = PartEvaluator([(states[state].name, states[state])]), []
    for index, (trajectory, count) in enumerate(zip(trajs, counts, strict=True)):
        [seen] = await evaluator.examine(parts[: index + 1], counts[:index])
        inside = seen.fulfilled[:count]
        if inside.any():
            taken.append((trajectory, int(inside.argmax()) + 1))
            return _Half(tuple(part for part in taken if part[1]))
        taken.append((trajectory, count))
    raise ValueError(
        f"The {name} half reaches {states.name(state)} in none of its {sum(counts)} frames: "
        f"{list(trajs)}."
    )


def _checked_parts(half: str, trajs: Any) -> Sequence[Trajectory]:
    parts = check_parts(f"{half}_trajs", trajs)
    if not parts:
        raise ValueError(f"{half}_trajs is empty; give at least the part with the shooting frame.")
    return parts


async def _counts(trajs: Sequence[Trajectory]) -> list[int]:
    """How many frames of each part are not given anew by the next one."""
    tables = [await asyncio.to_thread(trajectory.frame_table) for trajectory in trajs]
    return line_up(tables, lambda: _time_step(trajs))[1]


def _time_step(trajs: Sequence[Trajectory]) -> float:
    for trajectory in trajs:
        if trajectory.nstout and trajectory.dt:
            return trajectory.dt / trajectory.nstout
    return 1.0


def _check_shooting_frame(minus: _Half, plus: _Half) -> None:
    one, other = read_frame(minus.first, 0), read_frame(plus.first, 0)
    if one.positions.shape != other.positions.shape:
        return  # the concatenator says it better
    if not same_configuration(one, other, _SAME_FRAME_NM):
        apart = float(np.max(np.abs(one.positions - other.positions)))
        raise ValueError(
            f"{minus.first.trajectory_files[0]} and {plus.first.trajectory_files[0]} do not begin "
            f"with the same frame (atoms are up to {apart:.3g} nm apart), so they are no halves "
            "of one shot."
        )
