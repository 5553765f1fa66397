"""One configuration of a system in memory."""

from __future__ import annotations

from dataclasses import dataclass, replace
from os import PathLike
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.engines.base import MDEngine
from asyncmd_jupyter.frames.extract import RandomVelocitiesFrameExtractor
from asyncmd_jupyter.frames.read import read_frame
from asyncmd_jupyter.frames.trajectory import Trajectory

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False, repr=False)
class Snapshot:
    """Positions of all atoms, perhaps with velocities and a box.

    Numbers are kept in single precision, as trajectories hold them, and can't be changed.

    Parameters
    ----------
    positions : array_like
        nm, shape (n_atoms, 3).
    velocities : array_like, optional
        nm/ps, shape (n_atoms, 3).
    box : array_like, optional
        Box vectors as rows in nm, shape (3, 3), or the lengths of a rectangular box, shape (3,).

    Raises
    ------
    ValueError
        For arrays of other shapes, or with numbers that are not finite.

    Examples
    --------
    >>> from asyncmd_jupyter.methods import Snapshot
    >>> snapshot = Snapshot([[0.0, 0.0, 0.0], [0.1, 0.0, 0.0]], box=[3.0, 3.0, 3.0])
    >>> snapshot
    <Snapshot of 2 atoms, without velocities, in a box>
    """

    positions: Floats
    velocities: Floats | None = None
    box: Floats | None = None

    def __post_init__(self) -> None:
        positions = _checked("positions", self.positions)
        velocities = None
        if self.velocities is not None:
            velocities = _checked("velocities", self.velocities)
            if velocities.shape != positions.shape:
                raise ValueError(
                    f"There are positions of {len(positions)} atoms and velocities of "
                    f"{len(velocities)}."
                )
        box = None if self.box is None else checked_box(self.box)
        for name, array in (("positions", positions), ("velocities", velocities), ("box", box)):
            object.__setattr__(self, name, array)

    @classmethod
    def of(cls, trajectory: Trajectory, index: int = -1) -> Self:
        """Read a frame of a trajectory.

        Parameters
        ----------
        trajectory : Trajectory
        index : int
            Counts from the end if negative; by default the last frame.

        Raises
        ------
        IndexError
            For a frame that does not exist.
        """
        frame = read_frame(trajectory, index)
        return cls(frame.positions, frame.velocities, frame.box)

    @property
    def n_atoms(self) -> int:
        """Number of atoms."""
        return len(self.positions)

    def reversed(self) -> Self:
        """The same positions with velocities of the other sign.

        Integrators that store velocities half a step before positions, as leap-frog and the
        Langevin middle scheme do, do not run exactly back from it.

        Raises
        ------
        ValueError
            If there are no velocities.
        """
        if self.velocities is None:
            raise ValueError(
                "The snapshot has no velocities that could be reversed: with_new_velocities() "
                "draws some."
            )
        return replace(self, velocities=-self.velocities)

    def with_new_velocities(self, engine: MDEngine, rng: np.random.Generator | None = None) -> Self:
        """The same positions with velocities from the Maxwell-Boltzmann distribution.

        Parameters
        ----------
        engine : MDEngine
            Its temperature, masses and constraints are used, and it says whether the motion of
            the centre of mass is removed.
        rng : numpy.random.Generator, optional
            Without it they differ each time.

        Raises
        ------
        NotImplementedError
            If the engine does not tell its masses.
        ValueError
            If it has another number of atoms, no temperature, or draws in a way of its own.
        """
        extractor = RandomVelocitiesFrameExtractor.of(engine)
        rng = np.random.default_rng() if rng is None else rng
        drawn = extractor.draw(self.positions, self.box, rng)
        return replace(self, velocities=drawn.astype(np.float32))

    def save(
        self, file: str | PathLike[str], structure: str | PathLike[str], *, overwrite: bool = False
    ) -> Trajectory:
        """Write a trajectory of one frame; see `Path.save`."""
        from asyncmd_jupyter.methods.path import Path

        velocities = None if self.velocities is None else self.velocities[None]
        one = Path(self.positions[None], velocities, self.box, dt=1.0)
        return one.save(file, structure=structure, overwrite=overwrite)

    def __repr__(self) -> str:
        moving = "with" if self.velocities is not None else "without"
        box = "" if self.box is None else ", in a box"
        return f"<Snapshot of {self.n_atoms} atoms, {moving} velocities{box}>"


def checked_box(given: Any) -> Floats:
    """Box vectors as rows, read-only.

    Raises
    ------
    ValueError
    """
    box = np.array(given, dtype=np.float32)
    if box.shape == (3,):
        box = np.diag(box)
    if box.shape != (3, 3) or not np.isfinite(box).all() or np.linalg.det(box) <= 0:
        raise ValueError(
            f"box={np.asarray(given).tolist()} is not a box: give three lengths or three vectors "
            "as rows, in nm."
        )
    box.flags.writeable = False
    return box


def _checked(name: str, given: Any) -> Floats:
    array = np.array(given, dtype=np.float32)
    if array.ndim != 2 or array.shape[1] != 3 or not len(array):
        raise ValueError(f"{name} has to have the shape (n_atoms, 3), not {array.shape}.")
    finite = np.isfinite(array).all(axis=1)
    if not finite.all():
        atom = int(np.argmin(finite))
        raise ValueError(f"{name} of atom {atom} (counted from 0) are {array[atom].tolist()}.")
    array.flags.writeable = False
    return array
