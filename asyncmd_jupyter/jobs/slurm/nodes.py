"""Lists of nodes as Slurm writes them: ``a[1-2,07-09],b3`` is seven names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import product

_NO_NODES = ("", "(null)", "N/A", "n/a", "None", "None assigned", "(None)")
_NAME = re.compile(r"(?:[^,\[\]]|\[[^\[\]]*\])+")
_BRACKETS = re.compile(r"\[([^\[\]]*)\]")
_RANGE = re.compile(r"(\d+)(?:-(\d+)(?::(\d+))?)?")


def expand_nodes(text: str) -> tuple[str, ...]:
    """Every node of a list, in its order.

    Raises
    ------
    ValueError
        The text is no list of nodes.
    """
    text = text.strip()
    if text in _NO_NODES:
        return ()
    names = _NAME.findall(text)
    if ",".join(names) != text:
        raise ValueError(f"{text!r} is no list of nodes.")
    return tuple(node for name in names for node in _expand(name))


def listed_nodes(text: str) -> tuple[str, ...]:
    """Every node of a list of Slurm's own; none if it can't be read."""
    try:
        return expand_nodes(text)
    except ValueError:
        return ()


def compact_nodes(names: Iterable[str]) -> str:
    """The list in the way of Slurm: ``a[1-2,4],b3``."""
    groups: dict[tuple[str, int], list[int]] = {}
    for name in sorted(set(names)):
        stem = name.rstrip("0123456789")
        width = len(name) - len(stem)
        groups.setdefault((stem, width), []).extend([int(name[len(stem) :])] if width else [])
    return ",".join(
        stem + _bracketed(numbers, width) for (stem, width), numbers in sorted(groups.items())
    )


def _bracketed(numbers: list[int], width: int) -> str:
    begins = [n for n in numbers if n - 1 not in numbers]
    ends = [n for n in numbers if n + 1 not in numbers]
    runs = [
        f"{first:0{width}d}" if first == last else f"{first:0{width}d}-{last:0{width}d}"
        for first, last in zip(begins, ends, strict=True)
    ]
    return f"[{','.join(runs)}]" if len(numbers) > 1 else "".join(runs)


def expand_numbers(text: str) -> Iterator[str]:
    """Every number of ``3,07-09,20-30:5``, with the zeros in front that the text has."""
    for part in text.split(","):
        match = _RANGE.fullmatch(part.strip())
        if match is None:
            raise ValueError(f"{text!r} is no list of numbers.")
        first, last, step = match.groups()
        numbers = range(int(first), int(last or first) + 1, int(step or 1))
        yield from (f"{number:0{len(first)}d}" for number in numbers)


def _expand(name: str) -> Iterator[str]:
    fixed_and_ranges = _BRACKETS.split(name)
    choices = (
        list(expand_numbers(piece)) if position % 2 else [piece]
        for position, piece in enumerate(fixed_and_ranges)
    )
    return map("".join, product(*choices))
