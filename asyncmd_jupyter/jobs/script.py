"""The one bash script that every launcher runs: a pure function of the job.

Text of users (arguments, names, paths, variables) is quoted and stays data. The command
is in another process group than the script, so a signal for the script reaches it exactly
once, whether it was sent to bash alone or to bash's group.
"""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

from asyncmd_jupyter.jobs.model import Command, JobRecord
from asyncmd_jupyter.jobs.template import directives, interpreter

JOB_ID_VARIABLE = "ASYNCMD_JOB_ID"
ATTEMPT_VARIABLE = "ASYNCMD_JOB_ATTEMPT"
# From 22.05 on, srun does not take it from the job by itself.
SRUN_CORES = "SRUN_CPUS_PER_TASK"
# What the script itself, and Slurm, have to say; the command has files of its own.
SLURM_OUTPUT = "slurm.txt"

_VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

# Two shells, because bash may lose the status of a child that ends while bash is handling a
# signal: the outer one hands signals on, the inner one is deaf to them and writes the exit
# code; who sees that may remove the folder at once. "set -m" makes the inner one and the
# command a process group. The marker of the start means that a signal reaches the command from
# now on. SIGINT is handed on once, because bash may fall into an endless loop when it comes
# again while it waits. The marker of a signal says that somebody wanted the end, which the exit
# code alone does not. Slurm sends SIGTERM to all processes of a job, so there it is not handed
# on; a command that is just leaving would be killed by the second one. SIGUSR1 is for us, to be
# sent to the outer shell. srun takes SIGTERM as a wish to kill its tasks at once; Slurm can
# signal them without it, unless it is mpirun that has started them. mpirun kills its ranks a
# second after it got SIGTERM, too soon for them to save what they have, so the ranks get it and
# mpirun does not.
# In Slurm, others than us may want the end, and may want to start the job again, which the marker
# of a signal tells. The outer shell is not always the first to hear of it. So there it publishes
# the exit code, after it has handled all signals. A job that had ended by itself and is started
# again all the same says that it has ended, because what it computes may be in use.
# What the command needs is said here and not to sbatch, which hands on what "--export" lets it.
# The same option holds for the steps of srun in the job, which would know neither these
# variables nor a path to find programs in. How many threads it has, Slurm says where it was
# asked for cores, by an option or in the script of a user.
# Users may export the options of their shell (SHELLOPTS), with which this script would end early.
# Who makes the claim runs the command: a job that got into a queue twice runs once, on whatever
# nodes. Making a file that must not be there is one step on shared file systems too; where none
# can be made, the job fails as it always did.
# The folder of the job may lie where others can put another one in its place, also while the
# script waits in a queue. So it goes into its folder first, sees that it is the one, its
# user's, and closed to all others, and from then on uses names in it only, which mean this very
# folder whatever happens around it.
_TEMPLATE = """\
#!/usr/bin/env bash
{directives}{plain_shell}
export {id_variable}={job_id}
case $0 in /dev/fd/*) eval "exec ${{0##*/}}<&-" ;; esac
folder={folder}
attempt="${{{attempt_variable}:-${{SLURM_RESTART_COUNT:-0}}}}"
inner=
signalled=
in_slurm=
ending=exit_code
[ -n "${{{attempt_variable}:-}}" ] || in_slurm="${{SLURM_JOB_ID:-}}"
[ -z "$in_slurm" ] || ending=ended

mask=$(umask)
umask go-w
{enter}if ! enter "$folder" {tail}; then
    printf '%s\\n' "The job's folder is missing, or others can write to it: $folder" >&2
    [ -z "$in_slurm" ] || kill -s 53 "$$"
    exit 1
fi
[ -z "$in_slurm" ] || exec >>{output} 2>&1

put() {{
    local new=".$1.$$.$RANDOM"
    printf '%s\\n' "$2" >"$new" && mv -f -- "$new" "$1"
}}
forward() {{
    signalled=$1
    put "signalled.$attempt" "$1"
    [ -n "$inner" ] || return
    until [ -e "started.$attempt" ] || ! kill -s 0 "$inner" 2>/dev/null; do
        sleep 0.02
    done
    send "$1"
}}
send() {{
    local starter starters ranks=
    starters=$(pgrep -g "$inner" -x 'mpirun|mpiexec|mpiexec.hydra|orterun|prterun' 2>/dev/null)
    if [ -n "$starters" ]; then
        for starter in $starters; do ranks="$ranks $(ranks_of "$starter")"; done
        [ -n "${{ranks// /}}" ] || ranks=$starters
        kill -s "$1" $ranks 2>/dev/null
    elif [ -n "$in_slurm" ] && pgrep -g "$inner" -x srun >/dev/null 2>&1; then
        (unset "${{!SCANCEL_@}}" SLURM_CLUSTERS; exec scancel --signal="$1" "$in_slurm")
    else
        kill -s "$1" -- "-$inner" 2>/dev/null
    fi
}}
ranks_of() {{
    local child children name=
    children=$(pgrep -P "$1")
    for child in $children; do ranks_of "$child"; done
    [ -z "$children" ] || return
    read -r name 2>/dev/null <"/proc/$1/comm"
    case $name in srun | ssh | orted | prted | hydra_*) ;; *) printf '%s ' "$1" ;; esac
}}
refuse_second_run() {{
    local file earlier code
    for file in exit_code.*; do
        earlier=${{file##*.}}
        [ "$earlier" -lt "$attempt" ] 2>/dev/null || continue
        [ ! -e "signalled.$earlier" ] && read -r code <"$file" || continue
        [ "$code" -le 128 ] 2>/dev/null || continue
        printf '%s\n' "This job has ended before, with exit code $code; it is not run twice." >&2
        put "started.$attempt" "$$"
        put "exit_code.$attempt" "$code"
        exit "$code"
    done
}}
hear() {{
    put "signalled.$attempt" TERM
    [ -n "$inner" ] || signalled=TERM
}}
{guard}[ -z "$in_slurm" ] || refuse_second_run
claim="claim.$attempt"
if ! (set -o noclobber; : >"$claim") 2>/dev/null && [ -e "$claim" ]; then
    printf '%s\\n' "This job is run elsewhere already, or not any more: $folder/$claim" >&2
    exit 1
fi
printf '%s\\n' "${{1:-${{SLURM_JOB_ID:-$$}}}}" >"$claim"
trap 'forward TERM' TERM USR1
[ -z "$in_slurm" ] || trap hear TERM
trap 'trap "" INT; forward INT' INT
[ -z "$in_slurm" ] || put "nodes.$attempt" "${{SLURM_JOB_NODELIST:-}}"

set -m
(
    trap '' TERM INT USR1
    (
        trap - TERM INT USR1
        put "started.$attempt" "$$"
        umask "$mask"
{surroundings}{exports}        cd -- {cwd} && exec -- {argv}
    ) >>"stdout.txt" 2>>"stderr.txt"
    code=$?
    put "$ending.$attempt" "$code"
    sync -- "$ending.$attempt" 2>/dev/null
    exit "$code"
) <{stdin} &
inner=$!
set +m
if [ -n "$signalled" ]; then forward "$signalled"; fi
code=1
while
    wait "$inner" 2>/dev/null
    status=$?
    [ "$status" = 127 ] || code=$status
    [ "$status" != 127 ] && kill -s 0 "$inner" 2>/dev/null
do :; done
trap '' TERM INT USR1
kill -s TERM -- "-$inner" 2>/dev/null
read -r code 2>/dev/null <"$ending.$attempt"
[ "$ending" = exit_code ] || mv -f -- "$ending.$attempt" "exit_code.$attempt"
{stop}exit "$code"
"""


