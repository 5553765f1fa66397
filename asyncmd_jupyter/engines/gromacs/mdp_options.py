"""What engines have to know of GROMACS' parameters, and to set."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any, TypeVar

Parameters = TypeVar("Parameters", bound=MutableMapping[str, Any])

_POSITIONS_EVERY = {"TRR": "nstxout", "XTC": "nstxout-compressed"}
_BESIDE_POSITIONS = ("nstvout", "nstfout")


def nstout_from_mdp(mdp: Mapping[str, Any], traj_type: str = "TRR") -> int:
    """How many MD steps lie between two frames with positions.

    Parameters
    ----------
    mdp : MDP
    traj_type : str
        "TRR" or "XTC", in any case.

    Raises
    ------
    ValueError
        If such trajectories are not written, or would have frames without positions.
    """
    option = _POSITIONS_EVERY[_checked_type(traj_type)]
    every = mdp.get(option, 0)
    if every < 1:
        raise ValueError(
            f"{option} = {every} in {_name(mdp)} writes no {traj_type.upper()} trajectory: set "
            f"{option} to the number of steps between two frames."
        )
    if option == "nstxout":
        _check_frames_have_positions(mdp, every)
    return int(every)


def ensure_mdp_options(
    mdp: Parameters, genvel: str | bool = "no", continuation: str | bool = "yes"
) -> Parameters:
    """Set how a simulation begins, in `mdp` itself.

    Parameters
    ----------
    mdp : MDP
    genvel : "yes" or "no"
        Whether velocities are drawn.
    continuation : "yes" or "no"
        Whether the constraints are taken to be fulfilled already.

    Returns
    -------
    MDP
        The same object.
    """
    wanted = {"gen-vel": _yes_or_no("genvel", genvel)}
    wanted["continuation"] = _yes_or_no("continuation", continuation)
    for option, value in wanted.items():
        if str(mdp.get(option, "")).lower() != value:
            mdp[option] = value
    return mdp


def _checked_type(traj_type: str) -> str:
    if not isinstance(traj_type, str) or traj_type.upper() not in _POSITIONS_EVERY:
        known = " or ".join(_POSITIONS_EVERY)
        raise ValueError(f"traj_type={traj_type!r} is no trajectory of GROMACS: give {known}.")
    return traj_type.upper()


def _check_frames_have_positions(mdp: Mapping[str, Any], every: int) -> None:
    for option in _BESIDE_POSITIONS:
        other = mdp.get(option, 0)
        if other > 0 and other % every:
            raise ValueError(
                f"{option} = {other} in {_name(mdp)} is no multiple of nstxout = {every}: there "
                f"would be frames without positions. Set {option} to 0 or to a multiple."
            )


def _yes_or_no(name: str, value: str | bool) -> str:
    text = ("yes" if value else "no") if isinstance(value, bool) else value
    if not isinstance(text, str) or text.lower() not in ("yes", "no"):
        raise ValueError(f"{name}={value!r} has to be 'yes' or 'no'.")
    return text.lower()


def _name(mdp: Mapping[str, Any]) -> str:
    return repr(getattr(mdp, "original_file", "the parameters"))
