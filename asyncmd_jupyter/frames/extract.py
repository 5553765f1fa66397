"""Single frames as files of their own, as they are or with other velocities."""

from __future__ import annotations

import dataclasses
import operator
import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.frames.concatenate import PathLike
from asyncmd_jupyter.frames.decoded import (
    Modification,
    Transformations,
    Transforming,
    write_decoded,
)
from asyncmd_jupyter.frames.drawing import VelocityDraw, checked_constraints
from asyncmd_jupyter.frames.formats import RAW_FORMATS, holds_velocities, output_format
from asyncmd_jupyter.frames.masses import checked_masses
from asyncmd_jupyter.frames.provenance_frames import record_frames
from asyncmd_jupyter.frames.read import frame_number, frames_with_velocities, read_xdr_frame
from asyncmd_jupyter.frames.selection import Segment, check_trajectory
from asyncmd_jupyter.frames.stopping import Stop, run_stoppable
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.frames.trr import TrrFrame, write_trr_frame
from asyncmd_jupyter.frames.writing import Outputs, write_segment

Seeds: TypeAlias = Mapping[str, int]
SEED = "velocities"
SEED_BITS = 53  # all readers of JSON keep such numbers exactly

_HOW_TO_HAVE_VELOCITIES = (
    "have the simulation write a TRR file with velocities in each frame (GROMACS: nstvout the "
    "same as nstxout)."
)


class FrameExtractor(Transforming, ABC):
    """Writes one frame of a trajectory to a new file.

    Step and time of the frame are kept where the format has room for them: XTC, TRR and
    H5MD have for both, NCDF for the time. Positions and velocities of XTC and TRR frames
    that are not changed are exactly the same in XTC and TRR files.

    For a modification of your own inherit from this class and define
    `apply_modification`.

    Parameters
    ----------
    mda_transformations : list of callables, optional
        MDAnalysis transformations.
    mda_transformations_setup_func : callable, optional
        Called with the Universe, to add transformations that need to know it.

    Raises
    ------
    ValueError
        If both kinds of transformations are given.
    """

    _sets_velocities = False

    def __init__(
        self,
        *,
        mda_transformations: Sequence[Callable[[Any], Any]] | None = None,
        mda_transformations_setup_func: Callable[[Any], Any] | None = None,
    ) -> None:
        self._transformations = Transformations(mda_transformations, mda_transformations_setup_func)

    @abstractmethod
    def apply_modification(self, universe: Any, ts: Any) -> None:
        """Change the frame in place, after the transformations.

        Parameters
        ----------
        universe : MDAnalysis.Universe
        ts : MDAnalysis timestep
        """

    def extract(
        self,
        outfile: PathLike,
        traj_in: Trajectory,
        idx: int,
        *,
        struct_out: PathLike | None = None,
        overwrite: bool = False,
        structure_copy: PathLike | None = None,
    ) -> Trajectory:
        """Write the frame `idx` of `traj_in`.

        Parameters
        ----------
        outfile : path
            Appears when it is complete; its ending says the format.
        traj_in : Trajectory
        idx : int
            Negative numbers count from the end.
        struct_out : path, optional
            Existing structure file that the result belongs to; without it that of `traj_in`.
            It is never written to.
        overwrite : bool
            Whether existing files are replaced, which inputs never are.
        structure_copy : path, optional
            Where to write a copy of that structure, to which the result then belongs; its
            ending says the format.

        Returns
        -------
        Trajectory
            Of one frame.

        Raises
        ------
        FileExistsError, FileNotFoundError, NotADirectoryError, PermissionError
            If a file is in the way, or can't be written where it shall lie, or there is no
            `struct_out`.
        IndexError
            For a frame that does not exist.
        TypeError
            If `traj_in` is no Trajectory or `idx` no whole number.
        ValueError
            If velocities are to be changed that the input or the output can't hold, if the
            ending of a file says no format that can be written, if `struct_out` has another
            number of atoms, or if an output is one of the inputs.
        """
        arguments = (outfile, traj_in, idx, (struct_out, structure_copy), overwrite)
        return self._extract(*arguments, self._new_seeds(), Stop())

    async def extract_async(
        self,
        outfile: PathLike,
        traj_in: Trajectory,
        idx: int,
        *,
        struct_out: PathLike | None = None,
        overwrite: bool = False,
        structure_copy: PathLike | None = None,
    ) -> Trajectory:
        """Do the same as `extract` in a thread; when cancelled, nothing is written."""
        check_trajectory(traj_in, "traj_in")
        structures = (struct_out, structure_copy)
        # Seeds are drawn here, so that their order is that of the calls.
        arguments = (outfile, traj_in, idx, structures, overwrite, self._new_seeds())
        return await run_stoppable(lambda stop: self._extract(*arguments, stop), [traj_in])

    def _extract(
        self,
        outfile: PathLike,
        traj_in: Trajectory,
        idx: int,
        structures: tuple[PathLike | None, PathLike | None],
        overwrite: bool,
        seeds: Seeds,
        stop: Stop,
    ) -> Trajectory:
        check_trajectory(traj_in, "traj_in")
        outputs = Outputs(outfile, *structures, argument="outfile", overwrite=overwrite)
        name = output_format(outputs.path, velocities=self._sets_velocities)
        outputs.check_sources([traj_in])
        table = traj_in.frame_table()
        number = frame_number(traj_in, idx, len(table.steps))
        segment = Segment(traj_in, table, np.array([number], np.int64))
        with outputs.replaced(traj_in, stop) as path:
            self._write(path, name, segment, stop, seeds)
        record_frames(outputs.path, [segment], self._made(), seeds)
        return outputs.result(traj_in)

    def _made(self) -> dict[str, Any]:
        """What the record of an extracted frame says about how it was made."""
        made = {"by": "extraction", "extractor": type(self).__name__}
        if words := self._modification_in_words():
            made["modification"] = words
        if self._transformations:
            made["transformations"] = "with transformations of MDAnalysis"
        return made

    def _modification_in_words(self) -> str:
        return f"modified by {type(self).__name__}"

    def _new_seeds(self) -> Seeds:
        """Seeds for one frame: several may be extracted at the same time."""
        return {}

    def _write(self, path: Path, name: str, segment: Segment, stop: Stop, seeds: Seeds) -> None:
        exactly = name in RAW_FORMATS and segment.table.parts and not self._transformations
        if not (exactly and self._write_exactly(path, name, segment, stop, seeds)):
            modify = self._modification(name, seeds)
            write_decoded(path, name, [(segment, modify)], self._transformations, stop)

    def _write_exactly(
        self, path: Path, name: str, segment: Segment, stop: Stop, seeds: Seeds
    ) -> bool:
        """Write an XTC or TRR frame without MDAnalysis; False where that is not possible."""
        return False

    def _modification(self, name: str, seeds: Seeds) -> Modification:
        return self.apply_modification if holds_velocities(name) else self._without_velocities

    def _without_velocities(self, universe: Any, timestep: Any) -> None:
        before = timestep.velocities.copy() if timestep.has_velocities else np.zeros(0)
        self.apply_modification(universe, timestep)
        if timestep.has_velocities and not np.array_equal(timestep.velocities, before):
            raise ValueError(
                f"{type(self).__name__} sets velocities, which the output can't hold; choose the "
                "ending .trr."
            )

    def _is_own(self, cls: type[FrameExtractor]) -> bool:
        """Whether frames are modified just as `cls` does it."""
        return type(self).apply_modification is cls.apply_modification


