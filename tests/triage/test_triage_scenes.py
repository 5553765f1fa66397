"""Programs made to fail anew: what they say today is recognised."""

from __future__ import annotations

import pytest
from triage.record import SCENES

from asyncmd_jupyter.triage import Case, Source, Triage
from asyncmd_jupyter.triage.service import own_patterns

# Rights to mount file systems, or more than two seconds.
ONLY_RECORDED = (
    *("file-read-only", "limit-disk.gromacs", "gromacs-domains", "gromacs-settle"),
    *("gromacs-pressure", "openmm-template", "openmm-nan.worker", "signal-cpu-time"),
)
GROMACS = ("gromacs", "grompp", "limit-memory.linker")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.gromacs] if name.startswith(GROMACS) else [])
        for name in SCENES
        if name not in ONLY_RECORDED
    ],
)
def test_what_it_says_is_recognised(name, tmp_path):
    said = SCENES[name](tmp_path).play(tmp_path)
    found = Triage(own_patterns()).best(Case(sources=(Source(said),)))
    assert found is not None, said
    assert found.pattern.kind == name.split(".")[0], said
