"""Trajectories as files: frames, growing files, values cached beside them."""
