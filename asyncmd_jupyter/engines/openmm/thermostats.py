"""The thermostats of a System and an Integrator: their temperature, and whether they are noise."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from typing import Any

_BOLTZMANN = 0.00831446261815324  # kJ/(mol K)
_KT = "kT"  # in kJ/mol, as OpenMM's MTSLangevinIntegrator and openmmtools call it
_RANDOM = ("gaussian", "uniform")  # in the expressions of a CustomIntegrator
_SAME = 1e-6  # relative


def thermostat_temperature(system: Any, integrator: Any, given: float | None) -> float | None:
    """In K, that of the thermostat which acts; None if there is none.

    Of several it is the first one. What contradicts it is said.

    Parameters
    ----------
    system : openmm.System
    integrator : openmm.Integrator
    given : float or None
        What a user has asked for, in K.
    """
    found = list(_thermostats(system, chosen(integrator)))
    if not found:
        return None
    name, kept = found[0]
    others = [*found[1:], *_barostats(system)]
    if given is not None:
        others.append((f"temperature={given:g}", given))
    different = [other for other, kelvin in others if not math.isclose(kelvin, kept, rel_tol=_SAME)]
    if different:
        warnings.warn(_contradiction(name, kept, different, dict(others)), stacklevel=4)
    return kept


def chosen(integrator: Any) -> Any:
    """The Integrator that takes the steps: of a CompoundIntegrator the current one."""
    import openmm

    if isinstance(integrator, openmm.CompoundIntegrator):
        return chosen(integrator.getIntegrator(integrator.getCurrentIntegrator()))
    return integrator


def has_noise(integrator: Any) -> bool:
    """Whether random numbers act on all atoms in each step.

    Collisions of an Andersen thermostat and moves of a barostat come now and then only.
    """
    import openmm

    integrator = chosen(integrator)
    if isinstance(integrator, openmm.CustomIntegrator):
        return any(word in text for text in _expressions(integrator) for word in _RANDOM)
    if isinstance(integrator, openmm.RPMDIntegrator) and not integrator.getApplyThermostat():
        return False
    if type(integrator).__name__ == "DPDIntegrator":  # new in OpenMM 8.2
        return True  # its friction is one for each pair of types
    return hasattr(integrator, "getFriction") and integrator.getFriction()._value > 0


def _expressions(integrator: Any) -> list[str]:
    steps = range(integrator.getNumComputations())
    return [integrator.getComputationStep(number)[2] for number in steps]


def _thermostats(system: Any, integrator: Any) -> Iterator[tuple[str, float]]:
    """Names and temperatures in K."""
    import openmm

    kind = type(integrator).__name__
    if isinstance(integrator, openmm.NoseHooverIntegrator):
        for number in range(integrator.getNumThermostats()):
            yield f"{kind} (thermostat {number})", _kelvin(integrator.getTemperature(number))
    elif hasattr(integrator, "getTemperature"):
        yield kind, _kelvin(integrator.getTemperature())
    elif isinstance(integrator, openmm.CustomIntegrator) and _KT in _variables(integrator):
        kelvin = integrator.getGlobalVariableByName(_KT) / _BOLTZMANN
        if kelvin > 0:
            yield f"{kind} (its variable {_KT})", round(kelvin, 9)
    for force in system.getForces():
        if isinstance(force, openmm.AndersenThermostat):
            yield "AndersenThermostat", _kelvin(force.getDefaultTemperature())


def _variables(integrator: Any) -> list[str]:
    numbers = range(integrator.getNumGlobalVariables())
    return [integrator.getGlobalVariableName(number) for number in numbers]


def _barostats(system: Any) -> Iterator[tuple[str, float]]:
    for force in system.getForces():
        if "Barostat" in type(force).__name__ and hasattr(force, "getDefaultTemperature"):
            yield type(force).__name__, _kelvin(force.getDefaultTemperature())


def _kelvin(value: Any) -> float:
    from openmm import unit

    return float(value.value_in_unit(unit.kelvin) if unit.is_quantity(value) else value)


def _contradiction(
    name: str, kept: float, different: list[str], temperatures: dict[str, float]
) -> UserWarning:
    told = ", ".join(
        other if other.startswith("temperature=") else f"{other} has {temperatures[other]:g} K"
        for other in different
    )
    return UserWarning(
        f"{name} keeps {kept:g} K, at which new velocities are drawn, but {told}: give all of them "
        "the same temperature, unless that is what you want."
    )
