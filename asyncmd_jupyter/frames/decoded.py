"""Frames that MDAnalysis has to read and write: transformed, changed or converted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from asyncmd_jupyter.frames.formats import writer_options
from asyncmd_jupyter.frames.mdanalysis import guess_elements, open_universe
from asyncmd_jupyter.frames.selection import Segment
from asyncmd_jupyter.frames.steps import wrap_step
from asyncmd_jupyter.frames.stopping import Stop
from asyncmd_jupyter.frames.written import check_room, check_written, flush

Modification: TypeAlias = Callable[[Any, Any], None]
"""Changes a timestep of a Universe, both are handed in."""

_PDB_ATTRIBUTES: dict[str, Any] = {
    "altLocs": "",
    "icodes": None,
    "chainIDs": "X",
    "occupancies": 1.0,
    "tempfactors": 0.0,
    "elements": guess_elements,
    "record_types": "ATOM",
    "formalcharges": 0,
}
_ATTRIBUTES: dict[str, dict[str, Any]] = {
    "PDB": _PDB_ATTRIBUTES,
    "ENT": _PDB_ATTRIBUTES,
    "CRD": {"tempfactors": 0.0},
    "PQR": {"charges": 0.0, "radii": 1.0},
}


class Transformations:
    """The transformations that users may hand in, in one of two ways.

    Raises
    ------
    TypeError
        For what can't be called.
    ValueError
        If both are given.
    """

    def __init__(
        self,
        transformations: Sequence[Callable[[Any], Any]] | None,
        setup: Callable[[Any], Any] | None,
    ) -> None:
        if transformations is not None and setup is not None:
            raise ValueError(
                "Give either mda_transformations or mda_transformations_setup_func, not both; "
                "the function can add the transformations too."
            )
        self.given = transformations
        self._transformations = _checked(transformations)
        if setup is not None and not callable(setup):
            raise TypeError(f"mda_transformations_setup_func={setup!r} can't be called.")
        self._setup = setup

    @property
    def setup(self) -> Callable[[Any], Any] | None:
        """The function that is called with a Universe."""
        return self._setup

    def __bool__(self) -> bool:
        return bool(self._transformations) or self._setup is not None

    def apply(self, universe: Any) -> None:
        """Add them to a Universe."""
        if self._transformations:
            universe.trajectory.add_transformations(*self._transformations)
        if self._setup is not None:
            self._setup(universe)


class Transforming:
    """What extractors and concatenators have in common: transformations that can be changed."""

    _transformations: Transformations

    @property
    def mda_transformations(self) -> Sequence[Callable[[Any], Any]] | None:
        """MDAnalysis transformations, applied to each frame."""
        return self._transformations.given

    @mda_transformations.setter
    def mda_transformations(self, value: Sequence[Callable[[Any], Any]] | None) -> None:
        self._transformations = Transformations(value, self._transformations.setup)

    @property
    def mda_transformations_setup_func(self) -> Callable[[Any], Any] | None:
        """Called with each Universe, to add transformations that need to know it."""
        return self._transformations.setup

    @mda_transformations_setup_func.setter
    def mda_transformations_setup_func(self, value: Callable[[Any], Any] | None) -> None:
        self._transformations = Transformations(self._transformations.given, value)


def write_decoded(
    path: Path,
    name: str,
    jobs: Sequence[tuple[Segment, Modification]],
    transformations: Transformations,
    stop: Stop,
) -> None:
    """Write frames, transformed and then modified, into a new file.

    Parameters
    ----------
    path : path
    name : str
        Of the format.
    jobs : sequence of (Segment, Modification)
    transformations : Transformations
    stop : Stop

    Raises
    ------
    OSError
        Not all of it could be written.
    """
    from MDAnalysis import Writer

    writer: Any = None
    n_frames = n_atoms = 0
    try:
        for universe in _decoded(name, jobs, transformations, stop):
            if writer is None:
                n_wanted = sum(len(segment.numbers) for segment, _ in jobs)
                check_room(path, name, universe.trajectory.ts, n_frames=n_wanted)
                writer = Writer(str(path), **_options(name, jobs, universe))
                n_atoms = len(universe.atoms)
            writer.write(universe.atoms)
            n_frames += 1
        flush(writer)
    finally:
        if writer is not None:
            writer.close()
    if n_frames:
        check_written(path, name, n_frames=n_frames, n_atoms=n_atoms)


def _decoded(
    name: str,
    jobs: Sequence[tuple[Segment, Modification]],
    transformations: Transformations,
    stop: Stop,
) -> Iterator[Any]:
    """Go through the frames; gives the Universe at each."""
    for segment, modify in jobs:
        with _universe_of(segment, name) as universe:
            transformations.apply(universe)
            for number in segment.numbers:
                stop.check()
                _go_to(universe, segment, int(number))
                if name == "H5MD":  # whose writer wants the same of every frame
                    universe.trajectory.ts.data.pop("lambda", None)
                modify(universe, universe.trajectory.ts)
                yield universe


def leave(_universe: Any, _timestep: Any) -> None:
    """Change nothing."""


def invert_if_any(_universe: Any, timestep: Any) -> None:
    """Change the sign of the velocities, where there are some."""
    if timestep.has_velocities:
        timestep.velocities *= -1


def missing_attributes(name: str) -> dict[str, Any]:
    """What a format has room for, and MDAnalysis warns about when a structure lacks it."""
    return _ATTRIBUTES.get(name, {})


def _universe_of(segment: Segment, name: str) -> Any:
    return open_universe(
        segment.trajectory.structure_path,
        segment.trajectory.paths,
        attributes=missing_attributes(name),
        to_guess=("types", "masses"),
    )


def _go_to(universe: Any, segment: Segment, number: int) -> None:
    """Read a frame; its step and time are the trajectory's, which MDAnalysis may not know."""
    universe.trajectory[number]
    timestep = universe.trajectory.ts
    timestep.data["step"] = wrap_step(int(segment.table.steps[number]))
    timestep.time = float(segment.table.times[number])


def _options(
    name: str, jobs: Sequence[tuple[Segment, Modification]], universe: Any
) -> dict[str, Any]:
    steps = np.concatenate([segment.table.steps[segment.numbers] for segment, _ in jobs])
    times = np.concatenate([segment.table.times[segment.numbers] for segment, _ in jobs])
    velocities = universe.trajectory.ts.has_velocities and (
        len(jobs) == 1 or all(segment.may_have_velocities() for segment, _ in jobs)
    )
    options = writer_options(name, steps, times, velocities=velocities)
    return {"n_atoms": len(universe.atoms), "format": name, **options}


def _checked(transformations: Any) -> list[Callable[[Any], Any]]:
    if callable(transformations):
        raise TypeError("Put the transformation into a list: mda_transformations=[…].")
    found = list(transformations or ())
    for one in found:
        if not callable(one):
            raise TypeError(f"mda_transformations has {one!r} in it, which can't be called.")
    return found
