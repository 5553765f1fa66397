"""Whole campaigns on which faults of file systems are inflicted, and kills at every step.

``python -m tests.faults`` prints a table; it takes a C compiler, and root for the full disk.
"""
