"""A run that is started from a frame of another one which still goes on knows that one."""

from __future__ import annotations

import asyncio

import numpy as np

from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.jupyter.widgets.sources import WalkerSource
from asyncmd_jupyter.sampling.genealogy import genealogy
from asyncmd_jupyter.sampling.restart import restart_from
from asyncmd_jupyter.sampling.run import start_run
from asyncmd_jupyter.testing import ToyEngine


def never(traj):
    return np.zeros(len(traj), dtype=bool)


async def restarted_while_it_grows(frame):
    """Two runs that have ended, the second from a frame of the first while that went on."""
    first = start_run(ToyEngine(seed=1), None, until=[never], name="first", max_steps=10**7)
    source = WalkerSource(first, 0, "first")
    while await asyncio.to_thread(source.follow) <= frame:
        await asyncio.sleep(0.01)
    assert not source.has_ended
    with source.extractable(frame) as (copy, number):
        spec = first.spec
        second = await restart_from(spec, copy, number, name="second")
    return first, second


async def test_the_record_names_the_file_that_grew(here):
    first, second = await restarted_while_it_grows(7)
    [start] = second.spec.start.paths
    [parent] = Trajectory(start, second.spec.start.structure_path).provenance.parents
    assert (parent.frame, parent.step, parent.mark) == (7, 70, None)
    [growing] = first.snapshot().walkers[0].trajectory_files
    assert parent.absolute == str(growing)
    await first.cancel()
    await second.cancel()


async def test_the_history_leads_from_one_to_the_other(here):
    first, second = await restarted_while_it_grows(7)
    await second.cancel()
    await first.cancel()
    family = genealogy(first.spec.workdir)
    start = next(node for node in family.nodes if node.path.name == "start.trr")
    [edge] = family.above[start.id]
    above = family.by_id[edge.parent]
    assert above.kind == "part"
    assert above.path.parent == first.spec.folder
    assert len({node.path for node in family.nodes}) == len(family.nodes)
