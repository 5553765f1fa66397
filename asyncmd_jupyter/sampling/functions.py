"""Functions on trajectories: evaluated once per content, off the event loop, remembered."""

from __future__ import annotations

import asyncio
import copy
import functools
import inspect
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, NamedTuple

from asyncmd_jupyter.frames.cache import ValueCaches
from asyncmd_jupyter.frames.readable import note_on_frames
from asyncmd_jupyter.frames.threads import WorkThreads
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.sampling.callables import callable_name, is_async
from asyncmd_jupyter.sampling.function_id import derive_id, kwargs_id
from asyncmd_jupyter.sampling.function_values import Values, check_values
from asyncmd_jupyter.sampling.process_call import ProcessCall
from asyncmd_jupyter.sampling.processes import FunctionProcesses
from asyncmd_jupyter.sampling.reduction import copied
from asyncmd_jupyter.sampling.single_flight import SingleFlight
from asyncmd_jupyter.sampling.watch import Watch

logger = logging.getLogger(__name__)


class RecentId(NamedTuple):
    """An id, and the watch over everything it was made of, if that can be watched."""

    id: str
    call_kwargs: dict[str, Any]
    watch: Watch | None

    def holds(self, call_kwargs: dict[str, Any]) -> bool:
        """Whether the id would be the same now."""
        return self.watch is not None and call_kwargs is self.call_kwargs and self.watch.holds()


