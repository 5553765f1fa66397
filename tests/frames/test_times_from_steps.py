"""Times in files have single precision: steps tell how far frames are apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncmd_jupyter.frames.step_time import time_of_a_step
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.frames.xdr import TrrFrame, write_trr_frame

GRO = "one\n1\n    1PAR      P    1   0.000   0.000   0.000\n   5.0   5.0   5.0\n"


def trajectory(folder: Path, steps: np.ndarray, dt: float, begin: float = 0.0) -> Trajectory:
    (folder / "one.gro").write_text(GRO)
    with (folder / "one.trr").open("wb") as file:
        for step in steps.tolist():
            wrapped = (step + 2**31) % 2**32 - 2**31
            write_trr_frame(
                file,
                TrrFrame(
                    step=wrapped,
                    time=np.float32(begin + step * dt),
                    box=np.eye(3, dtype=np.float32) * 5,
                    positions=np.zeros((1, 3), np.float32),
                    velocities=None,
                ),
            )
    return Trajectory(folder / "one.trr", folder / "one.gro")


@pytest.mark.parametrize(("n_frames", "begin"), [(2, 0.0), (50, 0.0), (50, 100.0)])
def test_spacing_beyond_2_us(runtime, tmp_path: Path, n_frames: int, begin: float):
    steps = 1_000_000_000 + 50 * np.arange(n_frames)
    made = trajectory(tmp_path, steps, 0.002, begin)
    assert made.dt == 0.1
    assert "every 0.1 ps" in repr(made)


def test_spacing_of_usual_times_is_a_round_number(runtime, tmp_path: Path):
    assert trajectory(tmp_path, 10 * np.arange(7), 0.002).dt == 0.02


def test_frames_that_are_unevenly_spaced(runtime, tmp_path: Path):
    made = trajectory(tmp_path, np.array([0, 10, 30]), 0.01)
    assert made.dt == pytest.approx(0.1)
    assert "unevenly" in repr(made)


@pytest.mark.parametrize(
    ("steps", "times"),
    [
        ([5], [1.0]),
        ([0, 0, 0], [0.0, 1.0, 2.0]),
        ([0, 10, 20], [0.0, 1.0, 3.0]),
        ([0, 10, 20], [3.0, 2.0, 1.0]),
        ([0, 10], [0.0, np.nan]),
    ],
)
def test_steps_that_tell_nothing_of_times(steps, times):
    assert time_of_a_step(np.array(steps), np.array(times, dtype=float)) is None


@given(
    hundredths=st.integers(1, 1000),
    begin=st.integers(0, 10**9),
    every=st.integers(1, 10_000),
    n_frames=st.integers(2, 50),
)
def test_any_step_is_found_from_times_since_step_0(hundredths, begin, every, n_frames):
    dt = hundredths * 1e-5  # whole hundredths of a femtosecond
    steps = begin + every * np.arange(n_frames)
    times = (steps * dt).astype(np.float32).astype(float)
    found = time_of_a_step(steps, times)
    resolution = float(np.spacing(np.float32(times[-1])))
    assert found == pytest.approx(dt, abs=2 * resolution / max(1, steps[-1]) + 1e-12)
