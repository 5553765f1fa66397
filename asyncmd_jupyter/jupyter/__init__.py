"""Magics and widgets: the only room that knows Jupyter."""
