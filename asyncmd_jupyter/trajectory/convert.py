"""Extraction and concatenation under the names that downstream packages import."""

from asyncmd_jupyter.frames.concatenate import TrajectoryConcatenator
from asyncmd_jupyter.frames.extract import (
    FrameExtractor,
    InvertedVelocitiesFrameExtractor,
    NoModificationFrameExtractor,
    RandomVelocitiesFrameExtractor,
)

__all__ = [
    "FrameExtractor",
    "InvertedVelocitiesFrameExtractor",
    "NoModificationFrameExtractor",
    "RandomVelocitiesFrameExtractor",
    "TrajectoryConcatenator",
]
