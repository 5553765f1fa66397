"""What a queue says about jobs that do not run yet.

`reason` fits Slurm's words and the sentences that `jobs.slurm.states` makes of them.
"""

from __future__ import annotations

from asyncmd_jupyter.jobs.model import JobState
from asyncmd_jupyter.jobs.slurm.states import sentence_on, sentence_on_waiting
from asyncmd_jupyter.triage.pattern import ENDED, EXACT, GENERAL, LAST, Case, Pattern
from asyncmd_jupyter.triage.policy import STUCK, WAITS

_SHARE = "Nothing is wrong: 'sprio' and 'squeue --start' tell more about when it will start."
_LESS = "Ask for less: fewer cores or nodes, or a shorter time; parts can be short and many."
_ADMIN = "Ask the people who run the cluster."
_OPTIONS = "Choose another partition or other options (sbatch_options), and start the run again."


def _waits(
    word: str,
    title: str,
    meaning: str,
    *remedies: str,
    kind: str = "",
    also: str = "",
    policy: str = WAITS,
) -> Pattern:
    """A word of Slurm, and the sentence that the launcher has made of it."""
    sentence = (sentence_on_waiting(word) or sentence_on(word)).replace("(", r"\(")
    sentence = sentence.replace(")", r"\)").replace(".", r"\.").replace("'", ".")
    known = "" if sentence.startswith(("Slurm lets it", "A limit of")) else f"|{sentence}$"
    more = f"|{also}" if also else ""
    return Pattern(
        kind=f"queue-{kind or word.lower()}",
        title=title,
        meaning=meaning,
        remedies=remedies,
        reason=rf"(?:{word}\b{more}{known})",
        policy=policy,
        priority=ENDED,
    )


def _is_held_for_cores(case: Case) -> bool:
    return _is_held_here(case) and case.record is not None and case.record.launcher == "local"


def _is_held_for_slots(case: Case) -> bool:
    return _is_held_here(case) and case.record is not None and case.record.launcher != "local"


def _is_held_here(case: Case) -> bool:
    return case.record is not None and case.record.state is JobState.WAITING


_ORDINARY = (
    _waits(
        "Priority",
        "Waits behind others",
        "It waits behind jobs of higher priority.",
        _SHARE,
        "Short jobs with few cores fit into gaps: a smaller walltime_per_part helps.",
    ),
    _waits("Resources", "Waits for free nodes", "It is next and waits for free nodes.", _SHARE),
    _waits(
        "BeginTime",
        "Starts later",
        "It may start only after a set time, such as two minutes after it was put back.",
        "Wait, or change the option 'begin'.",
    ),
    _waits(
        "DependencyNeverSatisfied",
        "Will never start",
        "It waits for a job that has failed or was cancelled, so it will never start.",
        "Cancel it and submit it without the option 'dependency', or with 'afterany'.",
        policy=STUCK,
    ),
    _waits(
        "Dependency",
        "Waits for another job",
        "It starts when the job it depends on has ended.",
        "'scontrol show job' names the job (Dependency=…).",
    ),
    _waits(
        "Licenses",
        "Waits for a licence",
        "All licences that it asks for are in use.",
        "'scontrol show licenses' tells who has them; leave the option 'licenses' out if it can.",
    ),
    _waits(
        "Reservation",
        "Waits for its reservation",
        "It starts when the reservation it asks for begins.",
        "'scontrol show reservation' tells when.",
    ),
    _waits(
        "JobArrayTaskLimit",
        "Enough of its array runs",
        "As many tasks of its array run as may run at once.",
        "Wait, or ask for more after the '%' of the option 'array'.",
    ),
    _waits("Prolog", "Nodes are made ready", "Its nodes are being made ready.", _SHARE),
    _waits("Cleaning", "Cleaned up", "Its last attempt is being cleaned up.", "Wait a minute."),
)

_HELD = (
    _waits(
        "JobHeldUser",
        "Held by you",
        "It is held, by the option 'hold' or by 'scontrol hold'.",
        "'scontrol release JOB' lets it go, and so does 'Resume' in the table of simulations.",
        policy=STUCK,
    ),
    _waits(
        "JobHeldAdmin",
        "Held by an administrator",
        "An administrator, or a rule of the cluster, holds it.",
        _ADMIN,
        policy=STUCK,
    ),
    _waits(
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
        remedies=("'scontrol release JOB' lets it go.", _ADMIN),
        reason=r"job requeued in held state|REQUEUE_HOLD|SPECIAL_EXIT|It was put back and is held",
        policy=STUCK,
        priority=ENDED,
    ),
)

