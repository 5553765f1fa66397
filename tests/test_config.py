"""Limits of the process."""

from __future__ import annotations

import pytest

from asyncmd_jupyter import config
from asyncmd_jupyter.settings import Settings, allowed_cores


def test_limits_are_set_and_shown(runtime):
    config.set_max_process(3)
    config.set_max_cores(2)
    config.end_jobs_on_shutdown()
    shown = config.show_config()
    assert (shown.max_processes, shown.max_cores) == (3, 2)
    assert shown.end_local_jobs_on_shutdown
    config.set_max_process(8, max_num=5)
    assert config.show_config().max_processes == 5
    config.set_max_process()
    config.set_max_cores()
    assert config.show_config().max_processes == max(1, allowed_cores() // 4)
    assert config.show_config().max_cores == allowed_cores()


@pytest.mark.parametrize("number", [0, -1, 1.5, True, "3"])
def test_numbers_that_are_none(runtime, number):
    for change in (config.set_max_process, config.set_max_cores):
        with pytest.raises(ValueError, match=f"{number!r} has to be a whole number"):
            change(number)


def test_environment(tmp_path):
    environ = {
        "ASYNCMD_STATE_DIR": str(tmp_path),
        "ASYNCMD_MAX_CORES": "3",
        "ASYNCMD_MAX_PROCESSES": "2",
        "ASYNCMD_END_JOBS_ON_SHUTDOWN": "1",
        "ASYNCMD_CANCEL_GRACE": "7",
    }
    settings = Settings.from_environment(environ)
    assert (settings.state_dir, settings.max_cores, settings.max_processes) == (tmp_path, 3, 2)
    assert settings.end_local_jobs_on_shutdown
    assert settings.cancel_grace.total_seconds() == 7


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ASYNCMD_MAX_CORES", "many"),
        ("ASYNCMD_MAX_CORES", "0"),
        ("ASYNCMD_END_JOBS_ON_SHUTDOWN", "maybe"),
    ],
)
def test_environment_that_says_nothing(name, value):
    with pytest.raises(ValueError, match=f"{name}='{value}'"):
        Settings.from_environment({name: value})
