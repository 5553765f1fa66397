"""Starts that are frames of a trajectory: checked first, written when the run begins."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from asyncmd_jupyter import runtime
from asyncmd_jupyter.engines.base import MDEngine
from asyncmd_jupyter.engines.velocities import drawn_velocities
from asyncmd_jupyter.frames.extract import (
    FrameExtractor,
    InvertedVelocitiesFrameExtractor,
    NoModificationFrameExtractor,
)
from asyncmd_jupyter.frames.provenance_file import record_path
from asyncmd_jupyter.frames.read import read_frame
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.sampling.new_velocities import NewVelocities
from asyncmd_jupyter.sampling.run_folder import check_folder
from asyncmd_jupyter.sampling.run_spec import RunSpec
from asyncmd_jupyter.sampling.start_velocities import velocities_for

VELOCITIES = ("keep", "new", "inverted")

_Extract = Callable[..., AsyncIterator[Trajectory]]


@dataclass(frozen=True)
class StartFrame:
    """A frame at which a run shall begin.

    Attributes
    ----------
    trajectory : Trajectory
    frame : int
        Negative numbers count from the end.
    velocities : str or None
        One of `VELOCITIES`; None if nothing was said.
    temperature : float or None
        K, of new velocities; the engine's if None.
    """

    trajectory: Trajectory
    frame: int
    velocities: str | None = None
    temperature: float | None = None

    def __post_init__(self) -> None:
        if self.velocities not in (*VELOCITIES, None):
            raise ValueError(
                f"velocities={self.velocities!r} has to be one of {', '.join(VELOCITIES)}."
            )
        if self.velocities != "new" and self.temperature is not None:
            raise ValueError(
                f"temperature={self.temperature!r} is of use only with velocities='new'."
            )

    def check(self, spec: RunSpec, *, overwrite: bool) -> bool:
        """Refuse what can't be done; tells whether the frame has velocities. Blocks."""
        check_folder(spec.folder, overwrite=overwrite, continuation=False)
        if spec.name.partition("_")[0] == "start":
            raise ValueError(
                f"name={spec.name!r}: the file with the frame is called start, choose another name."
            )
        if overwrite and any(path.parent == spec.folder for path in self.trajectory.paths):
            raise ValueError(
                f"The start lies in {str(spec.folder)!r}, which would be overwritten: choose "
                "another name."
            )
        return read_frame(self.trajectory, self.frame).velocities is not None

    def writing(
        self, spec: RunSpec, engine: MDEngine, *, has_velocities: bool, overwrite: bool
    ) -> StartWriting:
        """Decide what is written for a run.

        Parameters
        ----------
        spec : RunSpec
        engine : MDEngine
            Of the user, whose temperature is that of new velocities.
        has_velocities : bool
            What `check` has told.
        overwrite : bool

        Raises
        ------
        ValueError
            There are no velocities to invert, or no temperature to draw them.
        """
        number = spec.n_walkers
        chosen, alike = velocities_for(
            engine, number, self.velocities, has_velocities=has_velocities
        )
        draws = self.velocities == "new" and self.temperature is None
        said: list[str | UserWarning] = []
        if not has_velocities and chosen != "new":
            said.append(self._drawn(chosen, engine))
            chosen = "new"
        if about := alike or (draws and engine.temperature_note):
            said.append(about)
        kelvin = engine.temperature if self.temperature is None else self.temperature
        extract = _extraction(chosen, spec.engine, kelvin)
        return StartWriting(self, spec, _targets(spec, chosen), extract, overwrite, tuple(said))

    def _drawn(self, velocities: str, engine: MDEngine) -> UserWarning:
        """What is said where new velocities take the place of those that the frame lacks."""
        source = f"frame {self.frame} of {_described(self.trajectory)}"
        if velocities == "inverted":
            raise ValueError(
                f"There are no velocities to invert ({source}). Choose new ones (velocities='new')."
            )
        if engine.temperature is None:
            raise ValueError(
                f"The start has no velocities ({source}), and the engine no temperature to draw "
                "them: choose velocities='new' and a temperature."
            )
        return drawn_velocities(source, engine.temperature, engine.temperature_note)


@dataclass(frozen=True)
class StartWriting:
    """Files with the starts of a run that are still to be written.

    Attributes
    ----------
    start : StartFrame
    spec : RunSpec
        Of the run, without its starts.
    targets : list of Path
    extract : callable
    overwrite : bool
    said : tuple of str or UserWarning
        What the user has to know of the velocities.
    """

    start: StartFrame
    spec: RunSpec
    targets: list[Path]
    extract: _Extract
    overwrite: bool
    said: tuple[str | UserWarning, ...]

    def warn(self, stacklevel: int) -> None:
        """Say it to the user."""
        for each in self.said:
            warnings.warn(each, stacklevel=stacklevel + 1)

    def check_targets(self) -> None:
        """Refuse to replace a file that is there; blocks.

        Raises
        ------
        FileExistsError
        """
        for target in self.targets:
            if target.exists() and not self.overwrite:
                raise FileExistsError(f"{str(target)!r} is there already: choose another name.")

    async def written(self, begin: Callable[[RunSpec], Any] = lambda spec: spec) -> Any:
        """Write the frames, then begin with what has them as its starts.

        What was written is removed again where the run does not begin.

        Parameters
        ----------
        begin : callable
            Gets the order with its starts; what it gives is returned.
        """
        folder, starts = self.spec.folder, list[Trajectory]()
        made_folder = not folder.exists()
        source = self.start.trajectory, self.start.frame
        try:
            await asyncio.to_thread(folder.mkdir, exist_ok=True)
            async for made in self.extract(self.targets, *source, overwrite=self.overwrite):
                starts.append(await made.prepare())
            several = tuple(starts[1:] and starts)
            return begin(replace(self.spec, start=starts[0], starts=several))
        except BaseException:
            written = self.targets[: len(starts)]
            removing = asyncio.to_thread(_remove, written, folder, made_folder)
            await asyncio.shield(runtime.start(removing))
            raise


def _described(trajectory: Trajectory) -> str:
    path = trajectory.trajectory_files[-1]
    return f"{path}; XTC files hold none" if Path(path).suffix.lower() == ".xtc" else path


def _extraction(velocities: str, engine: MDEngine, temperature: float | None) -> _Extract:
    if velocities == "new":
        return NewVelocities(engine, temperature).write
    kept = velocities == "keep"
    extractor = NoModificationFrameExtractor() if kept else InvertedVelocitiesFrameExtractor()
    return partial(_extracted, extractor)


def _targets(spec: RunSpec, velocities: str) -> list[Path]:
    if velocities != "new" or spec.n_walkers == 1:
        return [spec.folder / "start.trr"]
    return [spec.folder / f"start_{walker}.trr" for walker in range(spec.n_walkers)]


async def _extracted(
    extractor: FrameExtractor,
    targets: Sequence[Path],
    trajectory: Trajectory,
    frame: int,
    *,
    overwrite: bool,
) -> AsyncIterator[Trajectory]:
    for target in targets:
        yield await extractor.extract_async(target, trajectory, frame, overwrite=overwrite)


def _remove(targets: Sequence[Path], folder: Path, made_folder: bool) -> None:
    """Take away what was written for a run that does not start."""
    written = [*targets, *map(record_path, targets)]
    removals: list[Callable[[], object]] = [path.unlink for path in written]
    for removal in (*removals, *((folder.rmdir,) if made_folder else ())):
        with suppress(OSError):
            removal()
