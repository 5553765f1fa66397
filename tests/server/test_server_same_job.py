"""A number on a page that may mean another job by the time of the click."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from asyncmd_jupyter.jobs.slurm.listing import ListedJob
from asyncmd_jupyter.jupyter.server.slurm_actions import _is_another

SHOWN = ListedJob("12", "RUNNING", name="runs", submitted=datetime(2026, 1, 1, tzinfo=UTC))
LATER = SHOWN.submitted + timedelta(minutes=5)


@pytest.mark.parametrize(
    ("shown", "now", "is_another"),
    [
        (SHOWN, SHOWN, False),
        (SHOWN, replace(SHOWN, submitted=LATER), True),
        (SHOWN, replace(SHOWN, name="other"), True),
        (None, SHOWN, False),
        # put back: it counts at once, and is submitted anew when its first attempt is over
        (SHOWN, replace(SHOWN, attempt=1), False),
        (SHOWN, replace(SHOWN, attempt=1, submitted=LATER), False),
        (replace(SHOWN, attempt=1), replace(SHOWN, attempt=1, submitted=LATER), False),
        (replace(SHOWN, attempt=1), replace(SHOWN, submitted=LATER), True),
    ],
)
def test_is_another(shown: ListedJob | None, now: ListedJob, is_another: bool):
    assert _is_another(shown, now) is is_another
