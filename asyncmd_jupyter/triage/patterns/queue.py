"""What a queue says about jobs that do not run yet, because of others, nodes or holds.

`reason` fits Slurm's words and the sentences that `jobs.slurm.states` makes of them.
"""

from __future__ import annotations

from asyncmd_jupyter.jobs.model import JobState
from asyncmd_jupyter.triage.pattern import ENDED, LAST, Case, Pattern
from asyncmd_jupyter.triage.policy import STUCK
from asyncmd_jupyter.triage.waiting import ASK, waits

_SHARE = "Nothing is wrong: 'sprio' and 'squeue --start' tell more about when it will start."


def _is_held_for_cores(case: Case) -> bool:
    return _is_held_here(case) and case.record is not None and case.record.launcher == "local"


def _is_held_for_slots(case: Case) -> bool:
    return _is_held_here(case) and case.record is not None and case.record.launcher != "local"


def _is_held_here(case: Case) -> bool:
    return case.record is not None and case.record.state is JobState.WAITING


def _is_held_by_us(case: Case) -> bool:
    return case.record is not None and case.record.held and not case.record.state.is_final


_ORDINARY = (
    waits(
        "Priority",
        "Waits behind others",
        "It waits behind jobs of higher priority.",
        _SHARE,
        "Short jobs with few cores fit into gaps: a smaller walltime_per_part helps.",
    ),
    waits("Resources", "Waits for free nodes", "It is next and waits for free nodes.", _SHARE),
    waits(
        "BeginTime",
        "Starts later",
        "It may start only after a set time, such as two minutes after it was put back.",
        "Wait, or change the option 'begin'.",
    ),
    waits(
        "DependencyNeverSatisfied",
        "Will never start",
        "It waits for a job that has failed or was cancelled, so it will never start.",
        "Cancel it and submit it without the option 'dependency', or with 'afterany'.",
        policy=STUCK,
    ),
    waits(
        "Dependency",
        "Waits for another job",
        "It starts when the job it depends on has ended.",
        "'scontrol show job' names the job (Dependency=…).",
    ),
    waits(
        "Licenses",
        "Waits for a licence",
        "All licences that it asks for are in use.",
        "'scontrol show licenses' tells who has them; leave the option 'licenses' out if it can.",
    ),
    waits(
        "Reservation",
        "Waits for its reservation",
        "It starts when the reservation it asks for begins.",
        "'scontrol show reservation' tells when.",
    ),
    waits(
        "JobArrayTaskLimit",
        "Enough of its array runs",
        "As many tasks of its array run as may run at once.",
        "Wait, or ask for more after the '%' of the option 'array'.",
    ),
    waits("Prolog", "Nodes are made ready", "Its nodes are being made ready.", _SHARE),
    waits("Cleaning", "Cleaned up", "Its last attempt is being cleaned up.", "Wait a minute."),
)

_HELD = (
    waits(
        "JobHeldUser",
        "Held by you",
        "It is held, by the option 'hold' or by 'scontrol hold'.",
        "'scontrol release JOB' lets it go, and so does 'Resume' in the table of simulations.",
        policy=STUCK,
    ),
    waits(
        "JobHeldAdmin",
        "Held by an administrator",
        "An administrator, or a rule of the cluster, holds it.",
        ASK,
        policy=STUCK,
    ),
    waits(
        "launch failed requeued held",
        "Could not be started, held",
        "Slurm could not start it on its nodes, has put it back and holds it.",
        "'scontrol release JOB' tries again; exclude the node if it happens there only.",
        "Look whether the folder of the job exists on the nodes and can be written to.",
        kind="launchfailed",
        policy=STUCK,
    ),
    Pattern(
        kind="queue-heldagain",
        title="Put back and held",
        meaning="It was put back into the queue, and is held there.",
        remedies=("'scontrol release JOB' lets it go.", ASK),
        reason=r"job requeued in held state|REQUEUE_HOLD|SPECIAL_EXIT|It was put back and is held",
        policy=STUCK,
        priority=ENDED,
    ),
)

_NODES = (
    waits(
        "ReqNodeNotAvail",
        "A node is not available",
        "A node that it needs is down, drained, or reserved for a maintenance that comes soon.",
        "A shorter time limit fits in before a maintenance: 'scontrol show reservation'.",
        "Leave the option 'nodelist' out; 'sinfo --list-reasons' tells what is wrong with nodes.",
    ),
    waits(
        "PartitionDown",
        "Its partition is down",
        "Its partition accepts jobs and starts none, such as before a maintenance.",
        "Choose another partition; 'sinfo' lists those that are up.",
        also="PartitionInactive|Its partition is inactive",
    ),
    waits(
        "NodeDown",
        "A node is down",
        "A node that it needs is down.",
        "Wait, or leave the option 'nodelist' out.",
        also="FrontEndDown|The machine from which its nodes",
    ),
    waits(
        "BadConstraints",
        "No node fits",
        "No node has all that it asks for, so it will never start.",
        "Compare 'constraint', 'gres', 'mem' and 'cpus-per-task' with what sinfo says of nodes.",
        policy=STUCK,
    ),
    waits(
        "SystemFailure",
        "Slurm has trouble",
        "Slurm, a file system or the network of the cluster failed.",
        "Try again later.",
        ASK,
    ),
)

_HERE = (
    Pattern(
        kind="queue-held",
        title="Held from here",
        meaning="It is held and will not start until somebody releases it.",
        remedies=("'Resume' in the table of simulations, or job.release(), lets it go.",),
        when=_is_held_by_us,
        policy=STUCK,
        priority=ENDED + 5,
    ),
    Pattern(
        kind="queue-cores",
        title="Waits for cores",
        meaning=(
            "It waits here until your other jobs on this machine leave enough CPU cores free, also "
            "those of other notebooks."
        ),
        remedies=("config.set_max_cores(n) allows more, as far as the machine has them.",),
        when=_is_held_for_cores,
        priority=LAST,
    ),
    Pattern(
        kind="queue-slots",
        title="Waits to be submitted",
        meaning="It waits here until it may go into the queue.",
        remedies=("config.set_slurm_max_jobs(n) and set_slurm_settings say how many may go.",),
        when=_is_held_for_slots,
        priority=LAST,
    ),
)

PATTERNS = (*_ORDINARY, *_HELD, *_NODES, *_HERE)
