"""Random numbers that are told apart by seed and part."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np


def random_seeds(seed: int | None, part: int) -> Iterator[int]:
    """Seeds for everything random in one part.

    They fit into 31 bit and are never 0, which asks OpenMM for any.
    """
    entropy = None if seed is None else [seed, part]
    generator = np.random.default_rng(np.random.SeedSequence(entropy))
    while True:
        yield int(generator.integers(1, 2**31 - 1))


def derived_seed(seed: int, index: int) -> int:
    """Another seed for each index; programs may have negative ones."""
    return int(np.random.SeedSequence([seed % 2**64, index]).generate_state(1)[0])
