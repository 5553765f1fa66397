"""What the worker is told: written by the engine, read by the worker, kept beside the part.

File names are relative to the folder of the specification.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from asyncmd_jupyter.engines.stepping.unchanged import content_digest, read_unchanged
from asyncmd_jupyter.files.reading import parse_json
from asyncmd_jupyter.files.writing import write_bytes


@dataclass(frozen=True)
class PartSpec:
    """One part of a simulation.

    Attributes
    ----------
    physics : dict
        Read by the program that takes the steps.
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
    energies : str
        CSV file for energies.
    nstenergy : int
        Steps between two of its rows; 0 for none.
    """

    physics: dict[str, Any]
    part: int
    start: str
    checkpoint: str
    trajectory: str
    nstout: int
    last_step: int | None = None
    seconds: float | None = None
    energies: str = ""
    nstenergy: int = 0


@dataclass(frozen=True)
class ConfigurationSpec:
    """One configuration made from another without a step of MD.

    Attributes
    ----------
    physics : dict
        Read by the program that takes the steps.
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

    physics: dict[str, Any]
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
    write_bytes(path, _content(spec), durable=False)  # each part has a new one


def digest_of_spec(spec: Spec) -> str:
    """By which the worker knows that its file is the one that the engine wrote."""
    return content_digest(_content(spec))


def _content(spec: Spec) -> bytes:
    kind = next(name for name, cls in _KINDS.items() if isinstance(spec, cls))
    return json.dumps({"kind": kind, **asdict(spec)}, indent=1).encode()


def read_spec(path: Path, digest: str = "") -> Spec:
    """Read what `write_spec` wrote.

    Parameters
    ----------
    path : Path
    digest : str
        What `digest_of_spec` gave; anything is taken without.

    Raises
    ------
    ChangedFileError
        It is another one.
    """
    content: dict[str, Any] = parse_json(read_unchanged(path, digest))
    cls = _KINDS[content.pop("kind")]
    return cls(**content)
