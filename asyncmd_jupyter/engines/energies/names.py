"""Names of columns that all MD programs share."""

POTENTIAL, KINETIC, TOTAL = "Potential energy", "Kinetic energy", "Total energy"
CONSERVED, TEMPERATURE, PRESSURE = "Conserved energy", "Temperature", "Pressure"
DENSITY, VOLUME = "Density", "Volume"
SHARED = (POTENTIAL, KINETIC, TOTAL, CONSERVED, TEMPERATURE, PRESSURE, DENSITY, VOLUME)
"""In the order in which they are shown."""
