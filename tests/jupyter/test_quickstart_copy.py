import json
import subprocess
import sys

import pytest

from asyncmd_jupyter.jupyter import quickstart


def test_never_overwrites(tmp_path):
    first = quickstart.fresh_copy(tmp_path / "new" / "folder")
    first.write_text("mine")
    second = quickstart.fresh_copy(first.parent)
    (tmp_path / "new" / "folder-2").mkdir()
    (tmp_path / "new" / "folder-2" / "quickstart.html").write_text("a report of its own")
    third = quickstart.fresh_copy(first.parent)

    assert [path.name for path in (first, second, third)] == 3 * ["quickstart.ipynb"]
    folders = [path.parent.name for path in (first, second, third)]
    assert folders == ["folder", "folder-1", "folder-3"]
    assert first.read_text() == "mine"
    assert json.loads(third.read_text())["nbformat"] == 4


def test_a_file_in_place_of_the_folder_is_named(tmp_path):
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(NotADirectoryError, match=r"file is a file; choose a folder with --dir"):
        quickstart.fresh_copy(file)


def test_lab_command_opens_the_notebook_with_this_python(tmp_path):
    command = quickstart.lab_command(tmp_path / "n.ipynb", browser=False, port=8899, root=True)
    assert command[0] == sys.executable
    assert f"--ServerApp.root_dir={tmp_path}" in command
    assert "--LabApp.default_url=/lab/tree/n.ipynb" in command
    assert command[-3:] == ["--no-browser", "--port=8899", "--allow-root"]


def test_a_kernel_of_the_user_does_not_take_over(private_folders):
    foreign = private_folders / "jupyter-data" / "kernels" / "python3"
    foreign.mkdir(parents=True)
    spec = {"argv": ["/foreign/python"], "display_name": "x", "language": "python"}
    (foreign / "kernel.json").write_text(json.dumps(spec))
    hostile = {
        "JUPYTER_DATA_DIR": str(private_folders / "jupyter-data"),
        "JUPYTER_PREFER_ENV_PATH": "0",
        "JUPYTER_PATH": str(private_folders / "jupyter-data"),
    }

    assert kernel_python(hostile) == "/foreign/python"
    assert kernel_python(quickstart.own_kernel_first(hostile)) in ("python", sys.executable)


def kernel_python(environ):
    program = (
        "from jupyter_client.kernelspec import get_kernel_spec;"
        "print(get_kernel_spec('python3').argv[0])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=True
    )
    return answer.stdout.strip()
