"""Each pattern recognises what a program said for real, and no other one takes it away."""

from __future__ import annotations

from pathlib import Path

import pytest

from asyncmd_jupyter.triage import Case, Source, Triage
from asyncmd_jupyter.triage.service import own_patterns

HERE = Path(__file__).parent
RECORDED = sorted((HERE / "recorded").glob("*.txt"))
DOCUMENTED = sorted((HERE / "documented").glob("*.txt"))
SAMPLES = [path for path in (*RECORDED, *DOCUMENTED) if not path.name.startswith("reasons")]


@pytest.fixture(scope="module")
def triage() -> Triage:
    return Triage(own_patterns())


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_samples(triage, sample):
    found = triage._best(Case(sources=(Source(sample.read_text(), sample),)))
    assert found is not None
    assert found.pattern.kind == sample.name.split(".")[0]
