"""What jobs inherit of the environment of the kernel: all but the secrets of Jupyter."""

from __future__ import annotations

import re
from collections.abc import Mapping

# Tokens of Jupyter's servers and of JupyterHub, with which a job, or who reads the environment of
# its processes or the database of a queue, could run code in the user's server. What JupyterHub
# says besides (JPY_*, JUPYTERHUB_*) is of no use to a job, and gets new secrets with new versions.
_SECRET = re.compile(
    r"JUPYTER_TOKEN|JUPYTER_SERVER_.*|JPY_.*|JUPYTERHUB_.*|CONFIGPROXY_AUTH_TOKEN"
    r"|JUPYTER_(\w+_)?(TOKEN|PASSWORD|SECRET|COOKIE_SECRET)"
)


def without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that a job, or a command of a queue, is started with.

    A job that needs one of the others is given it expressly, by `Command.env`.
    """
    return {name: value for name, value in environment.items() if not _SECRET.fullmatch(name)}