class TrajectoryFunctionWrapper(ABC):
    """Gives one row of values per frame of a trajectory: ``values = await function(trajectory)``.

    Values are looked up by the content of the trajectory and the `id` before anything is
    computed, and at most one computation of the same runs at a time. The arrays handed
    out belong to whoever asked.

    Parameters
    ----------
    call_kwargs : dict, optional
        Passed to the wrapped function at each call.
    """

    _recent_id: RecentId | None = None

    def __init__(self, call_kwargs: dict[str, Any] | None = None) -> None:
        self.call_kwargs = {} if call_kwargs is None else call_kwargs

    @property
    def id(self) -> str:
        """The same in every process as long as the same values would come out."""
        return self._get_id_str()

    @property
    def name(self) -> str:
        """What a person calls the function."""
        return type(self).__name__

    @property
    def unit(self) -> str:
        """Unit of the values, for axes and numbers on the screen; empty if nobody has said it."""
        return ""

    @property
    def needs_whole_part(self) -> bool:
        """Whether it is not evaluated on pieces of a part that is still being computed."""
        return False

    @property
    def needs_earlier_frames(self) -> bool:
        """Whether frames are judged by earlier ones, also by those of earlier parts.

        It is given the frames of all parts so far, joined in one file.
        """
        return False

    @property
    def call_kwargs(self) -> dict[str, Any]:
        """Arguments of each call; a copy, to be set as a whole. Changing it changes the id."""
        return _copied(self._call_kwargs)

    @call_kwargs.setter
    def call_kwargs(self, value: dict[str, Any]) -> None:
        if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
            raise TypeError(f"call_kwargs has to be a dict with names as keys, not {value!r}.")
        self._call_kwargs = _copied(value)

    async def __call__(self, value: Trajectory) -> Values:
        """Values of all frames, first axis n_frames.

        Raises
        ------
        TypeError
            For anything but a `Trajectory`.
        ValueError
            When the function did not give one row of numbers or bools per frame.
        """
        return await self.evaluate(value)

    async def evaluate(self, traj: Trajectory, *, store: bool = True) -> Values:
        """Values of all frames; with ``store=False`` the caches are left alone.

        Parameters
        ----------
        traj : Trajectory
        store : bool
            False for what will never be asked for again, such as a piece of a file that
            is still being written.
        """
        if not isinstance(traj, Trajectory):
            raise TypeError(f"{self.name} takes a Trajectory, not {traj!r}.")
        if store and (known := self._values_at_hand(traj)) is not None:
            return known
        await traj.prepare()
        frozen = self._snapshot()
        if not store:
            return await frozen._checked_values(traj)
        self._recent_id = await asyncio.to_thread(frozen._find_id)
        function_id = self._recent_id.id
        values: Values = await SingleFlight.current().run(
            (traj.trajectory_hash, function_id),
            functools.partial(frozen._remembered_values, traj, function_id),
        )
        return values.copy()

    @abstractmethod
    def _get_id_str(self) -> str:
        """The id. Called often and in threads: has to be quick and must not change anything."""

    @abstractmethod
    async def _get_values_for_trajectory(self, traj: Trajectory) -> Values:
        """Compute the values. Called only when they are not known; is checked afterwards."""

    def _find_id(self) -> RecentId:
        """The id with what tells whether it is still the same; called in threads."""
        return RecentId(self._get_id_str(), self._call_kwargs, None)

    def _values_at_hand(self, traj: Trajectory) -> Values | None:
        """Values that are found within microseconds, for which no thread is worth its while."""
        recent = self._recent_id
        if recent is None or not recent.holds(self._call_kwargs):
            return None
        return ValueCaches.current().peek(traj, recent.id)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_recent_id": None}

    def _id_parts(self) -> tuple[Any, ...]:
        """What stands for this function in the ids of functions that use it."""
        return (self._get_id_str(),)

    def _snapshot(self) -> TrajectoryFunctionWrapper:
        """What is evaluated: later changes of `call_kwargs` must not reach into it."""
        return self

    async def _remembered_values(self, traj: Trajectory, function_id: str) -> Values:
        caches = ValueCaches.current()
        known: Values | None = await asyncio.to_thread(caches.load, traj, function_id)
        if known is not None and known.shape[:1] == (len(traj),):
            return known
        values = await self._checked_values(traj)
        await self._remember(caches, traj, function_id, values)
        return values

    async def _checked_values(self, traj: Trajectory) -> Values:
        values = await self._get_values_for_trajectory(traj)
        return check_values(self.name, values, len(traj), note_on_frames(traj.paths, len(traj)))

    async def _remember(
        self, caches: ValueCaches, traj: Trajectory, function_id: str, values: Values
    ) -> None:
        if await asyncio.to_thread(self._get_id_str) != function_id:
            logger.warning(
                "%s, or something it uses, was changed while it ran: its values are not "
                "remembered. If it only keeps notes for itself, give it an explicit id=.",
                self.name,
            )
            return
        await asyncio.to_thread(caches.store, traj, function_id, values)


