"""A file system that gives an error now and then ends no simulation."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from toy_parts import part
from toy_states import in_b

from asyncmd_jupyter.engines.stepping import engine as stepping
from asyncmd_jupyter.files import retrying
from asyncmd_jupyter.frames import xdr
from asyncmd_jupyter.frames.growing import GrowingFile
from asyncmd_jupyter.sampling.conditions import as_condition
from asyncmd_jupyter.sampling.live import LiveLook
from asyncmd_jupyter.sampling.observer import PropagationObserver
from asyncmd_jupyter.sampling.propagate import ConditionalTrajectoryPropagator
from asyncmd_jupyter.sampling.simulation import FinishedPart
from asyncmd_jupyter.sampling.stop import AnyOf
from asyncmd_jupyter.sampling.verdicts import Verdicts
from asyncmd_jupyter.testing import ToyEngine

STEPS = [0, 10, 20, 30]


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying, "PAUSES", (0.0001, 0.001))


class NowAndThen:
    """Lets a function raise ESTALE at its first calls, and at every third one after these."""

    def __init__(self, call, first: int = 2) -> None:
        self._call = call
        self._first = first
        self.calls = 0

    def __call__(self, *arguments, **options):
        self.calls += 1
        if self.calls <= self._first or self.calls % 3 == 0:
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
        return self._call(*arguments, **options)


class Heard(PropagationObserver):
    def __init__(self) -> None:
        self.seen: list[int] = []
        self.told: list[bool] = []

    def frames_written(self, part, new):
        self.seen += new.steps.tolist()

    def examined(self, number, times, examinations, *, live):
        self.told += examinations[0].fulfilled.tolist()


@pytest.mark.parametrize("failing", range(1, 14))
def test_a_growing_file_loses_no_frame(tmp_path: Path, monkeypatch, failing: int):
    trajectory = part(tmp_path, 1, STEPS)
    growing = GrowingFile(trajectory.paths[0])
    whole, seen, calls = trajectory.paths[0].read_bytes(), [], 0
    pread = os.pread

    def fails_once(*arguments):
        nonlocal calls
        calls += 1
        if calls == failing:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return pread(*arguments)

    monkeypatch.setattr(os, "pread", fails_once)
    for size in (len(whole) // 4, len(whole) // 2, len(whole), len(whole)):
        trajectory.paths[0].write_bytes(whole[:size])
        try:
            seen += growing.poll().steps.tolist()
        except OSError:
            seen += growing.poll().steps.tolist()
    assert seen == STEPS
    assert growing.restarts == 0


async def test_a_live_look(runtime, tmp_path: Path, monkeypatch):
    growing = part(tmp_path, 1, STEPS)
    running = SimpleNamespace(
        number=1,
        first_step=0,
        last_step=None,
        trajectory_file=growing.paths[0],
        structure_file=growing.structure_path,
    )
    asked = NowAndThen(lambda traj: [False] * len(traj))
    heard = Heard()
    look = LiveLook(running, [("asked", as_condition(asked.__call__))], AnyOf(), heard)
    look._growing.poll = NowAndThen(look._growing.poll)
    assert await look._look()
    assert (heard.seen, heard.told) == (STEPS, [False] * 4)
    assert asked.calls > 2
    assert not list(tmp_path.glob(".*live*"))


async def test_a_verdict(runtime, tmp_path: Path):
    """Errors of conditions are verdicts; those of the file system that they meet are none."""
    found = [await FinishedPart.of(part(tmp_path, 1, STEPS))]
    asked = NowAndThen(lambda traj: np.arange(len(traj)) == 2)
    verdict = await Verdicts([("asked", as_condition(asked.__call__))], AnyOf()).first(
        found, lambda: 0.01
    )
    assert verdict is not None
    assert verdict.step == 20

    def wrong(traj):
        raise KeyError("a mistake")

    with pytest.raises(KeyError, match="a mistake"):
        await Verdicts([("wrong", as_condition(wrong))], AnyOf()).first(found, lambda: 0.01)


async def test_a_propagation(manager, tmp_path: Path, monkeypatch):
    def propagator() -> ConditionalTrajectoryPropagator:
        kwargs = {"x": 0.15, "seed": 5, "launcher": "memory"}
        return ConditionalTrajectoryPropagator(
            [in_b], engine_cls=ToyEngine, engine_kwargs=kwargs, walltime_per_part=0.5 / 3600
        )

    expected, _ = await propagator().propagate_and_concatenate(
        None, tmp_path, "sim", tra_out=tmp_path / "expected.trr"
    )
    (tmp_path / "again").mkdir()
    names = ("read_disk", "mend_parts", "drop_after_checkpoint", "write_spec", "write_text")
    faults = {name: NowAndThen(getattr(stepping, name)) for name in names}
    for name, fault in faults.items():
        monkeypatch.setattr(stepping, name, fault)
    joined, _ = await propagator().propagate_and_concatenate(
        None, tmp_path / "again", "sim", tra_out=tmp_path / "again" / "joined.trr"
    )
    assert joined.paths[0].read_bytes() == expected.paths[0].read_bytes()
    assert all(fault.calls > 2 for fault in faults.values())
    assert not xdr.index_frames(joined.paths[0]).tail_bytes
