"""The examples in docstrings run."""

from __future__ import annotations

import doctest
import importlib

import pytest


@pytest.mark.parametrize("name", ["cv", "path", "snapshot"])
def test_examples(name):
    found = doctest.testmod(importlib.import_module(f"asyncmd_jupyter.methods.{name}"))
    assert found.attempted > 1
    assert not found.failed
