"""A Slurm cluster to try things on: ``python -m tests.slurm up`` and ``down``."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import tempfile
from pathlib import Path

from .cluster import Cluster, ClusterError
from .cluster.running import end_cluster, find_clusters


def main() -> None:
    arguments = parse_arguments()
    try:
        arguments.action(arguments)
    except ClusterError as error:
        sys.exit(f"python -m tests.slurm: {error}")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.slurm", description=__doc__)
    actions = parser.add_subparsers(required=True)
    start = actions.add_parser("up", help="start a cluster and say how to use it")
    start.add_argument("folder", type=Path, nargs="?", help="a new folder for all its files")
    start.add_argument("--hours", type=float, default=2.0, help="when it ends by itself (2)")
    start.add_argument("--nodes", type=int, default=4, help="number of nodes (4)")
    start.add_argument("--cpus", type=int, default=4, help="processors that each says it has (4)")
    start.add_argument("--no-accounting", action="store_true", help="no database, so no sacct")
    start.set_defaults(action=up)
    end = actions.add_parser("down", help="end a cluster, its jobs too, and remove its folder")
    end.add_argument("folder", type=Path, nargs="?", help="what up said; else from SLURM_CONF")
    end.set_defaults(action=down)
    return parser.parse_args()


def up(arguments: argparse.Namespace) -> None:
    cluster = Cluster.up(
        arguments.folder,
        accounting=not arguments.no_accounting,
        nodes=arguments.nodes,
        cpus=arguments.cpus,
    )
    cluster.end_after(arguments.hours * 3600)
    print(f"# Slurm with {', '.join(cluster.nodes)} is up for {arguments.hours:g} h. To use it:")
    for variable, value in cluster.environment.items():
        print(f"export {variable}={shlex.quote(value)}")
    print(f"# To end it: python -m tests.slurm down {shlex.quote(str(cluster.folder))}")


def down(arguments: argparse.Namespace) -> None:
    folder = arguments.folder or folder_in_force()
    end_cluster(folder)
    print(f"The cluster in {folder} is down.")


def folder_in_force() -> Path:
    if conf := os.environ.get("SLURM_CONF"):
        return Path(conf).parent
    found = find_clusters(Path(tempfile.gettempdir()))
    if len(found) != 1:
        listed = "".join(f"\n  {folder}" for folder in found) or " none"
        raise ClusterError(f"Say which cluster. Running in {tempfile.gettempdir()}:{listed}")
    return found[0]


if __name__ == "__main__":
    main()
