"""Extraction and concatenation under the names that downstream packages import."""

from asyncmd_jupyter.frames.concatenate import TrajectoryConcatenator
from asyncmd_jupyter.frames.extract import (
    FrameExtractor,
    InvertedVelocitiesFrameExtractor,
    NoModificationFrameExtractor,
    RandomVelocitiesFrameExtractor,
)
from asyncmd_jupyter.sampling.path import construct_tp_from_plus_and_minus_traj_segments

__all__ = [
    "FrameExtractor",
    "InvertedVelocitiesFrameExtractor",
    "NoModificationFrameExtractor",
    "RandomVelocitiesFrameExtractor",
    "TrajectoryConcatenator",
    "construct_tp_from_plus_and_minus_traj_segments",
]
