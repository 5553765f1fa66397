"""Where a system comes from: its topology, its first positions, its structure file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.engines.openmm.boxes import box_of_system
from asyncmd_jupyter.engines.openmm.create_system import (
    SystemInput,
    create_options,
    has_implicit_solvent,
    is_charmm,
)
from asyncmd_jupyter.engines.openmm.from_mdp import MDPOptions
from asyncmd_jupyter.engines.openmm.inputs import (
    is_chamber,
    is_mmcif,
    names_charmm,
    read_gro,
    read_inpcrd,
    read_prmtop,
    read_structure,
    read_top,
    usable_box,
    warn_of_no_box,
)
from asyncmd_jupyter.engines.openmm.own_names import restore_names, restore_numbers
from asyncmd_jupyter.engines.openmm.physics import in_nanometers, in_nanometers_per_picosecond
from asyncmd_jupyter.engines.openmm.topology import particle_topology, structure_of
from asyncmd_jupyter.engines.stepping.configuration import Configuration
from asyncmd_jupyter.frames.read import read_frame
from asyncmd_jupyter.frames.readable import check_texts
from asyncmd_jupyter.frames.structure import Structure
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.texts import plain_file

SystemParts = tuple[Any, Any, Any]


@dataclass(frozen=True)
class Source:
    """Atoms and first configuration of a system.

    Attributes
    ----------
    structure : Structure
    positions : NDArray or None
        nm
    box : NDArray or None
        nm, for periodic systems: that of the System.
    structure_file : Path or None
        The user's own.
    topology : openmm.app.Topology
    velocities : NDArray or None
        nm/ps
    """

    structure: Structure
    positions: NDArray[np.float64] | None
    box: NDArray[np.float64] | None
    structure_file: Path | None
    topology: Any
    velocities: NDArray[np.float64] | None = None

    @classmethod
    def of(
        cls,
        system: Any,
        topology: Any,
        positions: Any,
        structure_file: Any,
        velocities: Any = None,
    ) -> Self:
        """Check that the pieces belong together.

        Raises
        ------
        ValueError
            If they have different numbers of atoms.
        FileNotFoundError, ValueError
            If `structure_file` does not exist, or MDAnalysis can't decode it.
        """
        n_atoms = system.getNumParticles()
        topology = particle_topology(n_atoms) if topology is None else topology
        _same_number("topology", topology.getNumAtoms(), n_atoms)
        array = None if positions is None else in_nanometers(positions)
        if array is not None:
            _same_number("positions", len(array), n_atoms)
        moving = None if velocities is None else in_nanometers_per_picosecond(velocities)
        if moving is not None:
            _same_number("velocities", len(moving), n_atoms)
        box = box_of_system(system, topology)
        own = None
        if structure_file is not None:
            own = existing(structure_file, "structure_file")
            check_texts([str(own)])
        return cls(structure_of(topology, system), array, box, own, topology, moving)

    def configuration(self) -> Configuration:
        """The first configuration.

        Raises
        ------
        ValueError
            If the engine was made without positions.
        """
        if self.positions is None:
            raise ValueError("No starting configuration: the engine was made without positions.")
        return Configuration(self.positions, self.velocities, self.box)


def from_pdb(
    file: str | PathLike[str], forcefield: Sequence[str], options: Mapping[str, Any] | None
) -> SystemParts:
    """System, topology and positions from a PDB or PDBx/mmCIF file."""
    from openmm import app

    path = existing(file, "pdb_file")
    if not forcefield:
        raise ValueError("Name at least one force-field file, such as 'amber14-all.xml'.")
    structure = read_structure(path)
    field = app.ForceField(*forcefield)
    topology = structure.topology
    box = usable_box(topology.getPeriodicBoxVectors())
    topology.setPeriodicBoxVectors(box)
    about = SystemInput(path, box, has_implicit_solvent(field), is_charmm(field, forcefield))
    system = field.createSystem(topology, **create_options(options, about))
    warn_of_no_box(about, topology, options)
    if not is_mmcif(path):
        restore_names(topology, path)
    return system, topology, structure.positions


def from_amber(
    prmtop: str | PathLike[str],
    coordinates: str | PathLike[str] | None,
    options: Mapping[str, Any] | None,
) -> SystemParts:
    """System, topology and positions from Amber files."""
    path = existing(prmtop, "prmtop_file")
    crd = None
    if coordinates:
        crd = read_inpcrd(existing(coordinates, "coordinate_file"))
    top = read_prmtop(path, usable_box(crd.boxVectors) if crd else None)
    box = usable_box(top.topology.getPeriodicBoxVectors())
    top.topology.setPeriodicBoxVectors(box)
    implicit = (options or {}).get("implicitSolvent") is not None
    about = SystemInput(path, box, implicit, is_chamber(path))
    system = top.createSystem(**create_options(options, about))
    warn_of_no_box(about, top.topology, options)
    return system, top.topology, crd.positions if crd else None


def from_gromacs(
    top: str | PathLike[str],
    gro: str | PathLike[str],
    include_dir: str | PathLike[str] | None,
    options: Mapping[str, Any] | None,
    mdp: MDPOptions | None = None,
) -> SystemParts:
    """System, topology and positions from GROMACS files."""
    gro = existing(gro, "gro_file")
    coordinates = read_gro(gro)
    box = usable_box(coordinates.getPeriodicBoxVectors())
    how: dict[str, Any] = {} if mdp is None else {"defines": mdp.defines}
    if include_dir is not None:
        how["includeDir"] = fspath(existing(include_dir, "include_dir"))
    path = existing(top, "top_file")
    topology = read_top(path, box, **how)
    about = _input_of_gromacs(path, box, mdp)
    system = topology.createSystem(**create_options(options, about))
    warn_of_no_box(about, topology.topology, options)
    with plain_file(gro) as plain:
        restore_numbers(topology.topology, plain)
    return system, topology.topology, coordinates.positions


def _input_of_gromacs(path: Path, box: Any, mdp: MDPOptions | None) -> SystemInput:
    if mdp is not None:
        return SystemInput(path, box, usual=mdp.system)
    if names_charmm(path):
        return SystemInput(path, box, is_charmm=True, usual={"useDispersionCorrection": False})
    return SystemInput(path, box)


def velocities_of_gro(gro: str | PathLike[str]) -> NDArray[Any] | None:
    """Velocities of a GRO file, which OpenMM does not read, in nm/ps; None without any."""
    with plain_file(existing(gro, "gro_file")) as plain:
        return read_frame(Trajectory(plain, plain), 0).velocities


def velocities_of_amber(coordinates: str | PathLike[str] | None) -> Any:
    """Velocities of Amber's coordinates, a Quantity; None without any."""
    if not coordinates:
        return None
    crd = read_inpcrd(existing(coordinates, "coordinate_file"))
    velocities = getattr(crd, "velocities", None)
    # OpenMM says False of coordinates with a box and no velocities.
    return None if velocities is False else velocities


def existing(path: str | PathLike[str], argument: str) -> Path:
    """The path, if there is something.

    Raises
    ------
    FileNotFoundError
        Naming the argument.
    """
    found = Path(path).expanduser()
    if not found.exists():
        raise FileNotFoundError(f"{argument}={fspath(path)!r} does not exist.")
    return found


def _same_number(what: str, number: int, n_atoms: int) -> None:
    if number != n_atoms:
        raise ValueError(f"The {what} has {number} atoms, the system {n_atoms}.")
