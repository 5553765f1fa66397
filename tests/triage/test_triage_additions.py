"""Patterns that others add, and words that nobody knows."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import pytest

from asyncmd_jupyter import triage
from asyncmd_jupyter.triage.unexplained import KIND


def said(job, **changes):
    return triage.diagnose(replace(job, **changes))


@pytest.mark.parametrize("text", ["", "  ", "None", "(None)", "N/A"])
def test_nothing_to_say(text, runtime):
    assert triage.explain_reason(text) == ""


def test_words_that_nobody_knows(runtime):
    assert triage.explain_reason("(BurstBufferResources)") == "It waits for a burst buffer."
    assert triage.explain_reason("Strange") == "Slurm lets it wait: Strange."
    plain = "The command ended with exit code 3."
    assert triage.explain_reason(plain) == plain


def pattern(**changes):
    said = {"kind": "mine-flux", "title": "Flux", "meaning": "Flux it is.", "text": "flux"}
    return triage.Pattern(**said | changes)


def test_a_pattern_for_reasons_is_heard_of_at_once(runtime):
    assert triage.explain_reason("FluxMissing") == "Slurm lets it wait: FluxMissing."
    triage.Triage.current().register(pattern(text="", reason="FluxMissing"))
    assert triage.explain_reason("FluxMissing") == "Flux it is."


def test_a_pattern_is_added(job, runtime):
    job.stderr.write_text("the flux is broken\n")
    assert said(job).kind == KIND
    triage.Triage.current().register(pattern())
    assert said(job).kind == "mine-flux"
    with pytest.raises(ValueError, match="There is a pattern 'mine-flux'"):
        triage.Triage.current().register(pattern())
    with pytest.raises(TypeError, match="no Pattern"):
        triage.Triage.current().register("flux")


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"text": "("}, "no regular expression"),
        ({"quote": "["}, "no regular expression"),
        ({"title": ""}, "needs a kind"),
        ({"text": ""}, "nothing about when"),
    ],
)
def test_patterns_that_can_not_be_used(runtime, changes, match):
    with pytest.raises(ValueError, match=match):
        triage.Triage.current().register(pattern(**changes))


def test_a_predicate_that_breaks_is_left_out(job, runtime, caplog):
    job.stderr.write_text("flux\n")
    triage.Triage.current().register(pattern(when=lambda case: 1 / 0))
    with caplog.at_level(logging.WARNING):
        assert said(job).kind == KIND
    assert "mine-flux" in caplog.text


def test_predicates_see_the_job(job, runtime):
    triage.Triage.current().register(
        pattern(text="", when=lambda case: case.record is not None and case.exit_code == 42)
    )
    assert said(job, exit_code=42).kind == "mine-flux"
    assert said(job, exit_code=41).kind == KIND


def test_the_example_of_the_documentation(job, runtime):
    text = (Path(__file__).parents[2] / "docs" / "triage.md").read_text()
    example = next(block for block in text.split("```python")[1:] if ".register(" in block)
    exec(example.split("```")[0])
    job.stderr.write_text("cat: /scratch/me/sim.cpt: No such file or directory\n")
    assert said(job).kind == "site-scratch"


FOREIGN = """\
from asyncmd_jupyter.triage import Pattern

PATTERNS = (Pattern("theirs-flux", "Flux", "Flux it is.", text="flux"),)
DOUBLE = [Pattern("limit-disk", "Mine", "It is mine.", text="flux"), "no pattern"]
"""
ENTRIES = """\
[asyncmd_jupyter.triage]
good = flux_of_theirs:PATTERNS
double = flux_of_theirs:DOUBLE
gone = flux_of_theirs:NOTHING
broken = nonsense_of_theirs:PATTERNS
"""


def test_patterns_of_installed_packages(job, tmp_path, monkeypatch, caplog, runtime):
    job.stderr.write_text("flux\n")
    (tmp_path / "flux_of_theirs.py").write_text(FOREIGN)
    info = tmp_path / "flux-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: flux\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRIES)
    monkeypatch.syspath_prepend(str(tmp_path))
    with caplog.at_level(logging.WARNING):
        assert said(job).kind == "theirs-flux"
    for broken in ("flux_of_theirs:NOTHING", "nonsense_of_theirs:PATTERNS", "limit-disk"):
        assert broken in caplog.text
    assert "'no pattern' is no Pattern" in caplog.text
