"""Whole campaigns on which faults of file systems are inflicted, and kills at every step.

``python -m tests.faults`` prints a table; it takes a C compiler, and root for the full disk.
"""

import sys
from pathlib import Path

_TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(_TESTS), str(_TESTS / "engines")]  # as pytest does it
