"""MD programs whose steps are taken by a Python process of ours.

The engine writes a specification, a worker process computes it. What differs between
programs is how a step is taken (`simulation.Simulation`) and what describes the physics.
"""
