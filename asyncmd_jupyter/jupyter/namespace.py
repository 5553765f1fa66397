"""Names of the notebook: what they stand for, and which are near a wrong one."""

from __future__ import annotations

import ast
import difflib
import sys
from collections.abc import Callable, Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from asyncmd_jupyter.jupyter.parsers import unquoted

Namespace = Mapping[str, Any]
Kind = Callable[[Any], bool]
LONGEST = 60
_MOST_NAMES = 8


class UnknownNameError(ValueError):
    """A name that stands for nothing in the notebook."""


def look_up(expression: str, names: Namespace, kind: Kind | None = None) -> Any:
    """Find what an expression stands for: a name, ``walkers[0]`` or ``result.start``.

    Nothing is called and no operator is applied.

    Parameters
    ----------
    expression : str
    names : Mapping
        The user's namespace.
    kind : callable, optional
        Says of a value whether it is of the kind that is wanted; such names are proposed
        first when there is no such name.

    Raises
    ------
    UnknownNameError
        Naming the nearest one that there is.
    ValueError
        It is no such expression, or has no such index or attribute.
    """
    try:
        node = ast.parse(expression, mode="eval").body
    except SyntaxError:
        node = None
    return _value(node, expression, names, kind)


def look_up_start(expression: str, names: Namespace) -> Any:
    """Find a starting configuration, or a list of them: as in `look_up`, or a file."""
    text = unquoted(expression)
    if text != expression:
        return text
    try:
        value = look_up(expression, names, is_trajectory)
    except ValueError as error:
        if Path(text).exists():
            return text
        if Path(text).suffix and not _is_path_of(expression, names):
            raise ValueError(
                f"There is neither a file nor a name {text!r} here. {error}"
            ) from error
        raise
    return _as_start(value, expression)


def _as_start(value: Any, expression: str) -> Any:
    if isinstance(value, list | tuple):
        return [_as_start(each, f"{expression}[{index}]") for index, each in enumerate(value)]
    if value is None or isinstance(value, str | PathLike) or is_trajectory(value):
        return value
    raise ValueError(
        f"{expression} is {shown(value)}, but a start is a Trajectory or the name of a file."
    )


def shown(value: Any) -> str:
    """Write a value so that it fits into a message."""
    text = " ".join(repr(value).split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def check_engine(value: Any, expression: str, names: Namespace) -> None:
    """Refuse what is no engine, and say which ones there are.

    Raises
    ------
    TypeError
    """
    if is_engine(value):
        return
    kind = "a trajectory" if is_trajectory(value) else shown(value)
    engines = names_of(is_engine, names)
    there = f"engines here: {', '.join(engines)}" if engines else "there is no engine here yet"
    raise TypeError(f"{expression} is {kind}, no MD engine such as an OpenMMEngine; {there}.")


def nearest(name: str, known: Iterable[str]) -> str:
    """Write the end of an error: a proposal, or what there is."""
    candidates = sorted(set(known))
    near = difflib.get_close_matches(name, candidates, 1, 0.6)
    near = near or [c for c in candidates if c.lower() == name.lower()]
    if near:
        return f" Did you mean {near[0]!r}?"
    more = f" and {len(candidates) - _MOST_NAMES} more" if len(candidates) > _MOST_NAMES else ""
    return f" There is: {', '.join(candidates[:_MOST_NAMES])}{more}." if candidates else ""


def names_of(kind: Kind, names: Namespace) -> list[str]:
    """List the user's names that stand for something of a kind."""
    return [name for name, value in list(names.items()) if not name.startswith("_") and kind(value)]


def is_engine(value: Any) -> bool:
    """Whether it is an MD engine; false as long as nobody has imported engines."""
    return _is_instance(value, "asyncmd_jupyter.engines.base", "MDEngine")


def is_trajectory(value: Any) -> bool:
    """Whether it is a trajectory."""
    return _is_instance(value, "asyncmd_jupyter.frames.trajectory", "Trajectory")


def is_condition(value: Any) -> bool:
    """Whether it could be a condition: one of ours, or a function of the user."""
    if _is_instance(value, "asyncmd_jupyter.sampling.conditions", "Condition"):
        return True
    if isinstance(value, type) or not callable(value):
        return False
    home = getattr(value, "__module__", None) or ""
    return home == "__main__" or not home.startswith(
        ("IPython", "builtins", "ipykernel", "matplotlib", "_")
    )


def _is_instance(value: Any, module: str, name: str) -> bool:
    kind = getattr(sys.modules.get(module), name, None)
    return isinstance(kind, type) and isinstance(value, kind)


def _value(node: ast.expr | None, expression: str, names: Namespace, kind: Kind | None) -> Any:
    match node:
        case ast.Name(id=name):
            if name in names:
                return names[name]
            known = names_of(kind, names) if kind else []
            hint = nearest(name, known or names_of(lambda _: True, names))
            raise UnknownNameError(f"There is nothing called {name!r} in this notebook.{hint}")
        case ast.Attribute(value=inner, attr=attribute):
            return _attribute(_value(inner, expression, names, kind), attribute, expression)
        case ast.Subscript(value=inner, slice=index):
            return _item(_value(inner, expression, names, kind), index, expression)
    raise ValueError(
        f"{expression!r} is neither a name of this notebook nor an expression such as "
        "walkers[0] or run.result. Give it a name in a cell first."
    )


def _attribute(owner: Any, name: str, expression: str) -> Any:
    try:
        return getattr(owner, name)
    except AttributeError as error:
        public = [known for known in dir(owner) if not known.startswith("_")]
        raise ValueError(f"{expression!r}: {error}.{nearest(name, public)}") from error


def _item(owner: Any, index: ast.expr, expression: str) -> Any:
    try:
        return owner[ast.literal_eval(index)]
    except (LookupError, TypeError, ValueError) as error:
        raise ValueError(f"{expression!r} can't be looked up: {error}.") from error


def _is_path_of(expression: str, names: Namespace) -> bool:
    """Whether it begins with a name that the user has, so that it is no file."""
    head = expression.partition(".")[0].partition("[")[0]
    return head in names


def check_workdir(folder: str | None) -> None:
    """Refuse a file in the place of a folder.

    Raises
    ------
    NotADirectoryError
    """
    if folder is not None and Path(folder).is_file():
        raise NotADirectoryError(f"--workdir {folder} is a file: give a folder.")
