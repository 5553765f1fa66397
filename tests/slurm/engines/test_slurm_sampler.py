"""Short segments in jobs of a cluster are those that this machine computes."""

from __future__ import annotations

import numpy as np
import pytest
from engine_systems import double_well_engine

from asyncmd_jupyter.errors import SubmissionError
from asyncmd_jupyter.methods import CV, Sampler, Snapshot
from asyncmd_jupyter.sampling.states import Within


async def computed(folder, launcher: str):
    x = CV(lambda positions: positions[:, 0, 0], name="x")
    states = [Within(x, high=-0.2, name="A"), Within(x, low=0.2, name="B")]
    engine = double_well_engine(platform="Reference", nstout=10)
    sampler = Sampler(engine, folder=folder, seed=5, launcher=launcher, workers=3)
    async with sampler:
        return await sampler.run([Snapshot([[0.0, 0, 0]])] * 60, until=states, max_steps=20_000)


async def test_batches_on_the_cluster(manager, tmp_path):
    ours = await computed(tmp_path / "here", "local")
    theirs = await computed(tmp_path / "there", "slurm")
    assert [path.ended for path in ours] == [path.ended for path in theirs]
    for one, other in zip(ours, theirs, strict=True):
        assert np.array_equal(one.positions, other.positions)
    launchers = {record.launcher for record in await manager.history()}
    assert launchers == {"local", "slurm"}


async def test_what_sbatch_refuses_is_told(manager, tmp_path):
    engine = double_well_engine(platform="Reference", nstout=10, sbatch_options={"partition": "no"})
    async with Sampler(engine, folder=tmp_path / "s", seed=1, launcher="slurm") as sampler:
        with pytest.raises(SubmissionError, match="partition"):
            await sampler.run([Snapshot([[0.0, 0, 0]])], n_steps=10)
