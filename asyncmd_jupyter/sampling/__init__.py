"""What to do with engines: evaluate functions, propagate until something happens."""
