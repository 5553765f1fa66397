"""Extraction and concatenation under the names that downstream packages import."""

from asyncmd_jupyter.frames.concatenate import TrajectoryConcatenator

__all__ = ["TrajectoryConcatenator"]