# Some file systems show all files as those of one user: there, what is made now tells whose.
ENTER = """\
enter() {
    local found made mine=".mine.$$.$RANDOM"
    cd -P -- "$1" 2>/dev/null || return
    case $PWD/ in *"/$2/") ;; *) return 1 ;; esac
    found=($(command ls -nd . 2>/dev/null))
    case ${found[0]} in d????-??-*) ;; *) return 1 ;; esac
    [ "${found[2]}" != "$EUID" ] || return 0
    (set -o noclobber; : >"$mine") 2>/dev/null || return
    made=($(command ls -nd "$mine"))
    rm -f -- "$mine"
    [ "${found[2]}" = "${made[2]}" ]
}
"""

PLAIN_SHELL = """\
set +o allexport +o errexit +o noclobber +o noglob +o nounset +o pipefail +o posix +o xtrace
shopt -u failglob nullglob 2>/dev/null"""

_THREADS = """\
        export {variable}={cores}
        if [ -n "$in_slurm" ]; then
            export {variable}="${{SLURM_CPUS_PER_TASK:-{cores}}}"
            export {srun_variable}="${variable}"
        fi
"""
_STEPS = """\
        [ -z "$in_slurm" ] || unset SLURM_EXPORT_ENV
"""


# A second start of a command that was meant to run once: it only leaves its mark.
_GUARD = """\
if [ "$attempt" != 0 ]; then
    put "started.$attempt" "$$"
    exit 1
fi
"""


