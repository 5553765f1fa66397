"""The frames of one or several files as one immutable value."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asyncmd_jupyter.counts import as_count
from asyncmd_jupyter.frames.cache import ValueCaches
from asyncmd_jupyter.frames.content import FrameTable, is_xdr
from asyncmd_jupyter.frames.html_table import html_table
from asyncmd_jupyter.frames.identity import Identity
from asyncmd_jupyter.frames.paths import (
    StoredPath,
    as_path,
    check_files,
    found_again,
    relative,
    stored,
)
from asyncmd_jupyter.frames.recover import recover_files

if TYPE_CHECKING:
    from asyncmd_jupyter.frames.provenance import Provenance

_QUICK_BYTES = 256 * 2**20  # the headers of so much are read within a moment


class Trajectory:
    """One or several trajectory files with the structure (topology) they belong to.

    Making one looks only whether the files are there. Length, steps and times of XTC and
    TRR files come from their frame headers, other formats are read with MDAnalysis.

    A trajectory is its content: objects are equal when all bytes of their files are,
    wherever these are. The content is determined at the first use (`prepare` does so off
    the event loop) and never changes for an object. When a file is changed afterwards,
    everything but comparing the object raises a `RuntimeError` that says so; make a new
    one. When the files are removed, what is known about them stays available.

    Parameters
    ----------
    trajectory_files : path or list of paths
        In the order in which their frames follow each other.
    structure_file : path
    nstout : int, optional
        MD steps between frames; found from the frames if not given.

    Raises
    ------
    FileNotFoundError
    ValueError
        For empty files, also by the first use for damaged ones.
    TruncatedTrajectoryError
        By the first use, for a file that ends within a frame; see `recover`.
    """

    __slots__ = (
        "__weakref__",
        "_identity",
        "_nstout",
        "cached_values",
    )

    def __init__(
        self,
        trajectory_files: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
        structure_file: str | os.PathLike[str],
        nstout: int | None = None,
    ) -> None:
        self._identity = Identity(*check_files(trajectory_files, structure_file))
        self.cached_values: dict[int, Any] = {}  # keeps the values in memory alive
        self.nstout = nstout
        ValueCaches.current().register(self)

    @classmethod
    def recover(
        cls,
        trajectory_files: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
        structure_file: str | os.PathLike[str],
        nstout: int | None = None,
        *,
        folder: str | os.PathLike[str] | None = None,
        in_place: bool = False,
        overwrite: bool = False,
    ) -> Trajectory:
        """Make a trajectory of the good frames of torn or damaged XTC and TRR files.

        Whole files are used as they are. The good frames of the others are copied to files
        that are called ``….recovered.xtc`` (or ``.trr``); a warning counts them and what is
        left out. To be used when nothing writes the files any more.

        Parameters
        ----------
        trajectory_files, structure_file, nstout
            As for `Trajectory`.
        folder : path, optional
            For the copies; without it they lie beside the files.
        in_place : bool
            Change the files themselves instead of copying.
        overwrite : bool
            Whether copies of earlier times are replaced.

        Raises
        ------
        FileExistsError, PermissionError, ValueError
            The last if a file has no good frame, or is neither XTC nor TRR.
        """
        files, structure = check_files(trajectory_files, structure_file)
        target = None if folder is None else as_path("folder", folder)
        if target is not None and in_place:
            raise ValueError("With in_place=True no copies are made, so folder has no meaning.")
        paths, notes = recover_files(
            map(Path, files), folder=target, in_place=in_place, overwrite=overwrite
        )
        for note in notes:
            warnings.warn(note, stacklevel=2)
        return cls(paths, structure, nstout)

    async def prepare(self) -> Trajectory:
        """Determine content and frames in a thread, so that nothing blocks later.

        Returns
        -------
        Trajectory
            The object itself.
        """
        import asyncio  # takes longer than all of this room, and only coroutines need it

        await asyncio.to_thread(self._prepare)
        return self

    @property
    def trajectory_files(self) -> list[str]:
        """Paths relative to the working directory."""
        return [relative(path) for path in self._identity.trajectory_files]

    @property
    def structure_file(self) -> str:
        """Path relative to the working directory."""
        return relative(self._identity.structure_file)

    @property
    def paths(self) -> tuple[Path, ...]:
        """Absolute paths of the trajectory files."""
        return tuple(Path(path) for path in self._identity.trajectory_files)

    @property
    def structure_path(self) -> Path:
        """Absolute path of the structure file."""
        return Path(self._identity.structure_file)

    @property
    def trajectory_hash(self) -> int:
        """64 bit that stand for all bytes of all files."""
        return self._identity.checked_hash()

    @property
    def hash_at_once(self) -> int | None:
        """The same if it is known already and the files look unchanged, else None."""
        return self._identity.hash_at_once()

    @property
    def n_atoms(self) -> int:
        """Number of atoms."""
        return self._identity.summary().n_atoms

    @property
    def first_step(self) -> int:
        """MD step of the first frame."""
        return self._identity.summary().first_step

    @property
    def last_step(self) -> int:
        """MD step of the last frame."""
        return self._identity.summary().last_step

    @property
    def first_time(self) -> float:
        """Time of the first frame in ps."""
        return self._identity.summary().first_time

    @property
    def last_time(self) -> float:
        """Time of the last frame in ps."""
        return self._identity.summary().last_time

    @property
    def dt(self) -> float:
        """Positive time in ps between frames, the first two if uneven; 0 for a single one."""
        return self._identity.summary().dt

    @property
    def nstout(self) -> int | None:
        """MD steps between frames; None for a single frame if it was not given."""
        return self._identity.summary().nstout if self._nstout is None else self._nstout

    @nstout.setter
    def nstout(self, value: int | None) -> None:
        number = as_count(value)
        if number is None and value is not None:
            raise TypeError(f"nstout={value!r} has to be a whole number of MD steps.")
        if number is not None and number < 1:
            raise ValueError(f"nstout={value} is not a number of MD steps of at least 1.")
        self._nstout = number

    @property
    def provenance(self) -> Provenance | None:
        """Where the frames come from, as the records beside the files tell; None without any."""
        from asyncmd_jupyter.frames.provenance import provenance_of  # most never ask

        return provenance_of(self.paths)

    def frame_table(self) -> FrameTable:
        """Steps, times and places of all frames; reads the headers unless remembered."""
        return self._identity.table()

    def clear_all_cache_values(self) -> None:
        """Forget all values of functions on this trajectory."""
        ValueCaches.current().clear(self)

    def update_cache_type(self, copy_content: bool = True, clear_old_cache: bool = False) -> None:
        """Take the values of this trajectory over into the type of cache now in use.

        Parameters
        ----------
        copy_content : bool
            Whether values in the other caches are copied.
        clear_old_cache : bool
            Whether they are removed there.
        """
        ValueCaches.current().take_over(
            self, copy_content=copy_content, clear_old_cache=clear_old_cache
        )

    def deregister_h5py_cache(self, h5py_group: Any) -> None:
        """Stop using an HDF5 group as a source of values.

        Raises
        ------
        RuntimeError
            Unless the cache type is h5py.
        """
        ValueCaches.current().deregister_h5py(h5py_group, self)

    def __len__(self) -> int:
        return self._identity.summary().n_frames

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Trajectory):
            return NotImplemented
        return self is other or self._identity.fixed_hash() == other._identity.fixed_hash()

    def __hash__(self) -> int:
        return self._identity.fixed_hash()

    def __getstate__(self) -> dict[str, Any]:
        return {
            "trajectory_files": [stored(path) for path in self._identity.trajectory_files],
            "structure_file": stored(self._identity.structure_file),
            "nstout": self._nstout,
            "known": self._identity.known(),
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        files: list[StoredPath] = [*state["trajectory_files"], state["structure_file"]]
        found = [found_again(path) for path in files]
        *trajectories, structure = (path for path, _ in found)
        self._identity = Identity(tuple(trajectories), structure)
        self._nstout = state["nstout"]
        self.cached_values = {}
        if state["known"] is not None:
            self._identity.believe(state["known"])
        ValueCaches.current().register(self)

    def __repr__(self) -> str:
        files = ", ".join(self.trajectory_files)
        return f"<Trajectory {files} ({self._sketch()}), structure {self.structure_file}>"

    def _repr_html_(self) -> str:
        rows = (
            ("frames", self._sketch()),
            ("files", ", ".join(self.trajectory_files)),
            ("structure", self.structure_file),
        )
        return html_table("Trajectory", rows)

    def _sketch(self) -> str:
        try:
            if not (self._identity.has_summary or self._is_quick()):
                return "not read yet"
            return self._identity.summary().describe()
        except (OSError, ValueError, RuntimeError) as error:
            return f"can't be read: {error}"

    def _is_quick(self) -> bool:
        size = sum(Path(path).stat().st_size for path in self._identity.trajectory_files)
        return size <= _QUICK_BYTES and is_xdr(self._identity.trajectory_files[0])

    def _prepare(self) -> None:
        self._identity.checked_hash()
        self._identity.summary()
