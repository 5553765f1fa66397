"""What every engine has to do, with jobs on a real cluster."""

from test_conformance import (  # noqa: F401 - collected here, too
    test_asked_to_stop,
    test_blow_up_says_why,
    test_cancelled_task_ends_its_job,
    test_configurations_without_md,
    test_goes_on_in_another_object,
    test_job_cancelled_by_somebody_else,
    test_killed_in_a_later_part,
    test_killed_in_the_middle,
    test_part_that_runs_already_is_taken_over,
    test_parts_follow_each_other,
    test_walltime_ends_a_part,
)
