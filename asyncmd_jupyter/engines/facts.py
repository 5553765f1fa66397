"""What an engine can say about itself for the records beside its trajectories."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class EngineFacts:
    """What is known before a program runs.

    Attributes
    ----------
    engine, program : str
        Name of the class, and what people call the MD program.
    parameters : Mapping
        All that the physics and the output depend on, but no seeds.
    seeds : Mapping
        Of the random numbers, those that are drawn by the program left out.
    inputs : Mapping
        Names to files of the user that it reads.
    own_start : Path, optional
        File with the configuration that stands for no start.
    tags : Mapping
        Such as the run and the walker.
    """

    engine: str
    program: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    seeds: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, Path] = field(default_factory=dict)
    own_start: Path | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """Parameters of different kinds of engines can't be compared."""
        return self.program or self.engine


@dataclass(frozen=True)
class ProgramFacts:
    """What the files of a program say about how it ran.

    Attributes
    ----------
    version, platform : str
        Empty if unknown.
    seeds : Mapping
        Those that were used.
    """

    version: str = ""
    platform: str = ""
    seeds: Mapping[str, Any] = field(default_factory=dict)