class PyTrajectoryFunctionWrapper(TrajectoryFunctionWrapper):
    """Makes a function on trajectories out of any Python callable.

    Parameters
    ----------
    function : Callable
        Called as ``function(trajectory, **call_kwargs)``, gives an array with one row of
        numbers or bools per frame. A synchronous one runs in a thread, an asynchronous
        one in the event loop.
    call_kwargs : dict, optional
    id : str, optional
        Instead of the one derived from the function and all of your code it uses; you
        then have to change it whenever the values would change. ``call_kwargs`` are
        added to it by themselves.
    needs_whole_part : bool
        Whether the function judges a frame by earlier ones, such as "in the state for the
        last 60 frames". It is not evaluated on pieces of a running simulation then, and gets
        the frames of all parts so far in one trajectory, so that a propagation ends at the
        same frame however it is cut into parts. What it says of a frame must not depend on
        later ones: where it does, the propagation is refused as soon as that is noticed.
    use_processes : bool
        Whether the function runs in another Python process, of which there are at most as
        many as ``config.set_max_process`` says. For functions in pure Python, which
        otherwise take turns, and for code that may crash. Function, arguments and
        everything they use are pickled (by cloudpickle, which also takes lambdas and what
        was typed into a notebook). What the function changes outside its result is lost.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        call_kwargs: dict[str, Any] | None = None,
        *,
        id: str | None = None,
        needs_whole_part: bool = False,
        use_processes: bool = False,
    ) -> None:
        _check_id(id)
        super().__init__(call_kwargs)
        self._explicit_id: str | None = None
        self.function = function
        self._explicit_id = id
        self._needs_whole_part = bool(needs_whole_part)
        self._use_processes = bool(use_processes)

    @property
    def function(self) -> Callable[..., Any]:
        """The wrapped callable; the id follows when another one is set."""
        return self._function

    @function.setter
    def function(self, function: Callable[..., Any]) -> None:
        if not callable(function):
            raise TypeError(f"{function!r} can't be called; a function on trajectories is needed.")
        if self._explicit_id is not None:
            raise AttributeError(
                f"The id {self._explicit_id!r} was given for {self.name}, and another function "
                "gives other values: make another wrapper."
            )
        self._function = function
        self._recent_id = None

    @property
    def name(self) -> str:
        """Name of the wrapped callable."""
        return callable_name(self._function)

    @property
    def unit(self) -> str:
        """What the wrapped callable has as its attribute ``unit``, if that is a text."""
        unit = getattr(self._function, "unit", "")
        return unit if isinstance(unit, str) else ""

    @property
    def needs_whole_part(self) -> bool:
        """Whether pieces of a part tell nothing, because frames are not judged one by one."""
        return self._needs_whole_part

    @property
    def needs_earlier_frames(self) -> bool:
        """The same: it is given the frames of all parts so far."""
        return self._needs_whole_part

    @property
    def use_processes(self) -> bool:
        """Whether the function runs in another process."""
        return self._use_processes

    def __repr__(self) -> str:
        kwargs = f", call_kwargs={self._call_kwargs!r}" if self._call_kwargs else ""
        return f"{type(self).__name__}({self.name}{kwargs})"

    def _get_id_str(self) -> str:
        if self._explicit_id is None:
            return derive_id(self._function, self._call_kwargs, name=self.name)
        if not self._call_kwargs:
            return self._explicit_id
        return f"{self._explicit_id}-{kwargs_id(self._call_kwargs, name=self.name)}"

    def _find_id(self) -> RecentId:
        watch = None
        if type(self)._get_id_str is PyTrajectoryFunctionWrapper._get_id_str:
            used = self._function if self._explicit_id is None else None
            watch = Watch.of(used, self._call_kwargs)
        return RecentId(self._get_id_str(), self._call_kwargs, watch)

    def _id_parts(self) -> tuple[Any, ...]:
        # Not the id itself: the function and those that use it may name each other.
        stands_for = self._function if self._explicit_id is None else self._explicit_id
        return (stands_for, self._call_kwargs)

    async def _get_values_for_trajectory(self, traj: Trajectory) -> Values:
        if self._use_processes:
            return await FunctionProcesses.current().run(  # type: ignore[no-any-return]
                functools.partial(
                    ProcessCall.of, self.name, self._function, traj, self._call_kwargs
                )
            )
        call = functools.partial(self._function, traj, **self._call_kwargs)
        if is_async(self._function):
            return await call()  # type: ignore[no-any-return]
        result = await WorkThreads.current().run(call)
        return await result if inspect.isawaitable(result) else result  # type: ignore[no-any-return]

    def _snapshot(self) -> PyTrajectoryFunctionWrapper:
        return copy.copy(self)


def _check_id(id: Any) -> None:
    if id is None:
        return
    if not isinstance(id, str) or not id.strip():
        raise TypeError(f"id has to be a text that is not empty, not {id!r}.")
    if "\0" in id or any("\ud800" <= character <= "\udfff" for character in id):
        raise ValueError(f"id={id!r} has characters that can't be stored.")


def _copied(kwargs: dict[str, Any]) -> dict[str, Any]:
    try:
        return copied(kwargs)
    except Exception:  # some values can't be copied; the id notices when they change
        return dict(kwargs)