def render_script(job: JobRecord) -> str:
    """Text of the script that runs ``job.command`` and leaves its exit code in a file.

    Raises
    ------
    ValueError
        For what no program can be given: an empty command, NUL characters, or a variable
        whose name is none.
    """
    command = job.command
    if command.template is None or command.template.placeholder:
        check_arguments(command.argv)
    return _TEMPLATE.format(
        id_variable=JOB_ID_VARIABLE,
        attempt_variable=ATTEMPT_VARIABLE,
        job_id=shlex.quote(job.id),
        folder=shlex.quote(str(job.folder)),
        enter=ENTER,
        output=SLURM_OUTPUT,
        tail=shlex.quote(tail_of(job.folder)),
        directives="".join(f"{line}\n" for line in _directives(command)),
        plain_shell=PLAIN_SHELL,
        surroundings=_surroundings(job),
        guard="" if command.repeatable else _GUARD,
        stop=_stop(command),
        stdin=shlex.quote(_stdin(job)),
        exports="".join(_export(name, value) for name, value in command.env.items()),
        cwd=shlex.quote(str(command.cwd)),
        argv=_words(job),
    )


def _stdin(job: JobRecord) -> str:
    given = job.command.stdin
    if given is not None and given.parent == job.folder.parent:
        return f"../{given.name}"  # seen from the folder that was entered, so that it is the one
    return str(given or "/dev/null")


def tail_of(folder: Path) -> str:
    """By what a script recognises the folder of its job, wherever a node has mounted it."""
    return f"{folder.parent.name}/{folder.name}"


def _stop(command: Command) -> str:
    """A good end after a signal is none that a queue should call a failure."""
    if not command.stop_codes:
        return ""
    codes = "|".join(map(str, command.stop_codes))
    return f'[ -z "$signalled" ] || case $code in {codes}) code=0 ;; esac\n'


def _surroundings(job: JobRecord) -> str:
    """What a command has to find in its environment wherever it is started."""
    command, variable = job.command, job.resources.threads_variable
    # A script without a place for a command is all of a user's own.
    steps = "" if command.template is not None and not command.template.placeholder else _STEPS
    if not variable:
        return steps
    return steps + _THREADS.format(
        cores=job.resources.cores, variable=variable, srun_variable=SRUN_CORES
    )


def _directives(command: Command) -> list[str]:
    return [] if command.template is None else directives(command.template)


def _words(job: JobRecord) -> str:
    """What the inner shell becomes: the command, or the user's script around it."""
    template = job.command.template
    if template is None:
        return shlex.join(job.command.argv)
    # As the outer shell sees it, so that it is the one in the folder that was entered. No open
    # file would do: csh closes those that it does not know.
    words = shlex.join(interpreter(template))
    folder = '"/proc/$$/cwd"' if sys.platform == "linux" else shlex.quote(str(job.folder))
    return f"{words} {folder}/{job.user_script.name}"


def check_arguments(argv: tuple[str, ...]) -> None:
    """Raise ValueError unless `argv` can be handed to a program."""
    if not argv or not argv[0]:
        raise ValueError(f"The command {argv!r} names no program.")
    for argument in argv:
        if "\0" in argument:
            raise ValueError(f"The argument {argument!r} contains a NUL character.")


def _export(name: str, value: str) -> str:
    if not _VARIABLE_NAME.fullmatch(name) or "\0" in value:
        raise ValueError(f"{name}={value!r} can't be an environment variable.")
    return f"        export {name}={shlex.quote(value)}\n"
