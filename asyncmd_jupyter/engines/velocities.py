"""What is done about the velocities of a start, and what is said about it."""

from __future__ import annotations

from asyncmd_jupyter.errors import DrawnVelocitiesWarning


def drawn_velocities(start: str, temperature: float) -> DrawnVelocitiesWarning:
    """Say that a start got new velocities.

    Parameters
    ----------
    start : str
        What has none, as the beginning of a sentence.
    temperature : float
        K
    """
    return DrawnVelocitiesWarning(
        f"{start}: new ones are drawn at {temperature:g} K. Ask for them with velocities='new', or "
        "start from frames with velocities (TRR)."
    )