class NoModificationFrameExtractor(FrameExtractor):
    """Extracts frames as they are, XTC and TRR frames byte by byte."""

    def apply_modification(self, universe: Any, ts: Any) -> None:
        """Change nothing."""

    def _modification_in_words(self) -> str:
        own = self._is_own(NoModificationFrameExtractor)
        return "" if own else super()._modification_in_words()

    def _write_exactly(
        self, path: Path, name: str, segment: Segment, stop: Stop, seeds: Seeds
    ) -> bool:
        if not self._is_own(NoModificationFrameExtractor):
            return False
        with path.open("xb") as file:
            write_segment(file, name, segment, invert=False, stop=stop)
        return True


class InvertedVelocitiesFrameExtractor(FrameExtractor):
    """Extracts frames with the sign of all velocities changed.

    Velocities of leapfrog integrators (``md`` and ``sd`` of GROMACS; Verlet, Langevin and
    LangevinMiddle of OpenMM) belong to half a step before the positions, so that a path is not
    retraced exactly: they are off by what the forces do in one step, such as 2 % of a thermal
    velocity in a double well with steps of 0.01 ps.
    """

    _sets_velocities = True

    def apply_modification(self, universe: Any, ts: Any) -> None:
        """Change the sign of the velocities."""
        if not ts.has_velocities:
            raise ValueError(
                f"Frame {ts.frame} of {universe.trajectory.filename} has no velocities to invert; "
                f"{_HOW_TO_HAVE_VELOCITIES}"
            )
        ts.velocities *= -1

    def _modification_in_words(self) -> str:
        own = self._is_own(InvertedVelocitiesFrameExtractor)
        return "inverted velocities" if own else super()._modification_in_words()

    def _write_exactly(
        self, path: Path, name: str, segment: Segment, stop: Stop, seeds: Seeds
    ) -> bool:
        if not self._is_own(InvertedVelocitiesFrameExtractor):
            return False
        if _read(segment).velocities is None:
            raise ValueError(_no_velocities(segment))
        with path.open("xb") as file:
            write_segment(file, name, segment, invert=True, stop=stop)
        return True


