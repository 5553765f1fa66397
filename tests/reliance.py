"""Says in one sentence that another project no longer does what we rely on."""


def relies_on(habit, holds, ours):
    """Fail if a habit of another project does not hold any more.

    `ours` is the file of the package that relies on it.
    """
    assert holds, (
        f"It is no longer true that {habit}. asyncmd_jupyter/{ours} relies on it; see "
        "docs/dependencies.md."
    )
