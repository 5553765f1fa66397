"""The trajectory class under the name that downstream packages import."""

from asyncmd_jupyter.frames.trajectory import Trajectory

__all__ = ["Trajectory"]