class RandomVelocitiesFrameExtractor(FrameExtractor):
    """Extracts frames with velocities drawn from the Maxwell-Boltzmann distribution.

    Particles without mass get none, and the motion of the centre of mass is removed, as engines
    do it (`MDEngine.removes_com`). Velocities along constrained distances are taken away if
    `constraints` are given.
    `RandomVelocitiesFrameExtractor.of` takes all that an engine knows.

    Parameters
    ----------
    T : float
        Temperature in K.
    masses : array, optional
        amu, shape (n_atoms,), such as ``engine.masses``. Without them those of the structure
        file are used. One that has none (PDB, GRO) lets them be guessed from elements and
        names, which is said in a `GuessedMassesWarning`.
    constraints : array of int, optional
        Atoms whose distance is fixed, shape (n_constraints, 2), such as
        ``engine.constraints``.
    seed : int, optional
        Extractors with the same seed draw the same sequence of velocities, frame by frame.
        Without it they differ each time. What was drawn is in the record of each file.
    remove_com : bool
        Whether the motion of the centre of mass is removed; that of a single particle never
        is. False is for models in which the whole takes part in the dynamics, such as
        particles in an external potential.
    mda_transformations, mda_transformations_setup_func
        As for `FrameExtractor`.

    Raises
    ------
    TypeError, ValueError
        For a temperature that is not a positive number, masses that are negative or no
        numbers, or a seed that is not a whole number.
    """

    _sets_velocities = True

    def __init__(
        self,
        T: float,  # noqa: N803 - as users know it
        *,
        masses: Any = None,
        constraints: Any = None,
        seed: int | None = None,
        remove_com: bool = True,
        mda_transformations: Sequence[Callable[[Any], Any]] | None = None,
        mda_transformations_setup_func: Callable[[Any], Any] | None = None,
    ) -> None:
        super().__init__(
            mda_transformations=mda_transformations,
            mda_transformations_setup_func=mda_transformations_setup_func,
        )
        self.T = T
        self._velocities = VelocityDraw(
            None if masses is None else checked_masses(masses),
            None if constraints is None else checked_constraints(constraints),
            bool(remove_com),
        )
        self._seed = None if seed is None else _checked_seed(seed)
        self._numbers = None if seed is None else np.random.default_rng(self._seed)

    @classmethod
    def of(cls, engine: Any, T: float | None = None, *, seed: int | None = None) -> Self:  # noqa: N803
        """Draw as an engine does: with its masses, constraints and temperature.

        Parameters
        ----------
        engine : MDEngine
            Reading its masses may take a moment; see `MDEngine.masses`.
        T : float, optional
            K; by default the engine's.
        seed : int, optional

        Raises
        ------
        NotImplementedError
            If the engine does not know its masses.
        ValueError
            If it has no temperature and none is given, or draws in a way of its own.
        """
        temperature = engine.temperature if T is None else T
        if temperature is None:
            raise ValueError("The engine has no temperature for new velocities: give T=….")
        masses, constraints = engine.masses, engine.constraints
        if constraints is None:
            raise ValueError(
                f"{type(engine).__name__} does not tell its constraints, or has particles that "
                "masses alone do not describe (Drude): use engine.generate_velocities."
            )
        rest = {"constraints": constraints, "remove_com": engine.removes_com, "seed": seed}
        return cls(temperature, masses=masses, **rest)

    @property
    def T(self) -> float:  # noqa: N802
        """Temperature in K."""
        return self._temperature

    @T.setter
    def T(self, value: float) -> None:  # noqa: N802
        if isinstance(value, bool | str) or not hasattr(value, "__float__"):
            raise TypeError(f"T={value!r} is no temperature; give a number of K.")
        if not 0 < value < float("inf"):
            raise ValueError(f"A temperature of {value} K is not possible.")
        self._temperature = float(value)

    @property
    def masses(self) -> NDArray[np.float64] | None:
        """Masses in amu that were given, shape (n_atoms,); can be set as a whole."""
        return self._velocities.masses

    @masses.setter
    def masses(self, masses: Any) -> None:
        self._velocities.masses = None if masses is None else checked_masses(masses)

    @property
    def constraints(self) -> NDArray[np.int64] | None:
        """Pairs of atoms at a fixed distance, shape (n_constraints, 2); a copy."""
        pairs = self._velocities.constraints
        return None if pairs is None else pairs.copy()

    @constraints.setter
    def constraints(self, constraints: Any) -> None:
        self._velocities.constraints = (
            None if constraints is None else checked_constraints(constraints)
        )

    @property
    def seed(self) -> int | None:
        """Of the sequence of velocities; make another extractor for another one."""
        return self._seed

    @property
    def remove_com(self) -> bool:
        """Whether the motion of the centre of mass is removed."""
        return self._velocities.remove_com

    @remove_com.setter
    def remove_com(self, value: bool) -> None:
        self._velocities.remove_com = bool(value)

    def draw(
        self, positions: Any, box: Any = None, generator: np.random.Generator | None = None
    ) -> NDArray[np.float64]:
        """Draw velocities for a frame in memory.

        Parameters
        ----------
        positions : array_like
            nm, shape (n_atoms, 3).
        box : array_like, optional
            Box vectors as rows in nm, shape (3, 3).
        generator : numpy.random.Generator, optional
            By default the next one of the extractor's own sequence.

        Returns
        -------
        array
            nm/ps, shape (n_atoms, 3).

        Raises
        ------
        ValueError
            Without `masses`, or if they do not fit to the frame.
        """
        if self.masses is None:
            raise ValueError("There is no structure file that has masses: give masses=….")
        generator = np.random.default_rng(self._next_seed()) if generator is None else generator
        return self._velocities.draw(self.T, "", np.asarray(positions), box, generator)

    def apply_modification(self, universe: Any, ts: Any) -> None:
        """Draw velocities."""
        self._draw(universe, ts, self._next_seed())

    def _draw(self, universe: Any, ts: Any, seed: int) -> None:
        box = None if ts.dimensions is None else ts.triclinic_dimensions / 10
        generator = np.random.default_rng(seed)
        drawn = self._velocities.draw(
            self.T, str(universe.filename), ts.positions / 10, box, generator
        )
        ts.velocities = 10 * drawn  # A/ps

    def _next_seed(self) -> int:
        if self._numbers is None:
            return secrets.randbits(SEED_BITS)
        return int(self._numbers.integers(2**SEED_BITS))

    def _new_seeds(self) -> Seeds:
        own = self._is_own(RandomVelocitiesFrameExtractor)
        return {SEED: self._next_seed()} if own else {}

    def _modification(self, name: str, seeds: Seeds) -> Modification:
        if not (seeds and holds_velocities(name)):
            return super()._modification(name, seeds)
        return partial(self._draw, seed=seeds[SEED])

    def _made(self) -> dict[str, Any]:
        own = self._is_own(RandomVelocitiesFrameExtractor)
        return {**super()._made(), **({"temperature": self.T} if own else {})}

    def _modification_in_words(self) -> str:
        own = self._is_own(RandomVelocitiesFrameExtractor)
        words = f"random velocities at {self.T:g} K"
        return words if own else super()._modification_in_words()

    def _write_exactly(
        self, path: Path, name: str, segment: Segment, stop: Stop, seeds: Seeds
    ) -> bool:
        if not self._is_own(RandomVelocitiesFrameExtractor):
            return False
        frame = _read(segment)
        if frame.positions is None:
            return False  # MDAnalysis says what does not fit together
        structure, generator = segment.trajectory.structure_path, np.random.default_rng(seeds[SEED])
        velocities = self._velocities.draw(
            self.T, str(structure), frame.positions, frame.box, generator
        )
        with path.open("xb") as file:
            write_trr_frame(file, dataclasses.replace(frame, velocities=velocities))
        return True


