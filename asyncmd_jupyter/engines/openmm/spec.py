"""The physics of a simulation and where it is computed, as the worker is told."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class SystemSpec:
    """The physics and where it is computed.

    Attributes
    ----------
    system, integrator : str
        Paths of files with the serialized objects.
    platform : str
        A platform of OpenMM, or ``auto``.
    properties : dict
        Properties of the platform.
    cores : int
        Threads of the CPU platform.
    temperature : float or None
        In K, for velocities that have to be drawn.
    seed : int or None
        None draws a new one each time.
    system_digest, integrator_digest : str
        Of the contents of the files, because a System may hold code (`PythonForce`); empty
        where they are not known.
    """

    system: str
    integrator: str
    platform: str = "auto"
    properties: dict[str, str] = field(default_factory=dict)
    cores: int = 1
    temperature: float | None = None
    seed: int | None = None
    system_digest: str = ""
    integrator_digest: str = ""
