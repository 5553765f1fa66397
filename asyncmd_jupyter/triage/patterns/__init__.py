"""The table of patterns, one small file for each area, in which order does not matter much."""
