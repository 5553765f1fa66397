"""Records of runs that were cut, planted or changed: each is named, and the others are read."""

from __future__ import annotations

import json
import os
import random
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from asyncmd_jupyter.errors import ForeignFileError
from asyncmd_jupyter.jupyter.offer import offer_attach
from asyncmd_jupyter.sampling.progress import RunState, WalkerSnapshot
from asyncmd_jupyter.sampling.run_record import (
    RunRecord,
    look_for_records,
    names_in,
    read_record,
    record_file,
)

N_MUTANTS = 300


def a_record(folder: Path, name: str = "good") -> RunRecord:
    walkers = (
        WalkerSnapshot(
            0,
            RunState.REACHED,
            steps_done=100,
            step_limit=200,
            time_done=0.2,
            n_frames=3,
            part=1,
            job_id="abcd",
            reached=("in_a",),
            reached_time=0.2,
            trajectory_files=(folder / f"{name}_0.xtc",),
            structure_file=folder / f"{name}.pdb",
            time_limit=0.4,
        ),
        WalkerSnapshot(1, RunState.RUNNING, ns_per_day=3.5, seconds_left=9.0),
    )
    now = datetime.now(UTC)
    return RunRecord(
        name=name, folder=folder, campaign="scan", engine="OpenMM", engine_class="x.Y",
        launcher="local", conditions=("in_a", "in_b"), mode="any", n_walkers=2, max_steps=200,
        walltime_per_part=1.0, dt=0.002, created=now, updated=now, owner="elsewhere:7:1.5",
        notebook="/home/me/a.ipynb", wall_seconds=1.0, walkers=walkers, error_kinds=("", ""),
        unpicklable={"the start": "why"},
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    """It has one good record."""
    made = tmp_path / "good"
    made.mkdir()
    record_file(made, "good").write_text(a_record(made).to_text())
    (tmp_path / "bad").mkdir()
    return tmp_path


def problem_of(folder: Path) -> str:
    """What is said of the bad record, beside which the good one is read."""
    found = look_for_records(folder)
    assert [record.name for record in found.records] == ["good"]
    (problem,) = found.problems
    return problem


def test_a_record_is_read_as_it_was_written(folder):
    made = a_record(folder / "good")
    (record,) = look_for_records(folder).records
    assert record == replace(made, created=record.created, updated=record.updated)


def test_one_that_ends_at_any_byte_is_named(folder):
    bad = record_file(folder / "bad", "bad")
    content = a_record(folder / "bad", "bad").to_text().encode()
    bad.write_bytes(content)
    for end in reversed(range(len(content))):
        os.truncate(bad, end)
        with pytest.raises(ForeignFileError, match=r"bad\.run\.json' is (empty|damaged)"):
            read_record(bad)
    bad.write_bytes(content[:200])
    assert "continuation=True" in problem_of(folder)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 200_000,
        '{"version": 1' + "0" * 400 + "}",
        '{"version": "1"}',
        '{"version": true}',
        "null",
        "\xff",
        '"\\ud800"',
    ],
)
def test_what_stops_other_parsers_is_named(folder, text):
    record_file(folder / "bad", "bad").write_text(text, encoding="latin-1")
    assert "bad.run.json" in problem_of(folder)
    offer_attach(folder)


def test_nobody_waits_for_a_pipe_or_reads_what_never_ends(folder, capsys):
    os.mkfifo(record_file(folder / "bad", "pipe"))
    record_file(folder / "bad", "zeros").symlink_to("/dev/zero")
    record_file(folder / "bad", "loop").symlink_to("loop.run.json")
    found = look_for_records(folder)
    assert [record.name for record in found.records] == ["good"]
    assert len(found.problems) == 3
    offer_attach(folder)
    assert capsys.readouterr().out.startswith("1 run of an earlier kernel is here")


def test_a_run_is_called_as_its_file(folder):
    made = a_record(folder / "good")
    values = json.loads(made.to_text()) | {"name": "{__import__('os').system('id')}"}
    record_file(folder / "good", "good").write_text(json.dumps(values))
    (record,) = look_for_records(folder).records
    assert record.name == "good"


@pytest.mark.parametrize(
    "name",
    ["{__import__('os').abort()}", "$HOME", "a b", "--trust", "a'b", 'a"b', "a\nb", "\x1b[2Jx"],
)
def test_names_of_files_that_no_run_can_have_are_refused_and_not_completed(folder, name):
    text = a_record(folder / "bad", name).to_text()
    record_file(folder / "bad", name).write_text(text)
    problem = problem_of(folder)
    assert "letters, digits" in problem
    assert problem.isprintable(), "a terminal would obey"
    assert names_in(folder) == ["good"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("created",), "2026-01-01T00:00:00"),
        (("created",), "0001-01-01T00:00:00+14:00"),
        (("owner",), "host:99999999999999999999:1"),
        (("n_walkers",), 10**30),
        (("walkers", 0, "index"), 5),
        (("walkers", 0, "n_frames"), -1),
        (("walkers", 0, "trajectory_files"), ["a\0b"]),
        (("walkers", 0, "time_done"), float("nan")),
        (("error_kinds",), ["", "", ""]),
        (("campaign",), "{1/0}"),
        (("mode",), "most"),
        (("walltime_per_part",), float("inf")),
        (("unpicklable",), {"a": 1}),
    ],
)
def test_values_that_can_not_be_are_named(folder, path, value):
    values = json.loads(a_record(folder / "bad", "bad").to_text())
    put(values, path, value)
    record_file(folder / "bad", "bad").write_text(json.dumps(values))
    assert path[-1] in problem_of(folder) or "walkers" in problem_of(folder)


def put(values, path, value):
    for key in path[:-1]:
        values = values[key]
    values[path[-1]] = value


ODD = (
    None, True, -1, 0, 10**30, 1e308, -1e308, float("nan"), float("inf"), "", "x", "\ud800", "a\0b",
    "2026-01-01", [], {}, [[]], {"a": []}, [None], [1], "/", "..", "constructor", "{1/0}",
)  # fmt: skip


def places_in(values, path=()):
    """Where there are values, however deep."""
    yield path
    if not isinstance(values, dict | list):
        return
    for key in values if isinstance(values, dict) else range(len(values)):
        yield from places_in(values[key], (*path, key))


def mutant(text: str, dice: random.Random):
    """The content with one or two values replaced, left out or added."""
    values = json.loads(text)
    for _ in range(dice.randint(1, 2)):
        place = dice.choice(list(places_in(values))[1:])
        above = values
        for key in place[:-1]:
            above = above[key]
        if dice.random() < 0.2:
            del above[place[-1]]
        else:
            above[place[-1]] = dice.choice(ODD)
    return values


def test_whatever_is_changed_in_a_record_it_is_read_or_named(folder):
    dice = random.Random(13)
    text = a_record(folder / "bad", "bad").to_text()
    path = record_file(folder / "bad", "bad")
    n_read = 0
    for _ in range(N_MUTANTS):
        path.write_text(json.dumps(mutant(text, dice)))
        try:
            record = read_record(path)
        except ForeignFileError:
            continue
        n_read += 1
        assert record.name == "bad"
        assert record.is_active_elsewhere in (True, False)
        assert isinstance(record.state, RunState)
        assert record.to_text().encode()
        sorted([record, a_record(folder)], key=lambda each: each.created)
    assert 0 < n_read < N_MUTANTS
