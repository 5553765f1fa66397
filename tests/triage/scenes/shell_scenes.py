"""Scripts of shells that get nowhere."""

from __future__ import annotations

from pathlib import Path

from triage.scenes import Scene, Stage

# Also where other versions of these are installed, a job's shell begins without functions.
CLEAN = "unset -f module ml 2>/dev/null\n"


def mounted(options: str, script: str) -> Stage:
    """A script in a small file system of its own; needs the rights for that."""
    mount = f"mount -t tmpfs -o {options} tmpfs disk"

    def stage(folder: Path) -> Scene:
        (folder / "disk").mkdir()
        return Scene(("unshare", "--mount", "bash", "-c", f"{mount} && cd disk && {script}"))

    return stage


def bash(text: str, **files: str) -> Stage:
    """Run a script beside other files, of which those with a ``#!`` may be executed."""

    def stage(folder: Path) -> Scene:
        for name, content in files.items():
            path = folder / name
            path.write_text(content)
            path.chmod(0o700 if content.startswith("#!") else 0o600)
        (folder / "script.sh").write_text(CLEAN + text)
        return Scene(("bash", "script.sh"))

    return stage


SCENES: dict[str, Stage] = {
    "shell-not-found": bash("nonsense_mdrun -v\n"),
    "shell-not-found.exec": bash("exec -- nonsense_mdrun -v\n"),
    "shell-not-found.path": bash("./nonsense/gmx mdrun\n"),
    "shell-permission": bash("./plain\n", plain="echo\n"),
    "shell-module-command": bash("module load gromacs\ngmx_of_module mdrun\n"),
    "shell-interpreter": bash("./program\n", program="#!/nonsense/bin/python\n"),
    "shell-interpreter.env": bash("./program\n", program="#!/usr/bin/env nonsense\n"),
    "shell-syntax": bash("if true; then\necho\n"),
    "shell-syntax.unbound": bash("set -u\necho $NONSENSE\n"),
    "shell-folder": bash("cd /nonsense/folder\n"),
    "shell-format": bash(
        "chmod +x binary\nexec ./binary\n", binary="\x7fELF\x02\x01\x01\0nonsense"
    ),
    "signal-segfault": bash("bash -c 'kill -SEGV $$'\ntrue\n"),
    "limit-killed": bash("bash -c 'kill -KILL $$'\ntrue\n"),
    "signal-abort": bash("bash -c 'kill -ABRT $$'\ntrue\n"),
    "signal-illegal": bash("bash -c 'kill -ILL $$'\ntrue\n"),
    "signal-bus": bash("bash -c 'kill -BUS $$'\ntrue\n"),
    "signal-float": bash("bash -c 'kill -FPE $$'\ntrue\n"),
    "signal-terminated": bash("bash -c 'kill -TERM $$'\ntrue\n"),
    "signal-hangup": bash("bash -c 'kill -HUP $$'\ntrue\n"),
    "signal-cpu-time": bash("ulimit -S -t 1\nbash -c 'while :; do :; done'\ntrue\n"),
    "limit-file-size.shell": bash("ulimit -f 1\nbash -c 'yes >big'\ntrue\n"),
    "file-read-only": mounted("ro", "touch file"),
    "limit-memory.linker": bash("ulimit -v 30000\ngmx --version\n"),
    "limit-disk.shell": bash("yes >/dev/full\n"),
}
