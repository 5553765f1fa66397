"""Scripts of the predecessor find its names here, with the same parameters."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
from types import ModuleType
from typing import Any

import pytest
from predecessor_names import CALLS, NAMES

import asyncmd_jupyter

_NAMES = [f"{owner}.{name}".strip(".") for owner, names in NAMES.items() for name in names.split()]
_BY_POSITION = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.POSITIONAL_ONLY)


def found(name: str) -> Any:
    """What an import statement or attribute access of a script gives."""
    value: Any = asyncmd_jupyter
    for word in name.split("."):
        if not hasattr(value, word) and isinstance(value, ModuleType):
            importlib.import_module(f"{value.__name__}.{word}")
        value = getattr(value, word)
    return value


def parameters(call: Any) -> dict[str, inspect.Parameter]:
    """Its parameters; a class that hands further ones on to its base has those, too."""
    own = dict(inspect.signature(call).parameters)
    if inspect.isclass(call) and any(one.kind is one.VAR_KEYWORD for one in own.values()):
        own |= {
            name: one.replace(kind=one.KEYWORD_ONLY)
            for name, one in parameters(call.__mro__[1]).items()
            if name not in own
        }
    return own


@pytest.mark.parametrize("name", _NAMES)
def test_names(name: str):
    found(name)


@pytest.mark.parametrize(("name", "text"), CALLS.items())
def test_parameters(name: str, text: str):
    wanted = inspect.signature(eval(f"lambda {text}: None")).parameters
    ours = parameters(found(name))
    for position, (key, there) in enumerate(wanted.items()):
        if there.kind is there.VAR_KEYWORD:
            assert any(one.kind is one.VAR_KEYWORD for one in ours.values())
            continue
        here = ours[key]
        if there.kind in _BY_POSITION:
            assert list(ours)[position] == key
            assert here.kind in _BY_POSITION
        if there.default is ...:
            assert here.default is not here.empty, key
        elif there.default is not there.empty:
            assert here.default == there.default, key
    for key, here in ours.items():
        needed = here.default is here.empty and here.kind is not here.VAR_KEYWORD
        assert key in wanted or not needed, f"{key} has to be given here"


def test_modules_can_be_imported_by_a_statement():
    modules = {
        name.rpartition(".")[0]
        for name in (*_NAMES, *CALLS)
        if name.rpartition(".")[0] and isinstance(found(name.rpartition(".")[0]), ModuleType)
    }
    code = "".join(f"import asyncmd_jupyter.{module}\n" for module in sorted(modules))
    assert "import asyncmd_jupyter.trajectory.propagate" in code
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=200)
