"""An engine as somebody else would write it: only the public contract, no jobs, own files."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
from handmade import GRO

from asyncmd_jupyter.frames.read import read_frame
from asyncmd_jupyter.frames.xdr import TrrFrame, write_trr_frame
from asyncmd_jupyter.mdengine import MDEngine
from asyncmd_jupyter.trajectory import Trajectory


class DriftEngine(MDEngine):
    """A particle that moves to the right, a little each step.

    A part takes at most `steps_in_a_part` steps, whatever the wall time, and begins with
    the last frame of the one before, as GROMACS does.
    """

    output_traj_type = "trr"

    def __init__(self, *, speed: float = 0.001, steps_in_a_part: int = 40) -> None:
        self._speed = speed
        self._steps_in_a_part = steps_in_a_part
        self._base: Path | None = None
        self._parts: list[Path] = []
        self._step = 0

    nstout = 10
    dt = 0.01

    @property
    def steps_done(self) -> int:
        return self._step

    @property
    def frames_done(self) -> int:
        return self._step // self.nstout + 1

    @property
    def current_trajectory(self) -> Trajectory | None:
        return self._trajectory(self._parts[-1]) if self._parts else None

    async def apply_constraints(self, conf_in, conf_out_name, *, workdir="."):
        raise NotImplementedError

    generate_velocities = apply_constraints

    async def prepare(self, starting_configuration, workdir, deffnm):
        self._open(workdir, deffnm)
        if self._parts:
            raise ValueError(f"{deffnm} has parts.")
        start = starting_configuration
        self._x = 0.0 if start is None else float(read_frame(start, 0).positions[0, 0])
        self._step = 0
        self._structure.write_text(GRO)
        self._save()

    async def prepare_from_files(self, workdir, deffnm):
        self._open(workdir, deffnm)
        step, self._x = np.load(self._state)
        self._step = int(step)

    async def run(self, nsteps=None, walltime=None, steps_per_part=False):
        assert not steps_per_part
        left = self._steps_in_a_part if nsteps is None else nsteps - self._step
        if left <= 0:
            return None
        path = Path(f"{self._base}.part{len(self._parts) + 1:04d}.trr")
        beside = path.with_suffix(".new")
        with beside.open("wb") as file:
            for end in range(min(left, self._steps_in_a_part) // self.nstout + 1):
                if end:
                    await asyncio.sleep(0)
                    self._advance()
                write_trr_frame(file, self._frame())
        beside.replace(path)
        self._save()
        self._parts.append(path)
        return self._trajectory(path)

    def _open(self, workdir, deffnm):
        self._base = Path(workdir) / deffnm
        self._state, self._structure = Path(f"{self._base}.npy"), Path(f"{self._base}.gro")
        self._parts = self.files_of_parts(workdir, deffnm, self.output_traj_type)

    def _save(self):
        np.save(self._state, np.array([self._step, self._x]))

    def _advance(self):
        self._step += self.nstout
        self._x += self.nstout * self._speed

    def _frame(self) -> TrrFrame:
        return TrrFrame(
            step=self._step,
            time=self._step * self.dt,
            box=np.eye(3, dtype=np.float32) * 5,
            positions=np.array([[self._x, 0.0, 0.0]], dtype=np.float32),
            velocities=None,
        )

    def _trajectory(self, path: Path) -> Trajectory:
        return Trajectory(path, self._structure, nstout=self.nstout)
