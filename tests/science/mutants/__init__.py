"""Mutants of the physics: small faults put into a copy of the package, each seen by a test.

``python -m tests.science.mutants`` applies them one by one and says which of them no test
notices; CONTRIBUTING.md says more.
"""
