"""All mutants."""

from __future__ import annotations

from .mutant import Mutant
from .of_averages import AVERAGES
from .of_parts import PARTS
from .of_random_numbers import RANDOM_NUMBERS
from .of_starts import STARTS
from .of_systems import SYSTEMS
from .of_time import TIME
from .of_velocities import VELOCITIES

MUTANTS: tuple[Mutant, ...] = (
    *VELOCITIES,
    *RANDOM_NUMBERS,
    *STARTS,
    *SYSTEMS,
    *TIME,
    *PARTS,
    *AVERAGES,
)
