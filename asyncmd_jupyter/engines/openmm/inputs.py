"""Files that OpenMM reads, whatever their encoding, and the boxes they have or lack."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from asyncmd_jupyter.engines.openmm.boxes import real_box
from asyncmd_jupyter.engines.openmm.create_system import SystemInput
from asyncmd_jupyter.engines.openmm.physics import in_nanometers
from asyncmd_jupyter.engines.openmm.topology import is_water
from asyncmd_jupyter.engines.text_inputs import check_topology
from asyncmd_jupyter.texts import COMPRESSED_ENDINGS, plain_file, read_text, temporary_file

_MMCIF = (".cif", ".mmcif", ".pdbx", ".pdbxmmcif")
_LIQUID = 100  # water molecules: more than a cluster in the gas phase has
_CHARMM = re.compile("charmm(?!-gui)", re.IGNORECASE)  # which also writes those of Amber
_END = re.compile(r"^END[ \t]*$", re.MULTILINE)


def read_structure(path: Path) -> Any:
    """A ``PDBFile`` or ``PDBxFile``, by the ending; of several models the first one counts.

    Raises
    ------
    ValueError
        Naming the file.
    """
    from openmm import app

    text = read_text(path)
    if not is_mmcif(path):
        _refuse_frames(path, text)
    reader = app.PDBxFile if is_mmcif(path) else app.PDBFile
    return _named(path, lambda: reader(io.StringIO(text)))


def is_mmcif(path: Path) -> bool:
    """Whether a structure is a PDBx/mmCIF file, by its ending."""
    suffixes = [suffix for suffix in path.suffixes if suffix.lower() not in COMPRESSED_ENDINGS]
    return bool(suffixes) and suffixes[-1].lower() in _MMCIF


def read_gro(path: Path) -> Any:
    """A ``GromacsGroFile``; of several frames the first one counts."""
    from openmm import app

    head, newline, box = read_text(path).rstrip().rpartition("\n")
    if not box.replace(".", "").replace("0", "").split():  # which OpenMM would divide by
        box = "0 0 0"
    with temporary_file("conf.gro", f"{head}{newline}{box}\n") as plain:
        return _named(path, lambda: app.GromacsGroFile(str(plain)))


def read_inpcrd(path: Path) -> Any:
    """An ``AmberInpcrdFile``."""
    from openmm import app

    with plain_file(path) as plain:
        return _named(path, lambda: app.AmberInpcrdFile(str(plain)))


def read_prmtop(path: Path, box: Any) -> Any:
    """An ``AmberPrmtopFile`` with this box, or its own one if that is None."""
    from openmm import app

    options = {} if box is None else {"periodicBoxVectors": box}
    with plain_file(path) as plain:
        return _named(path, lambda: app.AmberPrmtopFile(str(plain), **options))


def is_chamber(path: Path) -> bool:
    """Whether an Amber topology has parameters of CHARMM."""
    return "%FLAG CTITLE" in read_text(path)


def names_charmm(path: Path) -> bool:
    """Whether a GROMACS topology was made with a force field of CHARMM, by the names in it."""
    return _CHARMM.search(read_text(path)) is not None


def read_top(path: Path, box: Any, **how: Any) -> Any:
    """A ``GromacsTopFile`` with this box, or none."""
    from openmm import app

    check_topology(path, "OpenMM")
    return _named(path, lambda: app.GromacsTopFile(str(path), periodicBoxVectors=box, **how))


def usable_box(vectors: Any) -> Any:
    """Box vectors as OpenMM takes them; None for what files hold in place of a box."""
    import openmm
    from openmm import unit

    # OpenMM says False of Amber's coordinates with velocities and no box.
    box = None if vectors is None or vectors is False else real_box(in_nanometers(vectors))
    return None if box is None else [openmm.Vec3(*row) for row in box] * unit.nanometer


def warn_of_no_box(about: SystemInput, topology: Any, options: Mapping[str, Any] | None) -> None:
    """Say that there are no periodic boundaries where some are expected and not given up."""
    if "nonbondedMethod" in (options or {}):
        return
    if about.box is None:
        _warn_of_vacuum(about.path, topology)
    elif about.has_implicit_solvent:
        _warn_of_unused_box(about.path)


def _warn_of_unused_box(path: Path) -> None:
    warnings.warn(
        f"{path} has a box, which is not used: implicit solvent is simulated without periodic "
        "boundaries and without a cut-off. Give create_system={'nonbondedMethod': app.NoCutoff} if "
        "this is what you want, or app.CutoffPeriodic with a nonbondedCutoff to keep the box.",
        stacklevel=5,
    )


def _warn_of_vacuum(path: Path, topology: Any) -> None:
    waters = sum(is_water(residue) for residue in topology.residues())
    if waters < _LIQUID:
        return
    warnings.warn(
        f"{path} has {waters} water molecules, but there are no periodic boundaries (no box): they "
        "will evaporate into vacuum. Add the box to the file (CRYST1 in PDB, the last line in "
        "GRO), or give create_system={'nonbondedMethod': app.NoCutoff} if this is what you want.",
        stacklevel=5,
    )


def _refuse_frames(path: Path, text: str) -> None:
    """Refuse frames that END records separate, as VMD does it: OpenMM would mix them."""
    if re.search("^MODEL", text, re.MULTILINE):
        return
    frames = [names for block in _END.split(text) if (names := _names_of_atoms(block))]
    if len(frames) > 1 and frames.count(frames[0]) == len(frames):
        raise ValueError(
            f"{path} has {len(frames)} frames that END records separate, which OpenMM would mix. "
            f"Take one: NoModificationFrameExtractor().extract('one.pdb', Trajectory({path.name!r},"
            f" {path.name!r}), 0)."
        )


def _names_of_atoms(block: str) -> list[str]:
    return [line[12:27] for line in block.splitlines() if line[:6] in ("ATOM  ", "HETATM")]


def _named(path: Path, read: Callable[[], Any]) -> Any:
    try:
        return read()
    except Exception as error:  # of many kinds, and none says which file it was
        raise ValueError(f"{path} can't be read: {type(error).__name__}: {error}") from error
