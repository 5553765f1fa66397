"""A kernel that is killed while it prepares a simulation keeps nobody from preparing it."""

from __future__ import annotations

from pathlib import Path

import pytest
from engine_systems import double_well_engine

from asyncmd_jupyter.files import writing


class KilledError(Exception):
    """Nothing is done after this."""


def engine():
    return double_well_engine(platform="Reference", nstout=10)


@pytest.mark.parametrize("n_written", range(4))
async def test_it_can_be_prepared_again(manager, tmp_path: Path, monkeypatch, n_written):
    replace, done = writing._replace, []

    def ended_in_between(*arguments, **options):
        if len(done) == n_written:
            raise KilledError
        done.append(arguments[0])
        replace(*arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(writing, "_replace", ended_in_between)
        with pytest.raises(KilledError):
            await engine().prepare(None, tmp_path, "sim")
    before = sorted(tmp_path.iterdir())
    assert not (tmp_path / "sim.start.npz").exists()
    with pytest.raises(FileNotFoundError, match="Nothing named 'sim' was prepared"):
        await engine().prepare_from_files(tmp_path, "sim")
    assert sorted(tmp_path.iterdir()) == before
    await (again := engine()).prepare(None, tmp_path, "sim")
    part = await again.run_steps(20)
    assert part.frame_table().steps.tolist() == [0, 10, 20]
