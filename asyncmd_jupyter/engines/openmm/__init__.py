"""OpenMM in a worker process."""
