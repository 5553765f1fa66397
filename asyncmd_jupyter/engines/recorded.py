"""Engines that write beside their trajectories where these come from."""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path

from asyncmd_jupyter.engines import recording
from asyncmd_jupyter.engines.base import StartingConfiguration
from asyncmd_jupyter.engines.facts import EngineFacts, ProgramFacts
from asyncmd_jupyter.engines.files import EngineFiles
from asyncmd_jupyter.engines.part import Part
from asyncmd_jupyter.engines.placed import PlacedEngine
from asyncmd_jupyter.engines.plan import plan_from_tags
from asyncmd_jupyter.engines.velocities import StartVelocities
from asyncmd_jupyter.frames.provenance_writing import Recorder
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.jobs.manager import Job

logger = logging.getLogger(__name__)


class RecordedEngine(PlacedEngine):
    """The part of `CommandEngine` that writes records; a program has three hooks for it."""

    def _engine_facts(self) -> EngineFacts:
        """What the engine knows of itself (called in a thread)."""
        return EngineFacts(type(self).__name__, self.program, tags=self.job_tags)

    def _input_file(self, files: EngineFiles) -> Path:
        """The file in which the program finds the start of a simulation."""
        return files.path("start")

    def _told_by_program(self, files: EngineFiles, part: int) -> ProgramFacts:
        """What the files of a part say about the program (called in a thread)."""
        return ProgramFacts()

    def _record_preparation(
        self, files: EngineFiles, start: StartingConfiguration, begun: StartVelocities
    ) -> None:
        file = self._input_file(files)

        def write() -> None:
            facts = self._engine_facts()
            recording.record_preparation(file, files.deffnm, facts, start, begun.to_json())

        if file.exists():
            _carefully(file, write)

    def _record_configuration(
        self, file: Path, action: str, start: StartingConfiguration, told: ProgramFacts
    ) -> None:
        def write() -> None:
            recording.record_configuration(file, action, self._engine_facts(), start, told)

        _carefully(file, write)

    def _record_begun(self, files: EngineFiles, part: Part) -> asyncio.Future[None] | None:
        """Begin the record of a part in a thread, which nobody has to wait for."""
        if not Recorder.current().is_on:
            return None

        def write() -> None:
            recording.record_begun(self._part_facts(files, part.job))

        call = partial(contextvars.copy_context().run, _carefully, part.trajectory_file, write)
        return asyncio.get_running_loop().run_in_executor(None, call)

    def _record_ended(self, files: EngineFiles, part: Part, trajectory: Trajectory) -> None:
        def write() -> None:
            facts = self._part_facts(files, part.job)
            told = self._told_by_program(files, part.number)
            recording.record_ended(facts, trajectory, told)

        _carefully(part.trajectory_file, write)

    def _settle_records(self, files: EngineFiles) -> None:
        """Complete what parts left whose end no kernel has seen."""
        for number, path in [*files.parts(self.output_traj_type).items()][-2:]:
            recording.settle(path, partial(self._told_by_program, files, number))

    def _part_facts(self, files: EngineFiles, job: Job) -> recording.PartFacts:
        plan = plan_from_tags(job.record.tags)
        return recording.PartFacts(
            file=files.part(plan.number, self.output_traj_type),
            deffnm=files.deffnm,
            plan=plan,
            facts=self._engine_facts(),
            job=job.record,
            prepared=self._input_file(files),
            previous=self._part_before(files, plan.number),
        )

    def _part_before(self, files: EngineFiles, number: int) -> Path | None:
        if number == 1:
            return None
        before = files.part(number - 1, self.output_traj_type)
        if before.exists():
            return before
        parts = files.parts(self.output_traj_type)
        return next((parts[earlier] for earlier in reversed(parts) if earlier < number), None)


def _carefully(file: Path, write: Callable[[], None]) -> None:
    """Write a record; what an engine fails to tell of itself must not end a simulation."""
    if not Recorder.current().is_on:
        return
    try:
        write()
    except Exception as error:
        logger.warning("The provenance of %s could not be recorded: %s", file, error)
