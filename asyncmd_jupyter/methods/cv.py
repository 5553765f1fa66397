"""Functions of coordinates."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.frames.threads import WorkThreads
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.methods.path import InTrajectory, Path
from asyncmd_jupyter.methods.snapshot import Snapshot
from asyncmd_jupyter.sampling.callables import callable_name
from asyncmd_jupyter.sampling.function_id import derive_id, digest
from asyncmd_jupyter.sampling.function_values import Values
from asyncmd_jupyter.sampling.functions import RecentId, TrajectoryFunctionWrapper
from asyncmd_jupyter.sampling.watch import Watch


class CV(TrajectoryFunctionWrapper):
    """A collective variable: a function of the positions of all atoms.

    It can be asked of paths and snapshots (``cv(path)``), which answers at once, and of trajectory
    files (``await cv(trajectory)``), whose values are remembered; `Within` makes a condition of it.

    Parameters
    ----------
    function : Callable
        Called with an array of positions in nm, shape (n_frames, n_atoms, 3), gives one number
        or one row of numbers for each frame. If it has a parameter called ``box``, it is given
        the box vectors in nm, shape (n_frames, 3, 3), or None.
    name : str, optional
        By default the function's.
    period : float, optional
        After which values repeat, such as 360 for an angle in degrees. `Within` takes it over.

    Raises
    ------
    TypeError
        If `function` can't be called, or awaits something.

    Examples
    --------
    >>> import numpy as np
    >>> from asyncmd_jupyter.methods import CV, Snapshot
    >>> distance = CV(lambda x: np.linalg.norm(x[:, 0] - x[:, 1], axis=1), name="distance")
    >>> float(distance(Snapshot([[0, 0, 0], [3, 4, 0]])))
    5.0
    """

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        name: str | None = None,
        period: float | None = None,
    ) -> None:
        if not callable(function) or inspect.iscoroutinefunction(function):
            raise TypeError(
                f"{function!r} is not a function of positions that gives values at once."
            )
        super().__init__()
        self._function = function
        self._name = name
        self._period = None if period is None else _checked_period(period)
        self._takes_box = "box" in _parameters(function)

    @property
    def function(self) -> Callable[..., Any]:
        """The function of positions."""
        return self._function

    @property
    def name(self) -> str:
        """What a person calls it."""
        return self._name or callable_name(self._function)

    @property
    def period(self) -> float | None:
        """After which values repeat."""
        return self._period

    @overload
    def __call__(self, value: Path | Snapshot) -> NDArray[Any]: ...

    @overload
    def __call__(self, value: Trajectory) -> Any: ...

    def __call__(self, value: Any) -> Any:
        """Values of a path or a snapshot, or a coroutine for those of a trajectory.

        Returns
        -------
        array
            One row for each snapshot of a path; without that axis for a single snapshot.
        """
        if isinstance(value, Path):
            return value.values(self)
        if isinstance(value, Snapshot):
            box = None if value.box is None else value.box[None]
            return self.of_positions(value.positions[None], box)[0]
        if isinstance(value, Trajectory):
            return self.evaluate(value)
        raise TypeError(f"{self.name} takes a Path, a Snapshot or a Trajectory, not {value!r}.")

    def of_positions(
        self, positions: NDArray[Any], box: NDArray[Any] | None = None
    ) -> NDArray[Any]:
        """Values of frames in memory.

        Parameters
        ----------
        positions : array
            nm, shape (n_frames, n_atoms, 3).
        box : array, optional
            nm, shape (n_frames, 3, 3).

        Raises
        ------
        ValueError
            If the function does not give one row for each frame.
        """
        options = {"box": box} if self._takes_box else {}
        values = np.asarray(self._function(positions, **options))
        if (
            values.shape[:1] != (len(positions),)
            or values.ndim > 2
            or values.dtype.kind not in "bif"
        ):
            raise ValueError(
                f"{self.name} has to give one number or row of numbers for each of "
                f"{len(positions)} frames, but gave an array of {values.dtype} with the shape "
                f"{values.shape}. It is called with positions of the shape {positions.shape}, the "
                "first axis being frames."
            )
        return values

    def _get_id_str(self) -> str:
        return digest("cv", derive_id(self._function, {}, name=callable_name(self._function)))

    def _find_id(self) -> RecentId:
        return RecentId(self._get_id_str(), self._call_kwargs, Watch.of(self._function, {}))

    def _id_parts(self) -> tuple[Any, ...]:
        return ("cv", self._function)

    async def _get_values_for_trajectory(self, traj: Trajectory) -> Values:
        view = Path.from_frames(InTrajectory(traj), dt=1.0)  # times do not matter
        values: Values = await WorkThreads.current().run(functools.partial(view.values, self))
        return values

    def __repr__(self) -> str:
        period = "" if self._period is None else f", period={self._period:g}"
        return f"CV({callable_name(self._function)}, name={self.name!r}{period})"


def _parameters(function: Callable[..., Any]) -> Any:
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):  # some of C have none
        return ()


def _checked_period(period: Any) -> float:
    if isinstance(period, bool) or not isinstance(period, int | float) or not 0 < period < np.inf:
        raise ValueError(f"period={period!r} has to be a positive number.")
    return float(period)
