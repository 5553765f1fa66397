"""The names of the trajectory module: all there, and loaded only when they are used."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import asyncmd_jupyter.trajectory as face


def test_names_that_checkers_see_are_those_that_are_there():
    tree = ast.parse(Path(face.__file__).read_text())
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    seen = {
        alias.name: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == {name: f"asyncmd_jupyter.{home}" for name, home in face._HOMES.items()}
    assert sorted(face.__all__) == sorted(seen)
    assert set(face.__all__) <= set(dir(face))
    for name in (*face.__all__, *face._MODULES):
        assert getattr(face, name).__name__.rpartition(".")[2] in (name, *seen)


def test_nothing_is_loaded_before_it_is_used():
    code = (
        "import sys, asyncmd_jupyter as package; package.trajectory;"
        "heavy = {'numpy', 'asyncio', 'MDAnalysis', 'psutil', 'IPython', 'h5py'};"
        "print(sorted(heavy & set(sys.modules)));"
        "print(package.trajectory.convert.TrajectoryConcatenator.__name__)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split("\n")[:2] == ["[]", "TrajectoryConcatenator"]
