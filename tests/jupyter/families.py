"""Genealogies as campaigns leave them, without computing one."""

from __future__ import annotations

import random
from pathlib import Path

from asyncmd_jupyter.frames.provenance_parents import Parent
from asyncmd_jupyter.sampling.genealogy import Edge, Genealogy, Node


def part(name: str, run: str, walker: str, begin: float, end: float, number: int = 1) -> Node:
    return Node(
        id=f"{name}.{number}",
        path=Path("/campaign") / run / f"{name}.part{number:04d}.trr",
        kind="part",
        simulation=f"/campaign/{run}/{name}",
        run=run,
        walker=walker,
        n_frames=11,
        first_time=begin,
        last_time=end,
        words=f"part {number} of {name}",
    )


def taken(frame: int, time: float) -> Parent:
    return Parent("x", "", frame=frame, last_frame=frame, time=time, last_time=time)


def weighted_ensemble(n_walkers: int, n_generations: int, seed: int = 1) -> Genealogy:
    """Each generation begins at the ends of some of the last one."""
    chance = random.Random(seed)
    nodes, edges = [], []
    before: list[Node] = []
    for generation in range(n_generations):
        run = f"iteration_{generation + 1}"
        here = [
            part(f"{run}_{w}", run, str(w), 0.0, chance.choice((8.0, 10.0)))
            for w in range(n_walkers)
        ]
        for node in here if before else ():
            parent = chance.choice(before)
            edges.append(Edge(parent.id, node.id, taken(10, parent.last_time)))
        nodes += here
        before = here
    return Genealogy(tuple(nodes), tuple(edges))


def shooting(n_shots: int, seed: int = 2) -> Genealogy:
    """Each shot begins within an earlier one."""
    chance = random.Random(seed)
    nodes = [part("first", "first", "", 0.0, 20.0)]
    edges = []
    for number in range(n_shots):
        parent = chance.choice(nodes[-6:])
        time = chance.uniform(2.0, parent.last_time - 1)
        name = f"shot_{number}"
        child = part(name, name, "", 0.0, chance.uniform(5.0, 14.0))
        nodes.append(child)
        edges.append(Edge(parent.id, child.id, taken(5, time)))
    return Genealogy(tuple(nodes), tuple(edges))
