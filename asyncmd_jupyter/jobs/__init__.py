"""Run a command somewhere and know what became of it. Knows no MD and no Jupyter."""
