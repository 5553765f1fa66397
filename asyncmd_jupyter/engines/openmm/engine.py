"""MD with OpenMM: the engine that works on a fresh machine."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.engines.attributes import default_of_class
from asyncmd_jupyter.engines.base import OutputTrajType
from asyncmd_jupyter.engines.facts import EngineFacts
from asyncmd_jupyter.engines.gromacs.mdp import MDP
from asyncmd_jupyter.engines.openmm import physics as phys
from asyncmd_jupyter.engines.openmm.boxes import reduced_box
from asyncmd_jupyter.engines.openmm.from_mdp import MDPOptions
from asyncmd_jupyter.engines.openmm.source import (
    Source,
    from_amber,
    from_gromacs,
    from_pdb,
    velocities_of_amber,
    velocities_of_gro,
)
from asyncmd_jupyter.engines.openmm.spec import SystemSpec
from asyncmd_jupyter.engines.openmm.system_settings import SystemSettings
from asyncmd_jupyter.engines.start_box import own_box_for
from asyncmd_jupyter.engines.stepping.engine import SteppingEngine
from asyncmd_jupyter.engines.stepping.structures import write_text
from asyncmd_jupyter.engines.stepping.unchanged import is_unchanged
from asyncmd_jupyter.frames.masses import unchangeable
from asyncmd_jupyter.frames.trajectory import Trajectory

_TEMPERATURE = default_of_class(300.0)  # K
# Integrators whose state is positions and velocities, and for how many atoms it pays.
_WITHOUT_MEMORY = ("LangevinMiddle", "Langevin", "Brownian", "Verlet")
_SMALL_SYSTEM, _IN_A_ROW = 60, 16


class OpenMMEngine(SteppingEngine):
    """Molecular dynamics with OpenMM, each part in a process of its own.

    Frames go to TRR files with velocities (or to XTC files without) and are on disk as
    soon as they are computed. A part that is interrupted goes on from its checkpoint, which is
    written every 1 to 30 s, with fresh noise after a change of platform. The frames are bit by
    bit those of one long part on the Reference platform, and on the CPU platform with one thread
    where no force has a cut-off; not with integrators that choose their steps. Monte Carlo
    barostats adapt the size of their attempts anew in each part: with one (on Reference) that
    holds for the first ten attempts. Elsewhere it is another trajectory of the same ensemble, and
    only a run that is cut into the same parts is the same.

    Parameters
    ----------
    system : openmm.System
        Its default box vectors are the box of starts that have none; `system_settings` tells
        its method, cut-off, constraints and box.
    topology : openmm.app.Topology, optional
        Without it, each particle becomes a residue of its own (model potentials). Another box
        than the System's is said and not used.
    positions : array or Quantity, optional
        nm, shape (n_atoms, 3): where a run without a starting configuration begins.
    velocities : array or Quantity, optional
        nm/ps, shape (n_atoms, 3), that go with `positions`; without them they are drawn.
    temperature : float or Quantity
        K; of the integrator, and for velocities that have to be drawn. A thermostat that is there
        goes first: that of an Integrator (of a ``CompoundIntegrator`` the current one, of a
        ``CustomIntegrator``, such as ``MTSLangevinIntegrator``, its variable ``kT``), or an
        ``AndersenThermostat`` in the System. What contradicts it is said.
    friction : float or Quantity
        1/ps
    timestep : float or Quantity
        ps
    integrator : str or openmm.Integrator
        ``LangevinMiddle``, ``Langevin``, ``Brownian``, ``NoseHoover``, ``Verlet``, or an
        Integrator, which brings its own temperature, friction and time step. With one that
        chooses the length of its steps (such as ``VariableLangevinIntegrator``) times are
        those of the frames, which lie `nstout` steps and no fixed time apart; a part that
        goes on chooses its first step anew, so it is not bit by bit the same.
    nstout : int
        MD steps between two frames.
    nstenergy : int, optional
        MD steps between two rows of energies, temperature, volume and density in the CSV files
        beside the parts; see `energies`. A row takes about as long as a step of MD. By default one
        is written with each frame, but not more often than every 100 steps; 0 writes none.
    platform : str
        ``Reference``, ``CPU``, ``OpenCL``, ``CUDA``, ``HIP``, or ``auto``: Reference for up
        to 60 particles without reciprocal-space sums, else a GPU where the job runs on
        one, else CPU.
    platform_properties : Mapping, optional
        Such as ``{"Precision": "mixed"}``; see OpenMM's documentation.
    cores : int
        CPU cores a job takes, and threads of the CPU platform.
    seed : int, optional
        Of all random numbers; None draws one for each simulation, which the record of origin has
        and which gives the same once more. What a simulation gets
        depends on the seed, the index of the clone, the `deffnm` and the content of the start
        (positions, velocities, box) with which it is begun, and on how many with the same
        `deffnm` and start this engine, its clones or its propagator has begun before, in the
        order of the calls. One whose files hold no frames is the same when it is begun again.
        Each part derives its own. The folder does not matter: a script that is run again gives
        the same. Engines that are made anew with the same seed repeat each other.
    output_traj_type : str
        ``trr`` or ``xtc``.
    structure_file : path, optional
        Of the trajectories. By default one is written beside them: PDB, and PSF where PDB
        can't hold the names, numbers or masses of the system.
    launcher : str, optional
        Where the jobs run: ``"local"`` or ``"slurm"``. Without it: Slurm, if one of the
        following is given.
    sbatch_script : str or path, optional
        For Slurm: text or path of a script in which ``{mdrun_cmd}`` stands for the command.
        Without it the command alone is the job.
    sbatch_options : Mapping, optional
        For Slurm: long names of options of sbatch to their values, such as
        ``{"partition": "gpu", "gres": "gpu:1", "exclusive": ""}``.

    Raises
    ------
    ValueError, TypeError
        For an argument that can't be used.
    """

    output_traj_type = OutputTrajType("trr", ("trr", "xtc"))
    program = "OpenMM"
    physics_endings: ClassVar[tuple[str, ...]] = (".system.xml", ".integrator.xml")
    worker: ClassVar[str] = "asyncmd_jupyter.engines.openmm.worker"
    simulation: ClassVar[str] = "asyncmd_jupyter.engines.openmm.simulation:OpenMMSimulation"

    def __init__(
        self,
        system: Any,
        topology: Any = None,
        positions: Any = None,
        *,
        velocities: Any = None,
        temperature: Any = _TEMPERATURE,
        friction: Any = 1.0,
        timestep: Any = 0.002,
        integrator: Any = "LangevinMiddle",
        nstout: int = 500,
        nstenergy: int | None = None,
        platform: str = "auto",
        platform_properties: Mapping[str, str] | None = None,
        cores: int = 1,
        seed: int | None = None,
        output_traj_type: str = default_of_class("trr"),
        structure_file: str | PathLike[str] | None = None,
        launcher: str | None = None,
        sbatch_script: str | PathLike[str] | None = None,
        sbatch_options: Mapping[str, Any] | None = None,
    ) -> None:
        self.platform = platform
        self.platform_properties = platform_properties or {}
        made = phys.make_integrator(integrator, temperature, friction, timestep)
        self._serialized = phys.serialize_physics(system, made, temperature)
        self._source = Source.of(system, topology, positions, structure_file, velocities)
        self._settings = SystemSettings.of(
            system,
            self._source.topology,
            self._serialized.particles.constraints,
            self._source.box,
        )
        super().__init__(
            self._source,
            nstout=nstout,
            nstenergy=nstenergy,
            cores=cores,
            seed=seed,
            output_traj_type=output_traj_type,
            launcher=launcher,
            sbatch_script=sbatch_script,
            sbatch_options=sbatch_options,
        )

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
            May be compressed (gzip, bzip2, xz). Of several models the first one counts.
        *forcefield : str
            XML files of OpenMM or own ones, such as ``amber14-all.xml``.
        create_system : Mapping, optional
            Arguments of ``ForceField.createSystem``, as far as they are to differ from these:
            ``constraints=app.HBonds``; with a box ``nonbondedMethod=app.PME`` and
            ``nonbondedCutoff=1*unit.nanometer``, for force fields of CHARMM 1.2 nm and a
            ``switchDistance`` 0.2 nm below the cut-off (OpenMM switches potentials, CHARMM
            forces); without a box, or with implicit solvent, ``nonbondedMethod=app.NoCutoff``.
            What contradicts itself or the file is refused. `system_settings` tells the result.
        **parameters
            Those of the class from `temperature` on, such as ``temperature=310``,
            ``timestep=0.004``, ``nstout=1000``, ``platform="CUDA"``, ``seed=1``.
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
        """Make an engine from Amber's topology and coordinates (prmtop, inpcrd or rst7).

        Velocities in the file with the coordinates are those of the first start. `create_system`
        has arguments of ``AmberPrmtopFile.createSystem``, with the defaults of `from_pdb`.
        """
        parts = from_amber(prmtop_file, coordinate_file, create_system)
        parameters.setdefault("velocities", velocities_of_amber(coordinate_file))
        return cls(*parts, **parameters)

    @classmethod
    def from_gromacs(
        cls,
        top_file: str | PathLike[str],
        gro_file: str | PathLike[str],
        *,
        mdp_file: MDP | str | PathLike[str] | None = None,
        include_dir: str | PathLike[str] | None = None,
        create_system: Mapping[str, Any] | None = None,
        **parameters: Any,
    ) -> Self:
        """Make an engine from GROMACS' topology and coordinates.

        Parameters
        ----------
        top_file, gro_file : path
            Velocities in `gro_file` are those of the first start.
        mdp_file : path or MDP, optional
            From it are taken, unless arguments say something else: ``coulombtype`` (PME, Ewald),
            ``vdwtype``, ``rvdw``, switching of potentials, ``DispCorr``, ``constraints``,
            ``comm-mode``, ``define``; ``dt``, ``ref-t`` (``gen-temp``), ``tau-t`` of ``sd`` as
            friction, and how often positions are written. What OpenMM computes in another way is
            refused, and a warning names what is left out, such as barostats. Without it the
            defaults are those of `from_pdb`; a force field of CHARMM is recognised by its name in
            `top_file`.
        include_dir : path, optional
            Where the topology's includes are looked for, GROMACS' own ``share/gromacs/top``; a
            topology written by ``gmx grompp -pp`` needs none.
        create_system : Mapping, optional
            Arguments of ``GromacsTopFile.createSystem``.
        **parameters
            Those of the class from `temperature` on.
        """
        mdp = None if mdp_file is None else MDPOptions.of(mdp_file, create_system, parameters)
        parts = from_gromacs(top_file, gro_file, include_dir, create_system, mdp)
        if mdp is not None:
            mdp.warn()
            parameters = mdp.engine | parameters
        parameters.setdefault("velocities", velocities_of_gro(gro_file))
        return cls(*parts, **parameters)

    @property
    def system(self) -> Any:
        """A copy of the System."""
        return phys.deserialized(self._serialized.system_xml)

    @property
    def integrator(self) -> Any:
        """A copy of the Integrator."""
        return phys.deserialized(self._serialized.integrator_xml)

    @property
    def system_settings(self) -> SystemSettings:
        """Nonbonded method, cut-off, constraints, box and more of the System."""
        return self._settings

    @property
    def system_text(self) -> str:
        """The same in words."""
        return str(self._settings)

    @property
    def topology(self) -> Any:
        """The Topology."""
        return self._source.topology

    @property
    def positions(self) -> NDArray[np.float64] | None:
        """Where a run without a starting configuration begins: nm, shape (n_atoms, 3)."""
        return None if self._source.positions is None else self._source.positions.copy()

    @property
    def velocities(self) -> NDArray[np.float64] | None:
        """Those that go with `positions`: nm/ps, shape (n_atoms, 3); None if they are drawn."""
        return None if self._source.velocities is None else self._source.velocities.copy()

    @property
    def timestep(self) -> float:
        """MD time step in ps."""
        return self.dt

    @property
    def friction(self) -> float | None:
        """Of the integrator, in 1/ps; None if it has none."""
        return phys.friction_of(self.integrator)

    @property
    def platform(self) -> str:
        """Where it is computed; another one holds from the next part on."""
        return self._platform

    @platform.setter
    def platform(self, name: str) -> None:
        self._platform = phys.checked_platform(name)

    @property
    def platform_properties(self) -> dict[str, str]:
        """Properties of the platform; a copy, to be set as a whole."""
        return dict(self._properties)

    @platform_properties.setter
    def platform_properties(self, properties: Mapping[str, Any]) -> None:
        self._properties = {str(key): str(value) for key, value in properties.items()}

    @property
    def dt(self) -> float:
        """MD time step in ps; the mean so far where the integrator chooses it."""
        if self.has_fixed_dt:
            return self._serialized.timestep
        return self.time_done / self.steps_done if self.steps_done else math.nan

    @property
    def has_fixed_dt(self) -> bool:
        """Whether the integrator's steps are all as long."""
        return self._serialized.has_fixed_step

    @property
    def time_done(self) -> float:
        """Simulated time in ps since the preparation, over all parts."""
        if self.has_fixed_dt:
            return super().time_done
        if self._disk.time is not None:
            return self._disk.time
        last = self.current_trajectory  # a checkpoint of an earlier version
        return 0.0 if last is None else last.last_time

    @property
    def n_atoms(self) -> int:
        """Particles of the system."""
        return self._serialized.n_atoms

    @property
    def temperature(self) -> float | None:
        """In K, that of the thermostat; without one, the one that was given."""
        return self._serialized.temperature

    @property
    def has_noise(self) -> bool:
        """Whether the integrator is stochastic; see `MDEngine.has_noise`."""
        return self._serialized.has_noise

    @property
    def masses(self) -> NDArray[np.float64]:
        """Masses of the System's particles in amu; see `MDEngine.masses`."""
        return unchangeable(self._serialized.particles.masses)

    @property
    def constraints(self) -> NDArray[np.int64] | None:
        """Constraints of the System; see `MDEngine.constraints`. None with Drude oscillators."""
        particles = self._serialized.particles
        return None if particles.has_drude else particles.constraints.copy()

    @property
    def removes_com(self) -> bool:
        """Whether the System has a ``CMMotionRemover``, as force fields make it."""
        return self._serialized.particles.removes_com

    @property
    def periodic(self) -> bool:
        """Whether there is a box."""
        return self._serialized.periodic

    def __repr__(self) -> str:
        """Name what tells engines apart."""
        every = f"{self.nstout} steps"
        steps = "steps of no fixed length"
        if self.has_fixed_dt:
            steps, every = f"{self.dt * 1000:g} fs steps", f"{self.nstout * self.dt:g} ps"
        return (
            f"<{type(self).__name__}: {self.n_atoms} atoms, {steps}, a frame every {every} "
            f"({self.output_traj_type}), {self._words()}, platform {self._platform}, launcher "
            f"{self.launcher}>"
        )

    def _words(self) -> str:
        kelvin = "" if self.temperature is None else f" at {self.temperature:g} K"
        return f"{self._serialized.integrator_name}{kelvin}"

    # What the base asks for

    def _identity(self) -> dict[str, str]:
        made = self._serialized
        return {
            "temperature": f"{made.temperature} K",
            "time step": f"{made.timestep} ps",
            "integrator": _digest(made.integrator_xml),
            "system": self._system_digest,
        }

    def _engine_facts(self) -> EngineFacts:
        made = self._serialized
        integrator = phys.integrator_parameters(made.integrator_xml)
        known = {} if made.temperature is None else {"temperature": made.temperature}
        mine = {
            "nstout": self.nstout,
            "nstenergy": self.nstenergy,
            "platform": self._platform,
            "platform_properties": self._properties,
            "system": self._system_digest,
            **self._settings.to_json(),
            "output_traj_type": self.output_traj_type,
        }
        return replace(super()._engine_facts(), parameters={**known, **integrator, **mine})

    @cached_property
    def _system_digest(self) -> str:
        return _digest(self._serialized.system_xml)

    def _write_physics(self, folder: Path, name: str) -> None:
        for ending, text, digest in (
            ("system.xml", self._serialized.system_xml, self._serialized.system_digest),
            ("integrator.xml", self._serialized.integrator_xml, self._serialized.integrator_digest),
        ):
            path = folder / f"{name}.{ending}"
            if not is_unchanged(path, digest):
                write_text(path, text)

    @property
    def segments_in_a_row(self) -> int:
        """See `SteppingEngine`; making kernels anew costs as much as hundreds of small steps."""
        made = self._serialized
        is_plain = made.integrator_name in _WITHOUT_MEMORY and not made.has_moving_forces
        return _IN_A_ROW if is_plain and made.n_atoms <= _SMALL_SYSTEM else 1

    def _box_of_start(self, box: NDArray[Any] | None, start: Trajectory) -> NDArray[Any] | None:
        if box is None:
            return own_box_for(start, self._source.box, "the engine")
        return reduced_box(box)

    def _physics(self, name: str) -> dict[str, Any]:
        spec = SystemSpec(
            system=f"{name}.system.xml",
            integrator=f"{name}.integrator.xml",
            platform=self._platform,
            properties=self._properties,
            cores=self._cores,
            temperature=self.temperature,
            seed=self._seed,
            system_digest=self._serialized.system_digest,
            integrator_digest=self._serialized.integrator_digest,
        )
        return asdict(spec)


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()
