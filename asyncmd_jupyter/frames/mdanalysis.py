"""The only place that opens files with MDAnalysis, and leaves no others beside them."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.frames.readable import check_models, check_texts, kind_of
from asyncmd_jupyter.frames.structure import Structure
from asyncmd_jupyter.frames.structure_content import structure_content
from asyncmd_jupyter.frames.structure_text import NO_ELEMENT
from asyncmd_jupyter.frames.xdr import index_frames


def list_frames(
    trajectory_files: Sequence[str], structure_file: str
) -> tuple[NDArray[np.int64], NDArray[np.float64], int, NDArray[np.int64]]:
    """Steps and times of all frames, the atom count, and the first frame of each file.

    What a format does not tell is made up as MDAnalysis does it: the number of the frame
    stands for the step, and frames are 1 ps apart.
    """
    steps: list[int] = []
    times: list[float] = []
    starts: list[int] = []
    counts: set[int] = set()
    check_texts([*trajectory_files, structure_file])
    check_models(trajectory_files)
    for path in trajectory_files:
        starts.append(len(steps))
        with open_universe(structure_file, [path]) as universe:
            counts.add(universe.trajectory.n_atoms)
            step_of = _steps_of(universe.trajectory)
            for timestep in universe.trajectory:
                steps.append(step_of(timestep))
                times.append(time_of(timestep))
    if len(counts) > 1:
        raise ValueError(f"The files of one trajectory differ in their atom counts ({counts}).")
    if not steps:
        raise ValueError(f"There is no frame in {', '.join(trajectory_files)}.")
    return np.array(steps, np.int64), np.array(times), counts.pop(), np.array(starts, np.int64)


def count_atoms(structure_file: str | Path) -> int:
    """Number of atoms of a structure file."""
    from MDAnalysis import Universe

    universe = Universe(str(structure_file), to_guess=(), **options_for(structure_file))
    try:
        return len(universe.atoms)
    finally:
        if hasattr(universe.trajectory, "close"):
            universe.trajectory.close()


@contextmanager
def open_universe(
    structure_file: str | Path,
    trajectory_files: Sequence[str | Path],
    *,
    attributes: Mapping[str, Any] | None = None,
    **options: Any,
) -> Iterator[Any]:
    """Open a Universe that writes no offset and lock files, and close it again.

    Parameters
    ----------
    structure_file, trajectory_files : path
    attributes : Mapping
        Values for all atoms of topology attributes that the structure lacks; None for what
        MDAnalysis takes by itself. Functions are called with the Universe.
    options
        Go to ``MDAnalysis.Universe``; no topology attributes are guessed by default.
    """
    from MDAnalysis import Universe

    options.setdefault("to_guess", ())
    files = [(str(path), _reader_for(path)) for path in trajectory_files]
    # At once: it warns of structures without coordinates that it opens alone.
    if len(files) > 1:
        universe = Universe(str(structure_file), files, **options)
    else:
        universe = Universe(str(structure_file), files[0][0], format=files[0][1], **options)
    try:
        for name, value in (attributes or {}).items():
            if not hasattr(universe.atoms, name):
                universe.add_TopologyAttr(name, _for_all_atoms(value, universe))
        yield universe
    finally:
        universe.trajectory.close()


def atoms_of(structure_file: str | Path) -> Any:
    """Read the atoms of a structure without their positions, which it may lack."""
    from MDAnalysis import Universe
    from MDAnalysis.topology.core import get_parser_for

    with get_parser_for(str(structure_file))(str(structure_file)) as parser:
        return Universe(parser.parse(), to_guess=()).atoms


def is_lack_of_data(error: Exception) -> bool:
    """Whether a structure has not got what was asked for, such as charges."""
    from MDAnalysis.exceptions import NoDataError

    return isinstance(error, NoDataError)


def with_numbers(structure_file: Path, numbers: NDArray[np.int64]) -> bytes:
    """Content of a PSF file for a structure with masses, whose residues get other numbers.

    It is that of a DMS file where there are negative numbers.

    Parameters
    ----------
    structure_file : path
    numbers : NDArray
        Of the residue of each atom, shape (n_atoms,).
    """
    atoms = atoms_of(structure_file)
    residues = atoms.residues
    first = np.searchsorted(atoms.resindices, np.arange(len(residues)))
    segids = np.array(residues.segids, dtype=np.str_)
    nothing = np.array([""] * len(residues))
    structure = Structure(
        names=np.array(atoms.names, dtype=np.str_),
        elements=np.array([""] * len(atoms)),
        masses=np.array(atoms.masses, dtype=np.float64),
        element_masses=np.full(len(atoms), np.nan),
        charges=np.array(atoms.charges, dtype=np.float64),
        residue_of=np.array(atoms.resindices, dtype=np.int64),
        resnames=np.array(residues.resnames, dtype=np.str_),
        resids=np.asarray(numbers, dtype=np.int64)[first],
        icodes=nothing,
        chains=nothing,
        segids=segids,
        bonds=_indices(atoms, "bonds"),
    )
    terms = {name: _indices(atoms, name) for name in ("angles", "dihedrals", "impropers")}
    return structure_content(structure, np.array(atoms.types, dtype=np.str_), terms)


def _indices(atoms: Any, term: str) -> NDArray[np.int64]:
    found: Any = getattr(atoms, term, ())
    return np.array(found.to_indices() if len(found) else np.zeros((0, 2)), dtype=np.int64)


def _for_all_atoms(value: Any, universe: Any) -> Any:
    if callable(value):
        return value(universe)
    return None if value is None else [value] * len(universe.atoms)


def guess_elements(universe: Any) -> list[str]:
    """Tell the elements by types that are symbols, as in PSF files of ours, or by the names.

    Empty where neither says anything.
    """
    from MDAnalysis.guesser.default_guesser import DefaultGuesser
    from MDAnalysis.guesser.tables import SYMB2Z, masses

    nothing = [""] * len(universe.atoms)
    found = DefaultGuesser(universe).guess_types(getattr(universe.atoms, "names", nothing))
    by_name = [str(one) if one in masses else "" for one in found]
    types = [str(one) for one in getattr(universe.atoms, "types", nothing)]
    told = {NO_ELEMENT: "", **{symbol: symbol for symbol in SYMB2Z}}
    return [told.get(one, name) for one, name in zip(types, by_name, strict=True)]


def structure_as_pdb(structure_file: Path) -> str:
    """Text of a PDB file for any structure; atoms without coordinates lie at the origin."""
    import MDAnalysis

    out: io.StringIO = io.StringIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        universe = MDAnalysis.Universe(str(structure_file))
        if not hasattr(universe.atoms, "positions"):
            universe.load_new(np.zeros((1, len(universe.atoms), 3), np.float32))
        _name_as_pdb(universe)
        named = MDAnalysis.lib.util.NamedStream(out, "shown.pdb")
        with MDAnalysis.Writer(named, multiframe=False, n_atoms=len(universe.atoms)) as writer:
            writer.write(universe.atoms)
    return out.getvalue()


def _name_as_pdb(universe: Any) -> None:
    """Add what viewers look for and a PSF file calls by other names."""
    if not hasattr(universe.atoms, "chainIDs"):
        universe.add_TopologyAttr("chainIDs", [str(one)[:1] for one in universe.atoms.segids])
    if not hasattr(universe.atoms, "elements"):
        universe.add_TopologyAttr("elements", guess_elements(universe))


def _steps_of(reader: Any) -> Callable[[Any], int]:
    """How to tell the step of a frame: as it stands in the file, or else its number."""
    if reader.format == "DCD":  # where MDAnalysis calls the number of the frame its step
        header = _dcd_header(reader.filename)
        return lambda timestep: int(header["istart"]) + int(header["nsavc"]) * timestep.frame
    return lambda timestep: int(timestep.data.get("step", timestep.frame))


def _dcd_header(path: str) -> Mapping[str, Any]:
    from MDAnalysis.lib.formats.libdcd import DCDFile

    with DCDFile(path) as file:
        header: Mapping[str, Any] = file.header
        return header


def time_of(timestep: Any) -> float:
    """The time of a frame in ps, without the warning about formats that have none."""
    if "time" in timestep.data:
        return float(timestep.data["time"])
    return float(timestep.data.get("dt", 1.0) * timestep.frame)


def options_for(structure_file: str | Path) -> dict[str, Any]:
    """Let the frames of a structure be read by our own reader, if there is one."""
    kind = kind_of(structure_file)
    if kind in (".gro", ".pdb", ".ent"):
        return {"format": _readers()[kind], "topology_format": kind[1:].upper()}
    return {}


def _reader_for(path: str | Path) -> type[Any] | None:
    return _readers().get(kind_of(path))


@cache
def _readers() -> dict[str, type[Any]]:
    """Our own readers: for what MDAnalysis' do not see, and with frames of our own index."""
    from MDAnalysis.coordinates.TRR import TRRReader
    from MDAnalysis.coordinates.XTC import XTCReader

    from asyncmd_jupyter.frames.gro import GroFrames
    from asyncmd_jupyter.frames.pdb import PdbFrames

    def load_offsets(reader: Any) -> None:
        reader._xdr.set_offsets(index_frames(reader.filename).offsets.copy())

    quiet = {
        suffix: type(f"Quiet{parent.__name__}", (parent,), {"_load_offsets": load_offsets})
        for suffix, parent in ((".xtc", XTCReader), (".trr", TRRReader))
    }
    return {**quiet, ".gro": GroFrames, ".pdb": PdbFrames, ".ent": PdbFrames}
