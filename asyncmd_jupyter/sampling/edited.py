"""Conditions with other limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from asyncmd_jupyter.sampling.conditions import Condition
from asyncmd_jupyter.sampling.states import Within

Limits = tuple[float, float]


def intervals(condition: Condition) -> Iterator[Within]:
    """Yield the intervals that a condition is made of, from left to right."""
    if isinstance(condition, Within):
        yield condition
    for part in condition.parts:
        yield from intervals(part)


def edited(condition: Condition, limits: Mapping[int, Limits]) -> Condition:
    """Give some intervals of a condition other limits.

    Parameters
    ----------
    condition : Condition
        Is not changed.
    limits : Mapping
        Place of an interval among the `intervals` -> low and high.

    Raises
    ------
    ValueError
        For limits between which nothing can lie.
    """
    return _edited(condition, limits, iter(range(10**9)))


def _edited(condition: Condition, limits: Mapping[int, Limits], place: Iterator[int]) -> Condition:
    if isinstance(condition, Within):
        here = next(place)
        return condition.with_limits(*limits[here]) if here in limits else condition
    if not condition.parts:
        return condition
    return condition.with_parts([_edited(part, limits, place) for part in condition.parts])


def edited_all(
    conditions: Sequence[Condition], edits: Mapping[tuple[str, int], Limits]
) -> list[Condition]:
    """Edit conditions that are told by their names, which they keep.

    Parameters
    ----------
    conditions : sequence of Condition
    edits : Mapping
        Name of a condition and place of an interval in it -> low and high.
    """
    changed = []
    for condition in conditions:
        mine = {place: limits for (name, place), limits in edits.items() if name == condition.name}
        changed.append(edited(condition, mine).renamed(condition.name) if mine else condition)
    return changed
