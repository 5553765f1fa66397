"""Run jobs through Slurm. Commands and replies are pure; only `client` starts processes."""
