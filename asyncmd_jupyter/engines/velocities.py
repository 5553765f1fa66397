"""What is done about the velocities of a start, and what is said about it.

One rule holds for all engines and ways to start: what a start has is kept, what it lacks is
drawn, and ``velocities="new"`` draws always.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asyncmd_jupyter.engines.base import WITHOUT_NAMES, StartingConfiguration
from asyncmd_jupyter.errors import DrawnVelocitiesWarning
from asyncmd_jupyter.frames.trajectory import Trajectory

VELOCITIES = ("keep", "new")


@dataclass(frozen=True)
class StartVelocities:
    """What became of the velocities of a start.

    Attributes
    ----------
    drawn : bool
        Whether they are new.
    temperature : float or None
        K, of those that are drawn.
    why : str
        Why they are drawn, or are not although they might be expected to be.
    warning : UserWarning or None
        What a user should hear.
    """

    drawn: bool = False
    temperature: float | None = None
    why: str = ""
    warning: UserWarning | None = None

    def to_json(self) -> dict[str, Any]:
        """For the record of origin; empty for those that were kept, as is to be expected."""
        if not self.drawn:
            return {"from": "start", "because": self.why} if self.why else {}
        return {"from": "drawn", "temperature": self.temperature, "because": self.why}


def check_velocities(velocities: Any) -> None:
    """Refuse what is neither ``keep`` nor ``new``.

    Raises
    ------
    ValueError
    """
    if velocities not in VELOCITIES:
        raise ValueError(
            f"velocities={velocities!r} has to be 'keep' (those of the start; drawn where it has "
            "none) or 'new' (drawn in any case)."
        )


def decide(
    velocities: str,
    start: StartingConfiguration,
    *,
    has: bool,
    temperature: float | None,
    asks_for_rest: Path | None = None,
    note: str = "",
) -> StartVelocities:
    """Decide by the one rule.

    Parameters
    ----------
    velocities : str
        ``keep`` or ``new``.
    start : Trajectory, path or None
    has : bool
        Whether the start has velocities.
    temperature : float or None
        K, at which the engine would draw some.
    asks_for_rest : Path, optional
        Structure that stands for no start, where the engine's parameters say that none are
        drawn for it, so that it is surprising if they are.
    note : str
        What a user should know of the temperature, see `MDEngine.temperature_note`.

    Raises
    ------
    ValueError
        If velocities have to be drawn and no temperature is known.
    """
    if velocities == "keep" and has:
        return StartVelocities()
    if temperature is None:
        lacking = "velocities='new' asks for new velocities"
        raise ValueError(
            f"{lacking if velocities == 'new' else 'The start has no velocities'} and the engine "
            "has no temperature to draw them: give it one, or a start with velocities."
        )
    if velocities == "new":
        return StartVelocities(True, temperature, "asked for", UserWarning(note) if note else None)
    source = _frame_of(start) or (None if start is not None else asks_for_rest)
    warning = None if source is None else drawn_velocities(str(source), temperature, note)
    return StartVelocities(True, temperature, "the start has none", warning)


def drawn_velocities(source: str, temperature: float, note: str = "") -> DrawnVelocitiesWarning:
    """Say that a start got new velocities.

    Parameters
    ----------
    source : str
        What has none.
    temperature : float
        K
    note : str
        On the temperature, see `MDEngine.temperature_note`.
    """
    return DrawnVelocitiesWarning(
        f"The start has no velocities ({source}): new ones are drawn at {temperature:g} K"
        f"{f' ({note})' if note else ''}. Ask for them with velocities='new', or start from a "
        "frame that has some (TRR)."
    )


def _frame_of(start: StartingConfiguration) -> Path | None:
    """The file of a frame, which might be thought to have velocities.

    Nobody expects them of the path of a structure that a first simulation begins with.
    """
    if isinstance(start, Trajectory):
        return start.paths[0]
    is_frame = start is not None and Path(start).suffix.lower() in WITHOUT_NAMES
    return Path(start) if start is not None and is_frame else None
