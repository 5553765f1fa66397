"""GROMACS: its parameters, its commands and what its files say."""
