"""MD with OpenMM: the engine that works on a fresh machine."""

from __future__ import annotations

import asyncio
import copy
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any, Self

import numpy as np

from asyncmd_jupyter.engines.base import OutputTrajType, StartingConfiguration
from asyncmd_jupyter.engines.command import CommandEngine, OnDisk, PartPlan
from asyncmd_jupyter.engines.files import EngineFiles, checked_files
from asyncmd_jupyter.engines.openmm import physics as phys
from asyncmd_jupyter.engines.openmm.configuration import Configuration
from asyncmd_jupyter.engines.openmm.disk import mend_parts, read_disk
from asyncmd_jupyter.engines.openmm.source import Source, from_amber, from_gromacs, from_pdb
from asyncmd_jupyter.engines.openmm.spec import (
    ConfigurationSpec,
    PartSpec,
    SystemSpec,
    write_spec,
)
from asyncmd_jupyter.engines.part import run_to_the_end
from asyncmd_jupyter.frames.read import read_frame
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.jobs.model import Command, Resources

TRAJ_TYPES = ("trr", "xtc")
_WORKER = "asyncmd_jupyter.engines.openmm.worker"


class OpenMMEngine(CommandEngine):
    """Molecular dynamics with OpenMM, each part in a process of its own.

    Frames go to TRR files with velocities (or to XTC files without) and are on disk as
    soon as they are computed. A part that is interrupted goes on from its checkpoint:
    bit by bit the same on the Reference platform and on the CPU platform with one
    thread, with fresh noise after a change of platform.

    Parameters
    ----------
    system : openmm.System
    topology : openmm.app.Topology, optional
        Without it, each particle becomes a residue of its own (model potentials).
    positions : array or Quantity, optional
        nm, shape (n_atoms, 3): where a run without a starting configuration begins.
    temperature : float or Quantity
        K; of the integrator, and for velocities that have to be drawn.
    friction : float or Quantity
        1/ps
    timestep : float or Quantity
        ps
    integrator : str or openmm.Integrator
        ``LangevinMiddle``, ``Langevin``, ``Brownian``, ``NoseHoover``, ``Verlet``, or an
        Integrator, which brings its own temperature, friction and time step.
    nstout : int
        MD steps between two frames.
    platform : str
        ``Reference``, ``CPU``, ``OpenCL``, ``CUDA``, ``HIP``, or ``auto``: Reference for up
        to 60 particles without reciprocal-space sums, else a GPU where the job runs on
        one, else CPU.
    platform_properties : Mapping, optional
        Such as ``{"Precision": "mixed"}``; see OpenMM's documentation.
    cores : int
        CPU cores a job takes, and threads of the CPU platform.
    seed : int, optional
        Of all random numbers; each part derives its own. None draws one.
    output_traj_type : str
        ``trr`` or ``xtc``.
    structure_file : path, optional
        Of the trajectories; by default a PDB file is written beside them.
    launcher : str
        Where the jobs run.

    Raises
    ------
    ValueError, TypeError
        For an argument that can't be used.
    """

    output_traj_type = OutputTrajType("trr")

    def __init__(
        self,
        system: Any,
        topology: Any = None,
        positions: Any = None,
        *,
        temperature: Any = 300.0,
        friction: Any = 1.0,
        timestep: Any = 0.002,
        integrator: Any = "LangevinMiddle",
        nstout: int = 500,
        platform: str = "auto",
        platform_properties: Mapping[str, str] | None = None,
        cores: int = 1,
        seed: int | None = None,
        output_traj_type: str = "trr",
        structure_file: str | PathLike[str] | None = None,
        launcher: str = "local",
    ) -> None:
        super().__init__()
        self.launcher = launcher
        self._nstout = _whole("nstout", nstout, 1)
        self._cores = _whole("cores", cores, 1)
        self._seed = None if seed is None else _whole("seed", seed, 0)
        self._platform = phys.checked_platform(platform)
        self._properties = {str(k): str(v) for k, v in (platform_properties or {}).items()}
        self._traj_type = _checked_traj_type(output_traj_type)
        made = phys.make_integrator(integrator, temperature, friction, timestep)
        kelvin = float(getattr(temperature, "_value", temperature))
        self._physics = phys.serialize_physics(system, made, kelvin)
        self._source = Source.of(system, topology, positions, structure_file)

    @classmethod
    def from_pdb(
        cls,
        pdb_file: str | PathLike[str],
        *forcefield: str,
        create_system: Mapping[str, Any] | None = None,
        **parameters: Any,
    ) -> Self:
        """Make an engine from a PDB (or PDBx/mmCIF) file and force-field files.

        Parameters
        ----------
        pdb_file : path
        *forcefield : str
            XML files of OpenMM or own ones, such as ``amber14-all.xml``.
        create_system : Mapping, optional
            Arguments of ``ForceField.createSystem``. Without them: bonds to hydrogen are
            constrained, and PME with a cut-off of 1 nm is used if the file has a box.
        **parameters
            Those of the engine.
        """
        return cls(*from_pdb(pdb_file, forcefield, create_system), **parameters)

    @classmethod
    def from_amber(
        cls,
        prmtop_file: str | PathLike[str],
        coordinate_file: str | PathLike[str] | None = None,
        *,
        create_system: Mapping[str, Any] | None = None,
        **parameters: Any,
    ) -> Self:
        """Make an engine from Amber's topology and coordinates (prmtop, inpcrd or rst7)."""
        return cls(*from_amber(prmtop_file, coordinate_file, create_system), **parameters)

    @classmethod
    def from_gromacs(
        cls,
        top_file: str | PathLike[str],
        gro_file: str | PathLike[str],
        *,
        include_dir: str | PathLike[str] | None = None,
        create_system: Mapping[str, Any] | None = None,
        **parameters: Any,
    ) -> Self:
        """Make an engine from GROMACS' topology and coordinates.

        The topology's includes are looked for in `include_dir`, GROMACS' own
        ``share/gromacs/top``; a topology written by ``gmx grompp -pp`` needs none.
        """
        return cls(*from_gromacs(top_file, gro_file, include_dir, create_system), **parameters)

    @property
    def nstout(self) -> int:
        """MD steps between two frames."""
        return self._nstout

    @property
    def dt(self) -> float:
        """MD time step in ps."""
        return self._physics.timestep

    @property
    def n_atoms(self) -> int:
        """Particles of the system."""
        return self._physics.n_atoms

    def __repr__(self) -> str:
        """Name what tells engines apart."""
        return (
            f"<{type(self).__name__}: {self.n_atoms} atoms, {self.dt * 1000:g} fs steps, a frame "
            f"every {self.nstout * self.dt:g} ps ({self.output_traj_type}), platform "
            f"{self._platform}, launcher {self.launcher}>"
        )

    def check_start(self, starting_configuration: StartingConfiguration) -> None:
        """Refuse a start that is missing or has another number of atoms."""
        start = starting_configuration
        if start is None:
            self._source.configuration()
        elif isinstance(start, Trajectory) and start.n_atoms != self.n_atoms:
            raise ValueError(
                f"The start {', '.join(start.trajectory_files)} has {start.n_atoms} atoms, the "
                f"engine's system {self.n_atoms}: they belong to different systems."
            )

    def clone(self, index: int = 0) -> Self:
        """Make an unprepared engine with the same parameters; see `MDEngine.clone`."""
        clone = copy.copy(self)
        CommandEngine.__init__(clone)
        if self._seed is not None and index:
            clone._seed = int(np.random.SeedSequence([self._seed, index]).generate_state(1)[0])
        return clone

    async def apply_constraints(
        self,
        conf_in: Trajectory,
        conf_out_name: str,
        *,
        workdir: str | PathLike[str] = ".",
    ) -> Trajectory:
        """Write the first frame of `conf_in` with all constraints fulfilled (a TRR file)."""
        return await self._new_configuration("constraints", conf_in, conf_out_name, workdir)

    async def generate_velocities(
        self,
        conf_in: Trajectory,
        conf_out_name: str,
        *,
        workdir: str | PathLike[str] = ".",
    ) -> Trajectory:
        """Write the first frame of `conf_in` with new Maxwell-Boltzmann velocities."""
        return await self._new_configuration("velocities", conf_in, conf_out_name, workdir)

    async def minimize(
        self,
        conf_in: StartingConfiguration,
        conf_out_name: str,
        *,
        workdir: str | PathLike[str] = ".",
    ) -> Trajectory:
        """Write the nearest minimum of the energy to the first frame of `conf_in`.

        None starts from the engine's own positions. The result has no velocities.
        """
        return await self._new_configuration("minimize", conf_in, conf_out_name, workdir)

    # What the base asks for

    def _write_inputs(self, files: EngineFiles, start: StartingConfiguration) -> None:
        configuration = self._configuration(start)
        if configuration.velocities is None and self._physics.temperature is None:
            raise ValueError("The start has no velocities and the engine no temperature.")
        # A checkpoint of parts that are gone would be gone on from.
        files.path("cpt").unlink(missing_ok=True)
        self._write_system(files.workdir, files.deffnm, configuration)
        if self._source.structure_file is None:
            self._write_structure(files.path("pdb"), configuration)

    def _write_system(self, folder: Path, name: str, start: Configuration) -> None:
        _write_text(folder / f"{name}.system.xml", self._physics.system_xml)
        _write_text(folder / f"{name}.integrator.xml", self._physics.integrator_xml)
        start.write(folder / f"{name}.start.npz")

    def _write_structure(self, path: Path, configuration: Configuration) -> None:
        _write_text(path, self._source.pdb(configuration.positions, configuration.box))

    def _read_disk(self, files: EngineFiles) -> OnDisk:
        return read_disk(files, self.output_traj_type)

    def _mend(self, files: EngineFiles) -> None:
        mend_parts(files, self.output_traj_type)

    def _write_part_inputs(self, files: EngineFiles, plan: PartPlan) -> None:
        mend_parts(files, self.output_traj_type, keep_after_checkpoint=False)
        spec = PartSpec(
            physics=self._system_spec(files.deffnm),
            part=plan.number,
            start=f"{files.deffnm}.start.npz",
            checkpoint=f"{files.deffnm}.cpt",
            trajectory=files.part(plan.number, self.output_traj_type).name,
            nstout=self.nstout,
            last_step=plan.last_step,
            seconds=None if plan.hours is None else plan.hours * 3600,
        )
        write_spec(spec, files.part(plan.number, "json"))

    def _run_command(self, files: EngineFiles, plan: PartPlan) -> Command:
        return self._worker(files.part(plan.number, "json"))

    def _structure_file(self, files: EngineFiles) -> Path:
        return self._source.structure_file or files.path("pdb")

    def _resources(self) -> Resources:
        return Resources(cores=self._cores)

    def _system_spec(self, name: str) -> SystemSpec:
        return SystemSpec(
            system=f"{name}.system.xml",
            integrator=f"{name}.integrator.xml",
            platform=self._platform,
            properties=self._properties,
            cores=self._cores,
            temperature=self._physics.temperature,
            seed=self._seed,
        )

    def _worker(self, spec: Path) -> Command:
        # -P: a file in the work folder must not take the place of a module.
        argv = (sys.executable, "-P", "-m", _WORKER, spec.name)
        return Command(argv, cwd=spec.parent, env={"OPENMM_CPU_THREADS": str(self._cores)})

    def _configuration(self, start: StartingConfiguration) -> Configuration:
        if start is None:
            return self._source.configuration()
        if not isinstance(start, Trajectory):
            start = _trajectory_of(start)
        self.check_start(start)
        frame = read_frame(start, 0)
        box = frame.box if self._physics.periodic else None
        return Configuration(frame.positions, frame.velocities, box)

    # Configurations without a step of MD

    async def _new_configuration(
        self,
        action: str,
        start: StartingConfiguration,
        name: str,
        workdir: str | PathLike[str],
    ) -> Trajectory:
        target = _configuration_path(workdir, name)
        spec = await asyncio.to_thread(self._write_configuration_inputs, action, start, target)
        await run_to_the_end(self._worker(spec), target.stem, self._resources(), self.launcher)
        structure = await asyncio.to_thread(self._structure_beside, target, start)
        spec.with_name("conf.trr").replace(target)
        await asyncio.to_thread(shutil.rmtree, spec.parent, ignore_errors=True)
        return Trajectory(target, structure, nstout=1)

    def _write_configuration_inputs(
        self, action: str, start: StartingConfiguration, target: Path
    ) -> Path:
        configuration = self._configuration(start)
        folder = Path(tempfile.mkdtemp(prefix=f".{target.stem}.", dir=target.parent))
        self._write_system(folder, "conf", configuration)
        spec = ConfigurationSpec(self._system_spec("conf"), action, "conf.start.npz", "conf.trr")
        write_spec(spec, folder / "conf.json")
        return folder / "conf.json"

    def _structure_beside(self, target: Path, start: StartingConfiguration) -> Path:
        if isinstance(start, Trajectory):
            return start.structure_path
        if self._source.structure_file is not None:
            return self._source.structure_file
        structure = target.with_suffix(".pdb")
        self._write_structure(structure, self._configuration(start))
        return structure


def _configuration_path(workdir: str | PathLike[str], name: str) -> Path:
    if Path(name).suffix not in ("", ".trr"):
        raise ValueError(f"conf_out_name={name!r}: configurations are written as .trr files.")
    return checked_files(workdir, name.removesuffix(".trr")).path("trr")


def _trajectory_of(path: str | PathLike[str]) -> Trajectory:
    return Trajectory(os.fspath(path), os.fspath(path))


def _checked_traj_type(value: str) -> str:
    if str(value).lower() not in TRAJ_TYPES:
        raise ValueError(f"output_traj_type={value!r} has to be 'trr' or 'xtc'.")
    return str(value).lower()


def _whole(name: str, value: Any, least: int) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < least:
        raise ValueError(f"{name}={value!r} has to be a whole number of at least {least}.")
    return int(value)


def _write_text(path: Path, text: str) -> None:
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
