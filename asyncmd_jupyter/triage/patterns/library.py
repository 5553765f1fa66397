"""What this library itself says."""

from __future__ import annotations

from asyncmd_jupyter.triage.pattern import EXACT, LAST, USUAL, Case, Pattern
from asyncmd_jupyter.triage.raised import is_on_purpose


def _is_refusal(case: Case) -> bool:
    wrong = isinstance(case.error, ValueError | TypeError)
    return wrong and case.record is None and is_on_purpose(case.error)


PATTERNS = (
    Pattern(
        kind="run-limit",
        text=r"^MaxStepsReachedError: .*",
        title="Limit on steps reached",
        meaning="No condition was fulfilled within the steps that were allowed; nothing is broken.",
        remedies=(
            "Go on with more steps: '%asyncmd resume' with a higher limit, or continuation=True.",
            "Look at the condition plot: is the state ever near?",
        ),
        policy="It does not go on by itself, because the limit was set on purpose.",
        priority=EXACT,
    ),
    Pattern(
        kind="run-fruitless",
        text=r"\d+ parts of .* in a row took no step\.",
        title="Parts get nowhere",
        meaning="Several jobs in a row ended before they took a step, so that it was given up.",
        remedies=(
            "Give each part more time (walltime_per_part, the option 'time').",
            "Look at what ended them: a node, a partition that is preempted, a slow start.",
            "config.set_max_fruitless_parts(n) has more patience.",
        ),
        policy="It was given up after as many tries as config.set_max_fruitless_parts says.",
        priority=EXACT + 5,
    ),
    Pattern(
        kind="run-others",
        text=r"^\w+: Job \S+ of another kernel \(.*\) computes|^JobExistsError: ",
        title="Somebody else computes it",
        meaning="Another kernel or notebook runs the same simulation now.",
        remedies=("Go on there, or end that job with 'asyncmd cancel JOB' and try again.",),
        priority=USUAL,
    ),
    Pattern(
        kind="run-parameters",
        text=r"was computed with other parameters \(",
        title="Other parameters",
        meaning="The files in the folder were computed with other parameters than these.",
        remedies=("Go on with equal ones, or start another run in another folder.",),
        priority=USUAL,
    ),
    Pattern(
        kind="run-frames",
        text=r"Bring them back, or take all parts away \(remove_parts\)",
        title="Frames are missing",
        meaning="Files of some parts are gone, so that there are holes between the frames.",
        remedies=("Bring the files back, or remove all parts and start afresh.",),
        priority=USUAL,
    ),
    Pattern(
        kind="run-function-id",
        text=r"^FunctionIdError: .*",
        title="Function has no lasting name",
        meaning="Nothing can be derived by which values of this function are found again.",
        remedies=("Give the wrapper an explicit id='…' that you change with the function.",),
        priority=EXACT,
    ),
    Pattern(
        kind="run-idle-script",
        text=r"but the program in it took no step",
        title="Script does not run the command",
        meaning="The script ended well, but the program in it did nothing.",
        remedies=("Let it run the placeholder, wait for it, and end with its code ('set -e').",),
        priority=EXACT,
    ),
    Pattern(
        kind="run-idle-program",
        text=r"\bThe program of .* ended well, but took no step\.",
        title="Program took no step",
        meaning="It ended well without computing anything, as one does that only prints its help.",
        remedies=("Look at the options that it was given and at what it wrote.",),
        priority=EXACT,
    ),
    Pattern(
        kind="run-condition",
        text=r"^ValueError: The condition .* has to give one bool per frame",
        quote=r"^ValueError: The condition .*? has to give .*? and shape \(.*?\)\.",
        title="A condition can't be used",
        meaning="A condition has to say of each frame whether it holds, and this one did not.",
        remedies=(
            "Give Within(function, low, high) as the condition, for a range of its values.",
            "Or compare within the function, so that it gives bools: 'return values > 0'.",
            "Then start anew with --continue and the mended condition; 'resume' would repeat it.",
        ),
        policy="The run has ended and is not repeated; what was computed is kept.",
        priority=EXACT,
    ),
    Pattern(
        kind="run-refused",
        text=r"^\w+: .*",
        when=_is_refusal,
        title="It can't go on like this",
        meaning="What it was given can't be used; the message says why.",
        remedies=("Mend what the message names, and start it again.",),
        policy="It is not repeated by itself; what was computed before is kept.",
        priority=LAST + 5,
    ),
)
