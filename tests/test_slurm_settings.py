"""What users say about Slurm."""

import pytest

from asyncmd_jupyter import config
from asyncmd_jupyter.jobs.core_hours import Budget
from asyncmd_jupyter.settings import SlurmSettings


def test_only_what_is_given_is_changed(runtime):
    config.set_slurm_settings(exclude_nodes=["n[1-2]", "x"], sbatch_executable="/opt/sbatch")
    config.set_slurm_settings(min_time_between_sacct_calls=7, cluster="big")
    slurm = config.show_config().slurm
    assert slurm.exclude_nodes == ("n1", "n2", "x")
    assert (slurm.sbatch_executable, slurm.cluster) == ("/opt/sbatch", "big")
    assert slurm.min_time_between_calls == 7
    config.set_slurm_settings(exclude_nodes=[])
    assert config.show_config().slurm.exclude_nodes == ()


def test_all_settings_have_defaults(runtime):
    config.set_slurm_max_jobs(5)
    config.set_slurm_settings(cluster="big", num_fails_for_broken_node=1)
    config.set_all_slurm_settings()
    assert config.show_config().slurm == SlurmSettings(max_jobs=5)
    config.set_slurm_max_jobs(None)
    assert "no limit" in repr(config.show_config())


def test_all_that_is_in_force_is_shown(runtime):
    shown = repr(config.show_config())
    for part in ("broken nodes", "after 3 failures, unless 50 times", "nodes not used"):
        assert part in shown
    for part in ("cluster", "sacct"):
        assert part not in shown
    config.set_slurm_settings(
        exclude_nodes=["n[1-3]", "x"], cluster="big", sacct_executable="/opt/sacct"
    )
    config.set_slurm_settings(num_fails_for_broken_node=7, success_to_fail_ratio=9)
    overview = config.show_config()
    for shown in (repr(overview), overview._repr_html_()):
        for part in ("n[1-3],x", "cluster", "big", "/opt/sacct", "after 7", "unless 9 times"):
            assert part in shown


@pytest.mark.parametrize(
    "settings",
    [
        {"sbatch_executable": ""},
        {"sacct_executable": 3},
        {"min_time_between_sacct_calls": 0},
        {"min_time_between_sacct_calls": float("nan")},
        {"num_fails_for_broken_node": 0},
        {"success_to_fail_ratio": 1.5},
        {"exclude_nodes": [3]},
        {"exclude_nodes": ["n["]},
        {"exclude_nodes": ["a b"]},
        {"exclude_nodes": ["--x"]},
        {"exclude_nodes": [""]},
        {"exclude_nodes": ["None"]},
        {"exclude_nodes": 3},
        {"cluster": "a b"},
        {"cluster": "-a"},
        {"cluster": 3},
        {"job_arrays": 1},
        {"max_submissions_per_minute": 0},
        {"max_submissions_per_minute": 2.5},
        {"core_hours": 0},
        {"core_hours": -1.0},
        {"core_hours": float("nan")},
        {"core_hours": True},
        {"core_hours": "many"},
    ],
)
def test_values_that_cannot_be_meant(runtime, settings):
    before = config.show_config().slurm
    with pytest.raises(ValueError, match=r"has to be|is no list"):
        config.set_slurm_settings(**settings)
    assert config.show_config().slurm == before


def test_a_cluster_is_no_program(runtime):
    with pytest.raises(ValueError, match=r"cluster=3 has to be the name of one cluster"):
        config.set_slurm_settings(cluster=3)


def test_at_least_one_job(runtime):
    with pytest.raises(ValueError, match="num=0"):
        config.set_slurm_max_jobs(0)


def test_a_budget_of_core_hours(runtime):
    config.set_slurm_settings(core_hours=7)
    assert "0.0 of 7 core hours used" in repr(config.show_config())
    config.set_all_slurm_settings()
    assert Budget.current().limit() == 7
    config.set_slurm_settings(core_hours=float("inf"))
    assert Budget.current().limit() is None


def test_a_budget_is_not_granted_with_what_cannot_be_meant(runtime):
    with pytest.raises(ValueError, match="job_arrays"):
        config.set_slurm_settings(core_hours=7, job_arrays=2)
    assert Budget.current().limit() is None


def test_submissions_a_minute(runtime):
    config.set_slurm_settings(max_submissions_per_minute=30, job_arrays=False)
    slurm = config.show_config().slurm
    assert (slurm.max_submissions_per_minute, slurm.job_arrays) == (30, False)
    config.set_slurm_settings(max_submissions_per_minute=float("inf"))
    assert config.show_config().slurm.max_submissions_per_minute is None
