"""From what users of OpenMM have in their hands to what an engine keeps."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.engines.attributes import is_given
from asyncmd_jupyter.engines.openmm.particles import Particles
from asyncmd_jupyter.engines.openmm.thermostats import chosen, has_noise, thermostat_temperature
from asyncmd_jupyter.engines.stepping.unchanged import content_digest

PLATFORMS = ("auto", "Reference", "CPU", "OpenCL", "CUDA", "HIP")
INTEGRATORS = ("LangevinMiddle", "Langevin", "Brownian", "NoseHoover", "Verlet")

# As the arguments of engines are called.
_PLAIN = {"type": "integrator", "stepSize": "timestep"}


@dataclass(frozen=True)
class Physics:
    """System and integrator in serialized form, so that an engine can be pickled.

    Attributes
    ----------
    system_xml, integrator_xml : str
    n_atoms : int
    integrator_name : str
    periodic : bool
    timestep : float
        ps
    temperature : float or None
        K, of the thermostat; without one, what the user has given.
    has_fixed_step : bool
        Whether each step is as long as `timestep`.
    has_noise : bool
        Whether random numbers act on all atoms in each step.
    particles : Particles
    has_moving_forces : bool
        Whether a force has a state or noise of its own, as barostats have.
    """

    system_xml: str
    integrator_xml: str
    n_atoms: int
    integrator_name: str
    periodic: bool
    timestep: float
    temperature: float | None
    particles: Particles
    has_moving_forces: bool = True
    has_fixed_step: bool = True
    has_noise: bool = True

    @cached_property
    def system_digest(self) -> str:
        """Of the file with the System."""
        return content_digest(self.system_xml.encode())

    @cached_property
    def integrator_digest(self) -> str:
        """Of the file with the integrator."""
        return content_digest(self.integrator_xml.encode())


def serialize_physics(system: Any, integrator: Any, temperature: Any) -> Physics:
    """Serialize a System and an Integrator; the temperature of their thermostat goes first."""
    import openmm
    from openmm import unit

    if not isinstance(system, openmm.System):
        raise TypeError(f"system={system!r} is no openmm.System.")
    kelvin = None if temperature is None else positive("temperature", temperature, unit.kelvin)
    wanted = kelvin if is_given(temperature) else None
    kept = thermostat_temperature(system, integrator, wanted)
    is_fixed = has_fixed_step(integrator)
    timestep = integrator.getStepSize().value_in_unit(unit.picosecond)
    if is_fixed and not (math.isfinite(timestep) and timestep > 0):
        raise ValueError(
            f"integrator={type(integrator).__name__} has a time step of {timestep:g} ps: give it a "
            "positive one."
        )
    return Physics(
        system_xml=openmm.XmlSerializer.serialize(system),
        integrator_xml=openmm.XmlSerializer.serialize(integrator),
        n_atoms=system.getNumParticles(),
        integrator_name=type(integrator).__name__.removesuffix("Integrator"),
        periodic=system.usesPeriodicBoundaryConditions(),
        timestep=timestep,
        has_fixed_step=is_fixed,
        has_noise=has_noise(integrator),
        temperature=kelvin if kept is None else positive("temperature", kept, unit.kelvin),
        particles=Particles.of(system),
        has_moving_forces=any(map(_moves, system.getForces())),
    )


def _moves(force: Any) -> bool:
    """Whether a force changes more than momenta, or draws random numbers."""
    return hasattr(force, "setRandomNumberSeed") or "Python" in type(force).__name__


def make_integrator(kind: Any, temperature: Any, friction: Any, timestep: Any) -> Any:
    """An Integrator by its name; an Integrator is handed through.

    Raises
    ------
    ValueError
        For an unknown name or a parameter that is not positive.
    """
    import openmm
    from openmm import unit

    if isinstance(kind, openmm.Integrator):
        return kind
    dt = positive("timestep", timestep, unit.picosecond)
    makers = {
        "langevinmiddle": openmm.LangevinMiddleIntegrator,
        "langevin": openmm.LangevinIntegrator,
        "brownian": openmm.BrownianIntegrator,
        "nosehoover": openmm.NoseHooverIntegrator,
        "verlet": openmm.VerletIntegrator,
    }
    name = str(kind).lower().removesuffix("integrator")
    if name not in makers:
        raise ValueError(
            f"integrator={kind!r} is unknown: give one of {', '.join(INTEGRATORS)} or an "
            "openmm.Integrator."
        )
    if name == "verlet":
        return makers[name](dt)
    gamma = positive("friction", friction, unit.picosecond**-1)
    return makers[name](positive("temperature", temperature, unit.kelvin), gamma, dt)


def has_fixed_step(integrator: Any) -> bool:
    """Whether an Integrator takes steps that are all as long.

    Variable ones choose each by an error tolerance; one of the user's own may set ``dt`` in
    its computations. Of several, only the one that is chosen is used.
    """
    import openmm

    integrator = chosen(integrator)
    if isinstance(integrator, openmm.CustomIntegrator):
        steps = range(integrator.getNumComputations())
        return all(integrator.getComputationStep(number)[1] != "dt" for number in steps)
    variable = (openmm.VariableLangevinIntegrator, openmm.VariableVerletIntegrator)
    return not isinstance(integrator, variable)


def deserialized(xml: str) -> Any:
    """A System or Integrator of its own."""
    import openmm

    return openmm.XmlSerializer.deserialize(xml)


def friction_of(integrator: Any) -> float | None:
    """Friction of an Integrator in 1/ps; None if it has none."""
    from openmm import unit

    if not hasattr(integrator, "getFriction"):
        return None
    return float(integrator.getFriction().value_in_unit(unit.picosecond**-1))


def integrator_parameters(xml: str) -> dict[str, Any]:
    """What a serialized Integrator says of itself, but its seed."""
    root = ElementTree.fromstring(xml)  # noqa: S314 - made by OpenMM in this process
    found: dict[str, Any] = {
        _PLAIN.get(name, name): _number(text)
        for name, text in root.attrib.items()
        if name not in ("randomSeed", "version")
    }
    if len(root):  # one that is made of others, or of equations
        root.attrib.pop("randomSeed", None)
        text = ElementTree.tostring(root)
        found["equations"] = hashlib.blake2b(text, digest_size=6).hexdigest()
    return found


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def positive(name: str, value: Any, unit: Any) -> float:
    """A positive number, from a number in `unit` or a Quantity of any unit.

    Raises
    ------
    ValueError
        If it is not positive and finite.
    """
    plain = value.value_in_unit(unit) if hasattr(value, "value_in_unit") else value
    number = math.nan if plain is None else float(plain)
    if not (math.isfinite(number) and number > 0):
        raise ValueError(f"{name}={value!r} has to be a positive number ({unit}).")
    return number


def checked_platform(platform: str) -> str:
    """The platform's name in OpenMM's spelling.

    Raises
    ------
    ValueError
        If there is no such platform.
    """
    names = {name.lower(): name for name in PLATFORMS}
    if str(platform).lower() not in names:
        raise ValueError(f"platform={platform!r} is unknown: give one of {', '.join(PLATFORMS)}.")
    return names[str(platform).lower()]


def in_nanometers(values: Any) -> NDArray[np.float64]:
    """Positions or box vectors as an array in nm, from a Quantity or plain numbers in nm."""
    from openmm import unit

    return np.array(_plain(values, unit.nanometer), dtype=np.float64)


def in_nanometers_per_picosecond(values: Any) -> NDArray[np.float64]:
    """Velocities as an array in nm/ps, from a Quantity or plain numbers in nm/ps."""
    from openmm import unit

    return np.array(_plain(values, unit.nanometer / unit.picosecond), dtype=np.float64)


def _plain(values: Any, wanted: Any) -> Any:
    """Numbers in a unit, of quantities at any depth."""
    from openmm import unit

    if unit.is_quantity(values):
        return values.value_in_unit(wanted)
    if isinstance(values, np.ndarray) and values.dtype == object:
        values = values.tolist()
    return [_plain(one, wanted) for one in values] if isinstance(values, list | tuple) else values
