"""What GROMACS' programs say about themselves: version and random numbers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from asyncmd_jupyter.engines.facts import ProgramFacts

_HEAD_BYTES = 2**16  # the list of all parameters is within the first 30,000 or so
_VERSION = re.compile(rb"^GROMACS version:\s*(\S+)", re.MULTILINE)
_LD_SEED = re.compile(rb"^\s*ld-seed\s*=\s*(-?\d+)", re.MULTILINE)
_DRAWN = (
    ("ld-seed", re.compile(r"^Setting the LD random seed to (-?\d+)", re.MULTILINE)),
    ("gen-seed", re.compile(r"^Setting gen_seed to (-?\d+)", re.MULTILINE)),
)


def facts_in_log(log: Path) -> ProgramFacts:
    """What the beginning of a log of ``mdrun`` says."""
    try:
        with log.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError:
        return ProgramFacts()
    version, seed = _VERSION.search(head), _LD_SEED.search(head)
    seeds = {"ld-seed": int(seed[1])} if seed else {}
    return ProgramFacts(version[1].decode() if version else "", seeds=seeds)


def drawn_seeds(output: str) -> dict[str, Any]:
    """Seeds that ``grompp`` has drawn, as its output says."""
    found = ((name, pattern.search(output)) for name, pattern in _DRAWN)
    return {name: int(match[1]) for name, match in found if match}
