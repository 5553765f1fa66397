"""Propagation for a fixed number of steps, part by part."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any

from asyncmd_jupyter.engines.base import (
    MDEngine,
    StartingConfiguration,
    check_kind_of_start,
    known_nstout,
)
from asyncmd_jupyter.engines.files import checked_files
from asyncmd_jupyter.engines.part import Part
from asyncmd_jupyter.engines.velocities import check_velocities
from asyncmd_jupyter.errors import EngineError
from asyncmd_jupyter.frames.concatenate import TrajectoryConcatenator
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.sampling.arguments import check_parts, whole_limit
from asyncmd_jupyter.sampling.live import LiveLook
from asyncmd_jupyter.sampling.observer import PropagationObserver
from asyncmd_jupyter.sampling.output import check_output
from asyncmd_jupyter.sampling.propagator import TrajectoryPropagator, check_draws, start_of
from asyncmd_jupyter.sampling.simulation import FinishedPart, Simulation
from asyncmd_jupyter.sampling.stop import AnyOf
from asyncmd_jupyter.sampling.timeline import (
    Steps,
    are_in_order,
    first_at_or_after,
    line_up,
    missing_frames,
)


class InPartsTrajectoryPropagator(TrajectoryPropagator):
    """Propagates for a number of steps, in parts of a given wall time.

    Parameters
    ----------
    n_steps : int
        MD steps since the start, a multiple of the engine's `nstout`; 0 needs no MD.
    engine_cls : type
        Class of the engine.
    engine_kwargs : Mapping
        Arguments for making one.
    walltime_per_part : float
        Hours.

    Raises
    ------
    TypeError, ValueError
        If `n_steps` is no whole number of at least 0, or the wall time not positive.
    """

    def __init__(
        self,
        n_steps: float,
        *,
        engine_cls: type[MDEngine],
        engine_kwargs: Mapping[str, Any],
        walltime_per_part: float,
    ) -> None:
        super().__init__(
            engine_cls=engine_cls,
            engine_kwargs=engine_kwargs,
            walltime_per_part=walltime_per_part,
        )
        self.n_steps = n_steps

    @property
    def n_steps(self) -> int:
        """MD steps since the start."""
        return self._n_steps

    @n_steps.setter
    def n_steps(self, value: float) -> None:
        self._n_steps = whole_limit("n_steps", value, least=0)

    async def propagate(
        self,
        starting_configuration: StartingConfiguration,
        workdir: str | PathLike[str],
        deffnm: str,
        *,
        continuation: bool = False,
        velocities: str = "keep",
    ) -> list[Trajectory]:
        """Propagate from the first frame of a configuration.

        Parameters
        ----------
        starting_configuration : Trajectory, path or None
        workdir : path
            Existing folder for the parts.
        deffnm : str
            What their names begin with.
        continuation : bool
            Go on with what is in the folder, whatever ended it; without parts there it
            starts afresh. Parts that were begun from another start are refused.
        velocities : str
            ``keep``: those of the start, drawn where it has none; ``new``: drawn in any case.
            See `MDEngine.prepare`. Of no use where it goes on with what is there.

        Returns
        -------
        list of Trajectory
            All parts; they may reach beyond `n_steps`. Empty for ``n_steps=0``.

        Raises
        ------
        ValueError
            If `n_steps` is no multiple of the engine's `nstout`, or parts of this name
            exist and it is no continuation.
        EngineError
            If frames are missing that can't be computed any more, or another task of this
            kernel propagates these parts.
        """
        n_steps = self.n_steps
        check_kind_of_start(starting_configuration)
        check_velocities(velocities)
        files = checked_files(workdir, deffnm)
        if n_steps == 0:
            return []
        engine = self._new_engine()
        check_draws(engine, velocities)
        _check_multiple(n_steps, known_nstout(engine))
        with self._at_work(engine, files) as simulation:
            simulation.reserve(starting_configuration)
            if continuation and not self.trusts_start:
                await simulation.check_same_start(starting_configuration, velocities)
            if not (continuation and await simulation.go_on()):
                start_of(engine, starting_configuration)
                await self._prepare(engine, starting_configuration, files, velocities)
            return [part.trajectory for part in await self._propagate(simulation, n_steps)]

    async def cut_and_concatenate(
        self, trajs: Sequence[Trajectory], tra_out: str | PathLike[str], **concatenate_kwargs: Any
    ) -> Trajectory | None:
        """Join parts from the start up to and with the frame at `n_steps`.

        What counts are the steps and times of the frames: doubled frames, frames that were
        computed again and frames behind `n_steps` are left out.

        Parameters
        ----------
        trajs : list of Trajectory
            The parts of one simulation in their order.
        tra_out : path
            Appears by rename when it is complete.
        **concatenate_kwargs
            For `TrajectoryConcatenator.concatenate`, such as ``overwrite=True``.

        Returns
        -------
        Trajectory or None
            None for ``n_steps=0``.

        Raises
        ------
        ValueError
            If the parts are too short, or frames in between are missing.
        """
        n_steps = self.n_steps
        if n_steps == 0:
            return None
        trajs = check_parts("trajs", trajs)
        check_output(tra_out, concatenate_kwargs, several=False)
        slices = await asyncio.to_thread(self._slices, trajs, n_steps)
        return await TrajectoryConcatenator(remove_double_frames=False).concatenate_async(
            trajs[: len(slices)], slices, tra_out, **concatenate_kwargs
        )

    async def propagate_and_concatenate(
        self,
        starting_configuration: StartingConfiguration,
        workdir: str | PathLike[str],
        deffnm: str,
        *,
        tra_out: str | PathLike[str],
        continuation: bool = False,
        velocities: str = "keep",
        **concatenate_kwargs: Any,
    ) -> Trajectory | None:
        """Both in a row; see `propagate` and `cut_and_concatenate`."""
        if self.n_steps:
            files = checked_files(workdir, deffnm)
            await self._check_output(files, starting_configuration, tra_out, concatenate_kwargs)
        parts = await self.propagate(
            starting_configuration,
            workdir,
            deffnm,
            continuation=continuation,
            velocities=velocities,
        )
        return await self.cut_and_concatenate(parts, tra_out, **concatenate_kwargs)

    async def _propagate(self, simulation: Simulation, n_steps: int) -> list[FinishedPart]:
        def look(part: Part) -> LiveLook:
            return LiveLook(part, [], AnyOf(), PropagationObserver(), last_step=n_steps)

        while True:
            parts = await simulation.parts()
            last = simulation.last_step(parts)
            if last >= n_steps:
                await simulation.end_running_part()
                return parts
            if not await simulation.advance(n_steps, self.walltime_per_part, look):
                raise EngineError(_too_few(simulation, n_steps, last))

    def _slices(self, trajs: Sequence[Trajectory], n_steps: int) -> list[tuple[Any, Any, Any]]:
        tables = [trajectory.frame_table() for trajectory in trajs]
        steps, counts = line_up(tables, lambda: self._new_engine().dt)
        if not are_in_order(steps, counts):
            raise ValueError(
                f"The frames of {list(trajs)} do not follow each other, neither by their steps nor "
                "by their times: give the parts of one simulation in their order."
            )
        kept = [own[:count] for own, count in zip(steps, counts, strict=True)]
        if missing := missing_frames(kept, max((t.nstout or 0 for t in trajs), default=0)):
            raise ValueError(missing)
        return _slices_up_to(kept, n_steps)


def _slices_up_to(kept: Sequence[Steps], n_steps: int) -> list[tuple[Any, Any, Any]]:
    slices: list[tuple[Any, Any, Any]] = []
    for own in kept:
        end = first_at_or_after(own, n_steps)
        if end < len(own) and own[end] == n_steps:
            return [*slices, (None, end + 1, 1)]
        if end < len(own):
            raise ValueError(
                f"There is no frame at n_steps={n_steps}: the frames around it are at other steps, "
                f"the next one at {own[end]}. Choose a multiple of the steps between frames."
            )
        slices.append((None, len(own), 1))
    last = max((int(own[-1]) for own in kept if len(own)), default=None)
    reach = "there are no frames" if last is None else f"they end at step {last}"
    raise ValueError(f"The trajectories are too short for n_steps={n_steps}: {reach}.")


def _check_multiple(n_steps: int, nstout: int) -> None:
    if nstout and n_steps % nstout:
        near = max(1, round(n_steps / nstout)) * nstout
        raise ValueError(
            f"n_steps={n_steps} is no multiple of the engine's nstout={nstout}, so that no frame "
            f"would lie there. Take {near}, for example."
        )


def _too_few(simulation: Simulation, n_steps: int, last: int) -> str:
    files = simulation.files
    return (
        f"{files.deffnm!r} in {str(files.workdir)!r} has done {simulation.engine.steps_done} "
        f"steps, but its last frame on disk is at step {max(last, 0)}, before "
        f"n_steps={n_steps}: files of parts are gone. Bring them back, or take all parts away "
        "(remove_parts) and start afresh."
    )
