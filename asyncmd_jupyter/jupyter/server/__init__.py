"""The part of the JupyterLab extension that runs in the Jupyter server.

It stays light: neither numpy nor MDAnalysis nor anything of a kernel is imported here.
"""
