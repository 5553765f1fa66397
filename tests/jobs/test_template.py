"""Scripts of users around commands."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from asyncmd_jupyter.jobs.folder import prepare_folder, read_end
from asyncmd_jupyter.jobs.model import Command, JobRecord, ScriptTemplate
from asyncmd_jupyter.jobs.rows import from_text, to_text
from asyncmd_jupyter.jobs.script import render_script
from asyncmd_jupyter.jobs.slurm.options import check_directives, options_in
from asyncmd_jupyter.jobs.template import directives, filled, interpreter, read_template

SCRIPT = """\
#!/bin/bash -e
#SBATCH --time=5
# a remark

#SBATCH -c 8 --gres=gpu:1  # two in one line
a=(1 2 3); echo "${a[@]}" ${#a[@]} %x {other}
{cmd}
#SBATCH --partition=late
"""


def template(text=SCRIPT, placeholder="{cmd}"):
    return ScriptTemplate(text, placeholder)


def job(folder, template, *argv, **more):
    command = Command(argv, folder, template=template, **more)
    record = JobRecord("abc", "name", "local", command, folder / "jobs" / "it's {x} $HOME")
    prepare_folder(record)
    return record


def run(record, **env):
    return subprocess.run(["bash", record.script], check=False, env=os.environ | env).returncode


def test_only_the_placeholder_is_replaced(tmp_path):
    arguments = ("printf", "%s\\n", "a b", "$(touch x)", "it's", "{cmd}", "${a}", "-x", "new\nline")
    record = job(tmp_path, template(), *arguments)
    assert run(record) == 0
    expected = ["1 2 3 3 %x {other}", *arguments[2:]]
    assert record.stdout.read_text() == "\n".join(expected) + "\n"
    assert not (tmp_path / "x").exists()


def test_slurm_sees_the_lines_for_it_and_the_options_of_the_script(tmp_path):
    assert directives(template()) == [line for line in SCRIPT.split("\n")[:5] if "SBATCH" in line]
    assert options_in(template()) == {"time": "5", "cpus-per-task": "8", "gres": "gpu:1"}
    text = render_script(job(tmp_path, template(), "true"))
    head = text.split("\n")[:3]
    assert head == ["#!/usr/bin/env bash", *directives(template())]


@pytest.mark.parametrize(
    "line", ["--array=1-3", "-a 1-3", "-a1-3", "-W", "--wait", "-M other", "hetjob"]
)
def test_lines_that_make_something_else_of_a_job(line):
    with pytest.raises(ValueError, match=r"#SBATCH .*can't be in the script"):
        check_directives(template(f"#!/bin/sh\n#SBATCH {line}\n{{cmd}}\n"))


@pytest.mark.parametrize(
    ("first", "words"),
    [
        ("#!/bin/bash", ("/bin/bash",)),
        ("#! /usr/bin/env  bash", ("/usr/bin/env", "bash")),
        ("#!/usr/bin/env -S bash -e", ("/usr/bin/env", "-S bash -e")),
    ],
)
def test_the_first_line_is_read_as_the_system_does(first, words):
    shell = template(f"{first}\n{{cmd}}\n")
    assert interpreter(shell) == words
    assert "trap" in filled(shell, ["x"])


def test_a_script_for_another_program_stays_as_it_is(tmp_path):
    text = f"#!{sys.executable}\nimport sys\nprint(sys.argv)\nsys.exit(4)\n"
    record = job(tmp_path, template(text, ""))
    assert run(record) == 4
    assert record.user_script.read_text() == text


@pytest.mark.parametrize("text", ["#!/bin/sh", "#!/bin/sh\n", "#!/bin/sh\n# x\n\n# y"])
def test_a_script_that_does_nothing(tmp_path, text):
    assert run(job(tmp_path, template(text, ""))) == 0


def test_the_script_gets_its_input(tmp_path):
    (tmp_path / "in").write_text("hello")
    record = job(tmp_path, template("#!/bin/sh\ncat\n", ""), stdin=tmp_path / "in")
    assert run(record) == 0
    assert record.stdout.read_text() == "hello"


@pytest.mark.parametrize("shell", ["/bin/bash", "/bin/sh", "/bin/bash -l"])
def test_a_signal_reaches_the_command_and_the_script_goes_on(tmp_path, shell):
    text = f"#!{shell}\n{{cmd}}\ncode=$?\necho tidied up\nexit $code\n"
    code = (
        "import signal, sys, time, pathlib\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\n"
        "pathlib.Path('up').touch()\n"
        "time.sleep(60)\n"
    )
    record = job(tmp_path, template(text), sys.executable, "-c", code)
    process = subprocess.Popen(["bash", record.script])
    while not (tmp_path / "up").exists():
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    assert process.wait() == 7
    assert read_end(record).exit_code == 7
    assert "tidied up" in record.stdout.read_text()


def test_what_may_run_once_does_not_run_twice(tmp_path):
    record = job(tmp_path, template("#!/bin/sh\necho ran\n", ""), repeatable=False)
    run(record, SLURM_RESTART_COUNT="1")
    assert not record.stdout.exists()
    assert (record.folder / "started.1").exists()
    assert run(record) == 0
    assert record.stdout.read_text() == "ran\n"


def test_the_script_leaves_the_nodes_where_slurm_tells_them(tmp_path):
    record = job(tmp_path, template("#!/bin/sh\n", ""))
    run(record, SLURM_JOB_ID="1", SLURM_JOB_NODELIST="n[1-2]")
    assert (record.folder / "nodes.0").read_text() == "n[1-2]\n"


def test_the_store_keeps_everything(tmp_path):
    record = job(tmp_path, template(), "x", stdin=Path("/in"), repeatable=False)
    assert from_text(to_text(record), owner="", cancel_requested=False) == record


class TestReading:
    """From what a user gives."""

    def test_a_path_or_a_text(self, tmp_path):
        path = tmp_path / "a script.sh"
        path.write_text(SCRIPT)
        assert read_template("sbatch_script", path, "{cmd}") == template()
        assert read_template("sbatch_script", str(path), "{cmd}") == template()
        assert read_template("sbatch_script", SCRIPT, "{cmd}") == template()

    @pytest.mark.parametrize("given", ["no such file", "echo {cmd}"])
    def test_neither(self, given):
        with pytest.raises(FileNotFoundError, match="sbatch_script="):
            read_template("sbatch_script", given, "{cmd}")

    @pytest.mark.parametrize("given", ["", "  ", "\n"])
    def test_nothing(self, given):
        with pytest.raises(ValueError, match=r"sbatch_script=.* is empty"):
            read_template("sbatch_script", given, "{cmd}")

    @pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
    def test_a_byte_order_mark_is_no_part_of_it(self, tmp_path, encoding):
        path = tmp_path / "script.sh"
        path.write_bytes("#!/bin/sh\n{cmd}\n".encode(encoding))
        assert read_template("sbatch_script", path, "{cmd}").text == "#!/bin/sh\n{cmd}\n"
        given = "\ufeff#!/bin/sh\n{cmd}\n"
        assert read_template("sbatch_script", given, "{cmd}").text == "#!/bin/sh\n{cmd}\n"

    def test_another_type(self):
        with pytest.raises(TypeError, match="sbatch_script=5"):
            read_template("sbatch_script", 5, "{cmd}")

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("#!/bin/sh\necho\n", "does not contain {cmd}"),
            ("#!\n{cmd}\n", "no first line"),
            ("#!/bin/sh\r\n{cmd}\r\n", "line ends of Windows"),
            ("#!/bin/sh\n#SBATCH --partition=x\r\n{cmd}\n", "line ends of Windows"),
        ],
    )
    def test_what_can_not_be_run(self, text, message):
        with pytest.raises(ValueError, match=message):
            read_template("sbatch_script", text, "{cmd}")
