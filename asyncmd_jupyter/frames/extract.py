"""Single frames as files of their own, as they are or with other velocities."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.frames.atomic import check_free, new_file
from asyncmd_jupyter.frames.concatenate import (
    DecodedWriter,
    PathLike,
    Transformations,
    place_structure,
    write_raw,
)
from asyncmd_jupyter.frames.mdanalysis import open_universe
from asyncmd_jupyter.frames.read import frame_number
from asyncmd_jupyter.frames.selection import Segment, common_kind
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.frames.trr import TrrFrame, read_trr_frame, write_trr_frame

logger = logging.getLogger(__name__)

_BOLTZMANN = 0.00831446261815324  # kJ/(mol K)
_WITHOUT_VELOCITIES = (".xtc", ".dcd", ".pdb", ".xyz")


class FrameExtractor(ABC):
    """Writes one frame of a trajectory to a new file.

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
    ) -> Trajectory:
        """Write the frame `idx` of `traj_in`.

        Parameters
        ----------
        outfile : path
            Appears when it is complete; its suffix says the format.
        traj_in : Trajectory
        idx : int
            Negative numbers count from the end.
        struct_out : path, optional
            Where to put a structure file; without it that of `traj_in` is used.
        overwrite : bool
            Whether existing files are replaced.

        Returns
        -------
        Trajectory
            Of one frame.

        Raises
        ------
        FileExistsError
        IndexError
            For a frame that does not exist.
        ValueError
            If velocities are to be changed that the input or the output can't hold.
        """
        out = Path(outfile)
        structure = None if struct_out is None else Path(struct_out)
        for path in (out, structure):
            if path is not None:
                check_free(path, overwrite=overwrite)
        if self._sets_velocities and out.suffix.lower() in _WITHOUT_VELOCITIES:
            raise ValueError(f"{out} can't hold the velocities; choose the suffix .trr.")
        table = traj_in.frame_table()
        number = frame_number(traj_in, idx, len(table.steps))
        segment = Segment(traj_in, table, range(number, number + 1))
        kind = "" if self._transformations else common_kind([segment], out)
        if not (kind and self._write_exactly(segment, out, kind, overwrite)):
            with DecodedWriter(out, table.n_atoms, overwrite=overwrite) as writer:
                writer.write(segment, self._transformations, self.apply_modification)
        return Trajectory(out, place_structure(traj_in, structure, overwrite=overwrite))

    async def extract_async(
        self,
        outfile: PathLike,
        traj_in: Trajectory,
        idx: int,
        *,
        struct_out: PathLike | None = None,
        overwrite: bool = False,
    ) -> Trajectory:
        """Do the same as `extract` in a thread."""
        return await asyncio.to_thread(
            self.extract, outfile, traj_in, idx, struct_out=struct_out, overwrite=overwrite
        )

    def _write_exactly(self, segment: Segment, out: Path, kind: str, overwrite: bool) -> bool:
        """Write an XTC or TRR frame without decoding; False where that is not possible."""
        return False


class NoModificationFrameExtractor(FrameExtractor):
    """Extracts frames as they are, XTC and TRR frames byte by byte."""

    def apply_modification(self, universe: Any, ts: Any) -> None:
        """Change nothing."""

    def _write_exactly(self, segment: Segment, out: Path, kind: str, overwrite: bool) -> bool:
        if type(self).apply_modification is not NoModificationFrameExtractor.apply_modification:
            return False
        with new_file(out, overwrite=overwrite) as file:
            write_raw(file, segment)
        return True


class InvertedVelocitiesFrameExtractor(FrameExtractor):
    """Extracts frames with the sign of all velocities changed."""

    _sets_velocities = True

    def apply_modification(self, universe: Any, ts: Any) -> None:
        """Change the sign of the velocities."""
        if not ts.has_velocities:
            raise ValueError(
                f"{universe.trajectory.filename} has no velocities to invert; have the simulation "
                "write a TRR file."
            )
        ts.velocities *= -1

    def _write_exactly(self, segment: Segment, out: Path, kind: str, overwrite: bool) -> bool:
        own = InvertedVelocitiesFrameExtractor.apply_modification
        if kind != "trr" or type(self).apply_modification is not own:
            return False
        if _read_trr(segment).velocities is None:
            return False
        with new_file(out, overwrite=overwrite) as file:
            write_raw(file, segment, invert=True)
        return True


