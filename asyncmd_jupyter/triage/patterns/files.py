"""Files that are not there, or that can't be used."""

from __future__ import annotations

import errno

from asyncmd_jupyter.triage.pattern import EXACT, MACHINE, USUAL, Pattern

PATTERNS = (
    Pattern(
        kind="file-missing",
        text=r"^FileNotFoundError: .*|^NotADirectoryError: .*",
        errnos=(errno.ENOENT, errno.ENOTDIR),
        title="File missing",
        meaning="A file or folder is not there, at least not where it was looked for.",
        remedies=(
            "Compare the path with what is there; paths of jobs begin in the work folder.",
            "On a cluster: is the folder on a file system that the nodes see, too?",
        ),
        priority=USUAL,
    ),
    Pattern(
        kind="file-permission",
        text=r"^PermissionError: .*",
        errnos=(errno.EACCES, errno.EPERM),
        title="No permission",
        meaning="This user may not read or write a file or folder.",
        remedies=("'ls -l' shows whose it is; choose a folder of your own, or change its mode.",),
        priority=USUAL,
    ),
    Pattern(
        kind="file-read-only",
        text=r"(?i)read-only file system",
        errnos=(errno.EROFS,),
        title="File system can't be written",
        meaning="The file system is read-only here: by its kind, or after an error of its disk.",
        remedies=("Choose another folder; many clusters have home read-only on their nodes.",),
        priority=MACHINE,
    ),
    Pattern(
        kind="file-stale",
        text=r"(?i)stale (?:nfs )?file handle|transport endpoint is not connected"
        r"|cannot send after transport endpoint shutdown",
        errnos=(errno.ESTALE, errno.ENOTCONN, errno.ESHUTDOWN),
        title="File server went away",
        meaning="The connection to a network file system was lost, or a file was replaced there.",
        remedies=("Go on with 'resume'; if it happens again tell the people of the cluster.",),
        priority=MACHINE,
    ),
    Pattern(
        kind="file-io",
        text=r"(?i)input/output error$|remote i/o error",
        errnos=(errno.EIO, errno.EREMOTEIO),
        title="Disk error",
        meaning="A disk or a file server could not read or write.",
        remedies=("Save what you have elsewhere, and tell the people who run the machine.",),
        priority=MACHINE,
    ),
    Pattern(
        kind="file-exists",
        text=r"^FileExistsError: .*",
        errnos=(errno.EEXIST,),
        title="File is there already",
        meaning="A file or folder that shall be made exists, and nothing is written over.",
        remedies=("Choose another name, or say overwrite=True where that is meant.",),
        priority=USUAL,
    ),
    Pattern(
        kind="file-torn",
        text=r"^TruncatedTrajectoryError: .*|^EOFError: .*|zipfile\.BadZipFile: .*",
        title="File is not whole",
        meaning="A file ends too early: it is still being written, or its writer was killed.",
        remedies=("Wait until it is written; frames before the damage can still be used.",),
        priority=EXACT,
    ),
)
