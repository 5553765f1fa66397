"""Which options of sbatch take a value, as sbatch itself sees it."""

import re

from asyncmd_jupyter.jobs.slurm.option_names import WITH_VALUE, WITHOUT_VALUE
from asyncmd_jupyter.jobs.slurm.options import RESERVED


def complaint(cluster, *options):
    """What sbatch says to options before it looks for a script."""
    reply = cluster.control.call("sbatch", *options, "--test-only", "/no/script")
    return reply.stderr


def test_names_of_options(cluster):
    for name in WITHOUT_VALUE:
        said = complaint(cluster, f"--{name}")
        assert "requires an argument" not in said, name
        assert "/no/script" in said or "unrecognized" in said, name
    for name in WITH_VALUE:
        said = cluster.control.call("sbatch", f"--{name}").stderr
        assert "requires an argument" in said or "unrecognized" in said, name


def test_all_options_that_sbatch_tells_of_are_known(cluster):
    told = cluster.control.run("sbatch", "--help")
    with_value = set(re.findall(r"--([a-z][a-z-]+)=", told))
    assert with_value - set(RESERVED) <= WITH_VALUE
    without = set(re.findall(r"--([a-z][a-z-]+)(?=[ \[\n])", told))
    assert without - set(RESERVED) - WITH_VALUE <= WITHOUT_VALUE