class RandomVelocitiesFrameExtractor(FrameExtractor):
    """Extracts frames with velocities drawn from the Maxwell-Boltzmann distribution.

    Particles without mass get none, and the motion of the centre of mass is removed.
    Masses come from the structure file, or are guessed from the atoms' names.

    Parameters
    ----------
    T : float
        Temperature in K.
    mda_transformations, mda_transformations_setup_func
        As for `FrameExtractor`.
    """

    _sets_velocities = True

    def __init__(
        self,
        T: float,  # noqa: N803 - as users know it
        *,
        mda_transformations: Sequence[Callable[[Any], Any]] | None = None,
        mda_transformations_setup_func: Callable[[Any], Any] | None = None,
    ) -> None:
        super().__init__(
            mda_transformations=mda_transformations,
            mda_transformations_setup_func=mda_transformations_setup_func,
        )
        self.T = T

    @property
    def T(self) -> float:  # noqa: N802
        """Temperature in K."""
        return self._temperature

    @T.setter
    def T(self, value: float) -> None:  # noqa: N802
        if not 0 < value < float("inf"):
            raise ValueError(f"A temperature of {value} K is not possible.")
        self._temperature = float(value)

    def apply_modification(self, universe: Any, ts: Any) -> None:
        """Draw velocities."""
        ts.velocities = 10 * draw_velocities(masses_of(universe), self.T)  # A/ps

    def _write_exactly(self, segment: Segment, out: Path, kind: str, overwrite: bool) -> bool:
        own = RandomVelocitiesFrameExtractor.apply_modification
        if kind != "trr" or type(self).apply_modification is not own:
            return False
        trajectory = segment.trajectory
        with open_universe(
            trajectory.structure_path, trajectory.paths, to_guess=("types", "masses")
        ) as universe:
            masses = masses_of(universe)
        frame = _read_trr(segment)
        velocities = draw_velocities(masses, self.T)
        with new_file(out, overwrite=overwrite) as file:
            write_trr_frame(file, dataclasses.replace(frame, velocities=velocities))
        return True


def draw_velocities(
    masses: NDArray[Any], temperature: float, generator: np.random.Generator | None = None
) -> NDArray[np.float64]:
    """Draw velocities in nm/ps for masses in u, without motion of the centre of mass."""
    masses = np.asarray(masses, dtype=np.float64)
    if generator is None:
        generator = np.random.default_rng()
    heavy = masses > 0
    velocities = np.zeros((len(masses), 3))
    width = np.sqrt(_BOLTZMANN * temperature / masses[heavy])[:, None]
    velocities[heavy] = width * generator.standard_normal((int(heavy.sum()), 3))
    if heavy.sum() > 1:
        velocities[heavy] -= np.average(velocities[heavy], axis=0, weights=masses[heavy])
    return velocities


def masses_of(universe: Any) -> NDArray[np.float64]:
    """Get the masses of all atoms in u.

    Raises
    ------
    ValueError
        If none is known.
    """
    masses = getattr(universe.atoms, "masses", None)
    if masses is None or not np.any(masses > 0):
        raise ValueError(
            f"No atom of {universe.filename} has a known mass; use a structure file with masses "
            "or with the names of chemical elements."
        )
    if without := int(np.sum(~(masses > 0))):
        logger.warning(
            "%d of %d particles in %s have no known mass and get no velocities.",
            *(without, len(masses), universe.filename),
        )
    return np.asarray(masses, dtype=np.float64)


def _read_trr(segment: Segment) -> TrrFrame:
    file_number, local = segment.table.locate(segment.frames[0])
    index = segment.table.parts[file_number]
    return read_trr_frame(segment.trajectory.paths[file_number], int(index.offsets[local]))
