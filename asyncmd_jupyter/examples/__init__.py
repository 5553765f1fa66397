"""Molecules to try things with; `notebooks/systems` says how they were made."""

from pathlib import Path


def alanine_dipeptide() -> Path:
    """PDB file of ACE-ALA-NME (22 atoms), halfway between its states alphaR and C7eq."""
    return Path(__file__).with_name("alanine_dipeptide.pdb")
