"""What the worker is told: written by the engine, read by the worker, kept beside the part."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class SystemSpec:
    """The physics and where it is computed; file names are relative to the work folder.

    Attributes
    ----------
    system, integrator : str
        Files with the serialized objects.
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
    """

    system: str
    integrator: str
    platform: str = "auto"
    properties: dict[str, str] = field(default_factory=dict)
    cores: int = 1
    temperature: float | None = None
    seed: int | None = None


@dataclass(frozen=True)
class PartSpec:
    """One part of a simulation.

    Attributes
    ----------
    physics : SystemSpec
    part : int
        Its number, from 1.
    start : str
        npz file with the configuration at step 0.
    checkpoint : str
        Read if it exists, written again and again.
    trajectory : str
        TRR or XTC by its ending.
    nstout : int
        Steps between two frames.
    last_step : int or None
        Counted from step 0 of the simulation.
    seconds : float or None
        Wall time after which the part ends.
    """

    physics: SystemSpec
    part: int
    start: str
    checkpoint: str
    trajectory: str
    nstout: int
    last_step: int | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class ConfigurationSpec:
    """One configuration made from another without a step of MD.

    Attributes
    ----------
    physics : SystemSpec
    action : str
        ``constraints``, ``velocities`` or ``minimize``.
    start : str
        npz file with the configuration.
    trajectory : str
        TRR file for the result.
    tolerance : float
        Root mean square force in kJ/mol/nm at which a minimization ends.
    max_iterations : int
        Of a minimization, 0 for no limit.
    """

    physics: SystemSpec
    action: str
    start: str
    trajectory: str
    tolerance: float = 10.0
    max_iterations: int = 0


Spec = PartSpec | ConfigurationSpec
_KINDS: dict[str, type[PartSpec] | type[ConfigurationSpec]] = {
    "part": PartSpec,
    "configuration": ConfigurationSpec,
}


def write_spec(spec: Spec, path: Path) -> None:
    """Write `spec` as JSON."""
    kind = next(name for name, cls in _KINDS.items() if isinstance(spec, cls))
    path.write_text(json.dumps({"kind": kind, **asdict(spec)}, indent=1), encoding="utf-8")


def read_spec(path: Path) -> Spec:
    """Read what `write_spec` wrote."""
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    cls = _KINDS[content.pop("kind")]
    return cls(**{**content, "physics": SystemSpec(**content["physics"])})