_NODES = (
    _waits(
        "ReqNodeNotAvail",
        "A node is not available",
        "A node that it needs is down, drained, or reserved for a maintenance that comes soon.",
        "A shorter time limit fits in before a maintenance: 'scontrol show reservation'.",
        "Leave the option 'nodelist' out; 'sinfo --list-reasons' tells what is wrong with nodes.",
    ),
    _waits(
        "PartitionDown",
        "Its partition is down",
        "Its partition accepts jobs and starts none, such as before a maintenance.",
        "Choose another partition; 'sinfo' lists those that are up.",
        also="PartitionInactive|Its partition is inactive",
    ),
    _waits(
        "NodeDown",
        "A node is down",
        "A node that it needs is down.",
        "Wait, or leave the option 'nodelist' out.",
        also="FrontEndDown|The machine from which its nodes",
    ),
    _waits(
        "BadConstraints",
        "No node fits",
        "No node has all that it asks for, so it will never start.",
        "Compare 'constraint', 'gres', 'mem' and 'cpus-per-task' with what sinfo says of nodes.",
        policy=STUCK,
    ),
    _waits(
        "SystemFailure",
        "Slurm has trouble",
        "Slurm, a file system or the network of the cluster failed.",
        "Try again later.",
        _ADMIN,
    ),
)

_LIMITS = (
    _waits(
        "PartitionTimeLimit",
        "Time limit too long",
        "It asks for more time than its partition allows, so it will not start.",
        "Give less as walltime_per_part or the option 'time': runs go on in the next part.",
        policy=STUCK,
    ),
    _waits(
        "PartitionNodeLimit",
        "Too many nodes",
        "It asks for more nodes or cores than its partition allows, so it will not start.",
        _LESS,
        also="PartitionConfig|It asks for more nodes, cores or time than its partition",
        policy=STUCK,
    ),
    Pattern(
        kind="queue-timelimit",
        title="Time limit too long",
        meaning="It asks for more time than its account or quality of service allows in one job.",
        remedies=("Give less as walltime_per_part or the option 'time': runs go on by parts.",),
        reason=r"(?:QOSMaxWall\w*|AssocMaxWall\w*|QOSTimeLimit|MaxWall\w*|AssocMaxTime\w*"
        r"|Its time limit is longer than its quality)",
        priority=ENDED + 1,
        policy=STUCK,
    ),
    Pattern(
        kind="queue-budget",
        title="Core hours are used up",
        meaning="The core hours of its account or quality of service are used up or all planned.",
        remedies=(
            "Ask for more hours, or use another account (option 'account').",
            "'config.show_config()' tells what the jobs of this folder's runs have used.",
        ),
        reason=r"(?:(?:Assoc|QOS)Grp\w*Minutes|MaxGrp\w*Minutes|QOSUsageThreshold"
        r"|Its quality of service has been used|A limit of .*\((?:Assoc|QOS)Grp\w*Minutes)",
        priority=ENDED + 1,
    ),
    Pattern(
        kind="queue-group",
        title="The group's limit is reached",
        meaning="All that its account or group may use at once is in use.",
        remedies=(
            "It starts when jobs of the group end; 'squeue -A ACCOUNT' shows them.",
            _LESS,
        ),
        reason=r"(?:(?:Assoc|QOS)Grp\w+|A limit of .*\((?:Assoc|QOS)Grp\w+\))",
        priority=ENDED,
    ),
    Pattern(
        kind="queue-personal",
        title="Your limit is reached",
        meaning="You have as many jobs, cores or nodes in use as you may have at once.",
        remedies=(
            "It starts when other jobs of yours end.",
            "config.set_slurm_max_jobs(n) holds jobs back here instead of in the queue.",
        ),
        reason=r"(?:(?:QOS|Assoc)?Max\w+|A limit of (?!.*Grp)(?!its maximal))",
        priority=ENDED - 1,
    ),
    Pattern(
        kind="queue-perjob",
        title="Asks for too much",
        meaning="It asks for more than its account or quality of service allows in one job.",
        remedies=(_LESS, "Another account or quality of service (option 'qos') may allow more."),
        reason=r"(?:Assoc|QOS)?Max\w*Per(?:Job|Node)\w*",
        priority=ENDED,
        policy=STUCK,
    ),
    Pattern(
        kind="queue-minimum",
        title="Asks for too little",
        meaning="It asks for less than its quality of service demands, so it will not start.",
        remedies=("Ask for more cores, nodes or GPUs, or choose another 'qos'.",),
        reason=r"QOSMin\w+",
        priority=ENDED,
        policy=STUCK,
    ),
    _waits(
        "MaxRequeue",
        "Put back too often",
        "It was put back into the queue as often as Slurm allows.",
        "Cancel it and start the run again.",
        policy=STUCK,
    ),
    _waits(
        "DeadLine",
        "Deadline too near",
        "It can't end before its deadline any more.",
        "Cancel it and submit it with a later 'deadline' or none.",
        also="DEADLINE|It could not end before its deadline",
        policy=STUCK,
    ),
)

