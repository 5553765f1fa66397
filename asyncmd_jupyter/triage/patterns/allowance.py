"""Limits of accounts, partitions and qualities of service, and what sbatch refuses."""

from __future__ import annotations

from asyncmd_jupyter.triage.pattern import ENDED, EXACT, GENERAL, Pattern
from asyncmd_jupyter.triage.policy import STUCK
from asyncmd_jupyter.triage.waiting import ASK, LESS, waits

_OPTIONS = "Choose another partition or other options (sbatch_options), and start the run again."

_LIMITS = (
    waits(
        "PartitionTimeLimit",
        "Time limit too long",
        "It asks for more time than its partition allows, so it will not start.",
        "Give less as walltime_per_part or the option 'time': runs go on in the next part.",
        policy=STUCK,
    ),
    waits(
        "PartitionNodeLimit",
        "Too many nodes",
        "It asks for more nodes or cores than its partition allows, so it will not start.",
        LESS,
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
            LESS,
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
        remedies=(LESS, "Another account or quality of service (option 'qos') may allow more."),
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
    waits(
        "MaxRequeue",
        "Put back too often",
        "It was put back into the queue as often as Slurm allows.",
        "Cancel it and start the run again.",
        policy=STUCK,
    ),
    waits(
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
            LESS,
        ),
        text=r"Job violates accounting/QOS policy|\w*MaxSubmitJob\w*",
        priority=ENDED + 1,
    ),
    Pattern(
        kind="queue-refused-size",
        title="Asks for more than there is",
        meaning="sbatch refused it: no node or partition has what it asks for.",
        remedies=(
            LESS,
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
    waits(
        "AccountingPolicy",
        "Not allowed now",
        "A rule of accounting, such as a limit on jobs or cores, does not allow it now.",
        LESS,
        ASK,
    ),
    waits(
        "ReservationDeleted",
        "Its reservation is gone",
        "The reservation it asks for was deleted, so it is held.",
        _OPTIONS,
        also="RESV_DEL_HOLD|It is held because its reservation",
        policy=STUCK,
    ),
)

PATTERNS = (*_LIMITS, *_RIGHTS)
