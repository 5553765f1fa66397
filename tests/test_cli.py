
import pytest

import asyncmd_jupyter
from asyncmd_jupyter import cli


def test_says_its_version(capsys):
    with pytest.raises(SystemExit) as exit_:
        cli.main(["--version"])
    assert exit_.value.code == 0
    assert capsys.readouterr().out == f"asyncmd-jupyter {asyncmd_jupyter.__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "COMMAND"),
        (["quickstart", "--port", "0"], "'0' is no port; give a number from 1 to 65535"),
        (["quickstart", "--port", "x"], "'x' is no port"),
        (["cancel"], "ID --all is required"),
        (["cancel", "--all", "abc"], "not allowed with"),
        (["dance"], "'dance'"),
    ],
)
def test_bad_arguments_are_named(arguments, message, capsys):
    with pytest.raises(SystemExit) as exit_:
        cli.main(arguments)
    assert exit_.value.code == cli.BAD_INPUT
    assert message in capsys.readouterr().err


def test_a_folder_that_is_a_file_is_one_clear_line(tmp_path, capsys):
    file = tmp_path / "file"
    file.touch()
    assert cli.main(["quickstart", "--dir", str(file)]) == cli.BAD_INPUT
    assert capsys.readouterr().err == f"asyncmd: {file} is a file; choose a folder with --dir.\n"


def test_a_folder_that_cannot_be_made_is_one_clear_line(capsys):
    assert cli.main(["quickstart", "--dir", "/proc/asyncmd"]) == cli.BAD_INPUT
    assert capsys.readouterr().err.startswith("asyncmd: /proc/asyncmd: ")