def _checked_seed(seed: Any) -> int:
    if isinstance(seed, bool) or not hasattr(seed, "__index__"):
        raise TypeError(f"seed={seed!r} has to be a whole number.")
    number = operator.index(seed)
    if number < 0:
        raise ValueError(f"seed={seed!r} has to be at least 0.")
    return number


def _no_velocities(segment: Segment) -> str:
    """Say which frames have some, if this one has none."""
    number, table = int(segment.numbers[0]), segment.table
    path = segment.trajectory.trajectory_files[table.locate(number)[0]]
    said = f"Frame {number} (step {table.steps[number]}) of {path} has no velocities to invert"
    having = frames_with_velocities(segment.trajectory, table)
    if not having:
        return f"{said}, nor has any other frame; {_HOW_TO_HAVE_VELOCITIES}"
    near = sorted(having, key=lambda other: abs(other - number))[:2]
    return (
        f"{said}: {len(having)} of {len(table.steps)} frames have some, the next ones are "
        f"{' and '.join(map(str, sorted(near)))}. Take one of these, or "
        f"{_HOW_TO_HAVE_VELOCITIES}"
    )


def _read(segment: Segment) -> TrrFrame:
    (stretch,) = segment.stretches()
    return read_xdr_frame(stretch.path, stretch.index, int(stretch.frames[0]))
