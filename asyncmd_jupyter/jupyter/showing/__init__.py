"""Functions that show something in the notebook, one file for each."""
