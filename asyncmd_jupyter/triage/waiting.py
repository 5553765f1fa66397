"""Patterns for Slurm's words about jobs that wait."""

from __future__ import annotations

from asyncmd_jupyter.jobs.slurm.states import sentence_on, sentence_on_waiting
from asyncmd_jupyter.triage.pattern import ENDED, Pattern
from asyncmd_jupyter.triage.policy import WAITS

ASK = "Ask the people who run the cluster."
LESS = "Ask for less: fewer cores or nodes, or a shorter time; parts can be short and many."


def waits(
    word: str,
    title: str,
    meaning: str,
    *remedies: str,
    kind: str = "",
    also: str = "",
    policy: str = WAITS,
) -> Pattern:
    """A word of Slurm, and the sentence that the launcher has made of it."""
    sentence = (sentence_on_waiting(word) or sentence_on(word)).replace("(", r"\(")
    sentence = sentence.replace(")", r"\)").replace(".", r"\.").replace("'", ".")
    known = "" if sentence.startswith(("Slurm lets it", "A limit of")) else f"|{sentence}$"
    more = f"|{also}" if also else ""
    return Pattern(
        kind=f"queue-{kind or word.lower()}",
        title=title,
        meaning=meaning,
        remedies=remedies,
        reason=rf"(?:{word}\b{more}{known})",
        policy=policy,
        priority=ENDED,
    )
