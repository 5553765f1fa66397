"""Records beside files that somebody has changed or planted: told, and never an error."""

from __future__ import annotations

import json
import os
import random
from contextlib import suppress
from pathlib import Path

import pytest

from asyncmd_jupyter import Trajectory
from asyncmd_jupyter.frames.extract import InvertedVelocitiesFrameExtractor
from asyncmd_jupyter.frames.provenance import provenance_of_file
from asyncmd_jupyter.frames.provenance_file import record_path
from asyncmd_jupyter.frames.provenance_parents import record_of_parent
from asyncmd_jupyter.sampling.genealogy_records import Archive

pytestmark = pytest.mark.usefixtures("runtime")

N_MUTANTS = 300
ODD = (
    None, True, -1, 10**30, 10**400, 1e308, float("nan"), float("inf"), "", "x", "\ud800", "a\0b",
    [], {}, [[]], {"a": []}, [None], [1], "constructor", "..",
)  # fmt: skip


@pytest.fixture
def made(folder: Path) -> Path:
    """A frame with a record, as the package writes it."""
    source = Trajectory(["a.trr", "b.trr"], "conf.gro")
    first = InvertedVelocitiesFrameExtractor().extract("e.trr", source, 6)
    InvertedVelocitiesFrameExtractor().extract("f.trr", first, 0)
    return folder / "f.trr"


def use(path: Path) -> None:
    """All that is done with records."""
    found = provenance_of_file(path)
    assert found is not None
    assert found.text().encode(errors="surrogateescape")
    assert repr(found)
    assert found._repr_html_()
    with suppress(LookupError):
        found.parameters(full=True)
    found.parameters()
    found.parent_trajectories()
    record_of_parent(path)
    archive = Archive()
    for each in archive.read(path.parent):
        each.note()
        archive.below(each)
        [archive.parent(parent, path.parent) for parent in each.parents]


def places_in(values, place=()):
    yield place
    if isinstance(values, dict | list):
        for key in values if isinstance(values, dict) else range(len(values)):
            yield from places_in(values[key], (*place, key))


def test_whatever_is_changed_in_a_record_it_is_told_or_refused(made: Path):
    dice = random.Random(5)
    text = record_path(made).read_text()
    n_believed = 0
    for _ in range(N_MUTANTS):
        values = json.loads(text)
        *above, last = dice.choice(list(places_in(values))[1:])
        section = values
        for key in above:
            section = section[key]
        section[last] = dice.choice(ODD)
        record_path(made).write_text(json.dumps(values))
        use(made)
        n_believed += not provenance_of_file(made).problem
    assert 0 < n_believed < N_MUTANTS


def test_one_that_is_cut_anywhere_is_told(made: Path):
    content = record_path(made).read_bytes()
    for end in range(0, len(content.rstrip()), 7):
        record_path(made).write_bytes(content[:end])
        assert "can't be used" in provenance_of_file(made).problem


@pytest.mark.parametrize("text", ["[" * 200_000, '{"schema": 1' + "0" * 400 + "}", "", "null"])
def test_what_stops_other_parsers_is_told(made: Path, text: str):
    record_path(made).write_text(text)
    assert "can't be used" in provenance_of_file(made).problem
    assert record_of_parent(made) is None
    use(made)


def test_nobody_waits_for_a_pipe_or_reads_what_never_ends(made: Path):
    record_path(made).unlink()
    os.mkfifo(record_path(made))
    assert "not a regular file" in provenance_of_file(made).problem
    use(made)
    record_path(made).unlink()
    record_path(made).symlink_to("/dev/zero")
    use(made)
