"""Live views of runs, jobs, trajectories and conditions."""
