"""Energies, temperature, density and more that MD programs write beside their trajectories."""