_RIGHTS = (
    Pattern(
        kind="queue-account",
        title="Account or QOS not allowed",
        meaning="Its account, partition and quality of service do not go together.",
        remedies=(
            _OPTIONS,
            "'sacctmgr show associations user=$USER' lists your accounts and qualities of service.",
        ),
        reason=r"(?:InvalidAccount|InvalidQOS|QOSNotAllowed|AccountNotAllowed"
        r"|Its (?:account|quality of service) is not valid|Its partition (?:is not for|or account)"
        r"|AssocNotAllowed)",
        text=r"(?i)invalid account or account/partition|invalid qos specification",
        priority=ENDED,
        policy=STUCK,
    ),
    Pattern(
        kind="queue-refused-limit",
        title="Too many jobs in the queue",
        meaning="sbatch refused it: you may not have more jobs in the queue, or bigger ones.",
        remedies=(
            "config.set_slurm_max_jobs(n) holds the others back here until there is room.",
            _LESS,
        ),
        text=r"Job violates accounting/QOS policy|\w*MaxSubmitJob\w*",
        priority=ENDED + 1,
    ),
    Pattern(
        kind="queue-refused-size",
        title="Asks for more than there is",
        meaning="sbatch refused it: no node or partition has what it asks for.",
        remedies=(
            _LESS,
            "'sinfo' lists partitions with their time limits, 'scontrol show node' nodes.",
        ),
        text=r"Requested node configuration is not available|Memory specification can not be"
        r"|Requested time limit is invalid|[Mm]ore processors requested than permitted"
        r"|Node count specification invalid|Requested partition configuration not available",
        priority=EXACT + 1,
    ),
    Pattern(
        kind="queue-refused-name",
        title="Unknown option or name",
        meaning="sbatch refused it: an option, or a name in one, is not known on this cluster.",
        remedies=(
            "Correct sbatch_options or the #SBATCH lines of the script.",
            "'sinfo' lists partitions, '%f' of its format features, '%G' GPUs.",
        ),
        text=r"invalid partition|Invalid (?:feature|license|generic resource|--\w+|job array"
        r"|partition)"
        r"|sbatch: (?:unrecognized|invalid) option|No cluster '.*' known|can't be reached now, or",
        priority=EXACT,
    ),
    Pattern(
        kind="queue-refused",
        title="Refused by the queue",
        meaning="sbatch did not take the job.",
        remedies=("Its words tell why; look at sbatch_script and sbatch_options.",),
        text=r"^(?:\w+: )?sbatch: error: .*",
        priority=GENERAL,
    ),
    _waits(
        "AccountingPolicy",
        "Not allowed now",
        "A rule of accounting, such as a limit on jobs or cores, does not allow it now.",
        _LESS,
        _ADMIN,
    ),
    _waits(
        "ReservationDeleted",
        "Its reservation is gone",
        "The reservation it asks for was deleted, so it is held.",
        _OPTIONS,
        also="RESV_DEL_HOLD|It is held because its reservation",
        policy=STUCK,
    ),
)

_HERE = (
    Pattern(
        kind="queue-cores",
        title="Waits for cores",
        meaning="It waits here until other jobs of this kernel leave enough CPU cores free.",
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

PATTERNS = (*_ORDINARY, *_HELD, *_NODES, *_LIMITS, *_RIGHTS, *_HERE)
