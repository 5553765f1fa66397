"""Attributes of engines and propagators: arguments that can be read and set, and no mistyped ones.

Assigning to a name that nobody reads would be without effect, so it is an error. A class
outside of this package may set what it likes in its ``__init__``; later only names that look
like a mistyped one of ours are refused.
"""

from __future__ import annotations

import copy
import difflib
import functools
import inspect
from abc import ABCMeta
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

_PACKAGE = __name__.partition(".")[0]
_MADE = "_is_made"
_NEAR = 0.8

T = TypeVar("T")


class Argument:
    """An argument of a class: its default is read on the class, its value on an object.

    Parameters
    ----------
    default : object
    check : callable
        Called as ``check(name, value)``; gives the value to keep, or raises.
    """

    def __init__(self, default: Any, check: Callable[[str, Any], Any]) -> None:
        self.default = default
        self._check = check
        self._name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self.default if instance is None else vars(instance).get(self._name, self.default)

    def __set__(self, instance: Any, value: Any) -> None:
        vars(instance)[self._name] = self._check(self._name, value)

    def with_default(self, default: Any) -> Argument:
        """The same with another default, which is checked."""
        made = copy.copy(self)
        made.default = self._check(self._name, default)
        return made


def argument_of(cls: type, name: str) -> Argument:
    """The argument itself, where the class would answer with its default."""
    found = inspect.getattr_static(cls, name)
    assert isinstance(found, Argument)  # noqa: S101 - for the type checker
    return found


def _inherited(cls: type, name: str) -> Any:
    return next((vars(base)[name] for base in cls.__mro__[1:] if name in vars(base)), None)


def _is_ours(cls: type) -> bool:
    return cls.__module__.partition(".")[0] == _PACKAGE


class KnownAttributesClass(ABCMeta):
    """Class of classes with arguments: a value assigned to one of them is its new default."""

    def __init__(
        cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any
    ) -> None:
        super().__init__(name, bases, namespace, **options)
        if "__init__" in namespace and not _is_ours(cls):
            type.__setattr__(cls, "__init__", _marking(namespace["__init__"]))
        for key, value in namespace.items():
            inherited = _inherited(cls, key)
            if isinstance(inherited, Argument) and not hasattr(value, "__get__"):
                type.__setattr__(cls, key, inherited.with_default(value))

    def __setattr__(cls, name: str, value: Any) -> None:
        known = inspect.getattr_static(cls, name, None)
        if isinstance(known, Argument) and not hasattr(value, "__get__"):
            value = known.with_default(value)
        super().__setattr__(name, value)


def _marking(init: Callable[..., None]) -> Callable[..., None]:
    """An ``__init__`` that notes when the outermost one has ended."""

    @functools.wraps(init)
    def marking(self: Any, *args: Any, **kwargs: Any) -> None:
        init(self, *args, **kwargs)
        if type(self).__init__ is marking:
            vars(self)[_MADE] = True

    return marking


class KnownAttributes(metaclass=KnownAttributesClass):
    """Objects that refuse attributes which nobody would read."""

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name.startswith("_") or self._is_known(name)):
            self._refuse_mistyped(name)
        super().__setattr__(name, value)

    def _is_known(self, name: str) -> bool:
        classes = type(self).__mro__
        return name in vars(self) or any(
            name in vars(cls) or name in vars(cls).get("__annotations__", ()) for cls in classes
        )

    def _refuse_mistyped(self, name: str) -> None:
        known = [key for key in (*dir(type(self)), *vars(self)) if not key.startswith("_")]
        is_ours, is_being_made = _is_ours(type(self)), _is_being_made(self)
        near = difflib.get_close_matches(name, known, 1, 0.0 if is_ours else _NEAR)
        if near and (is_ours or not is_being_made):
            raise AttributeError(
                f"{type(self).__name__} has no attribute {name!r}, and setting it would be without "
                f"effect. Did you mean {near[0]!r}?"
            )


def _is_being_made(instance: Any) -> bool:
    is_marking = hasattr(type(instance).__init__, "__wrapped__")
    return is_marking and not vars(instance).get(_MADE)


class _Text(str):
    __slots__ = ()


class _Number(float):
    __slots__ = ()


def default_of_class(value: T) -> T:
    """A default of a parameter that stands for the default of the class.

    A subclass may have another one, and the value itself may be given on purpose.
    """
    return _Text(value) if isinstance(value, str) else _Number(value)  # type: ignore[return-value, arg-type]


def is_given(value: Any) -> bool:
    """Whether a parameter has been given, be it the value that is the default."""
    return not isinstance(value, _Text | _Number)


if TYPE_CHECKING:
    default_property = property
else:

    class default_property:  # noqa: N801 - in the place of property
        """A property of a base that subclasses and their objects may replace by anything."""

        def __init__(self, function: Callable[[Any], Any]) -> None:
            self._function = function
            self.__doc__ = function.__doc__

        def __get__(self, instance: Any, owner: type | None = None) -> Any:
            return self if instance is None else self._function(instance)
