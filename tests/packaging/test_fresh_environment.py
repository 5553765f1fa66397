"""What a newcomer gets from ``pip install .`` on a bare machine."""

import json
import re
import signal
import socket
import subprocess
import urllib.request

HEAVY = ("MDAnalysis", "IPython", "ipywidgets", "matplotlib", "nglview", "openmm", "jupyter_server")
LIGHT_IMPORT = f"""
import json, sys, psutil
import asyncmd_jupyter
heavy = [name for name in {HEAVY!r} if name in sys.modules]
print(json.dumps([heavy, len(psutil.Process().children())]))
"""


def test_jupyterlab_lists_the_extension_as_enabled_and_ok(fresh, tmp_path):
    listed = fresh.must_run("jupyter", "labextension", "list", cwd=tmp_path)
    plain = re.sub(r"\x1b\[\d*m", "", listed)
    assert re.search(r"asyncmd-jupyter v\S+ enabled +OK", plain), listed


def test_importing_loads_nothing_heavy_and_starts_no_process(fresh, tmp_path):
    answer = fresh.must_run("python", "-W", "error", "-c", LIGHT_IMPORT, cwd=tmp_path)
    assert json.loads(answer) == [[], 0]


def test_quickstart_in_the_terminal(fresh, tmp_path):
    said = fresh.must_run("asyncmd", "quickstart", "--headless", "--dir", "a b", cwd=tmp_path)
    folder = tmp_path / "a b"
    assert (folder / "quickstart.ipynb").read_text().count('"outputs": [')
    assert (folder / "quickstart.html").stat().st_size > 0
    assert str(folder / "quickstart.ipynb") in said


def test_quickstart_opens_jupyterlab_on_the_notebook(fresh, tmp_path):
    port = free_port()
    command = [fresh.program("asyncmd"), "quickstart", "--no-browser", f"--port={port}"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=fresh.variables, stderr=subprocess.PIPE, text=True
    ) as server:
        try:
            address = announced_address(server.stderr, port)
            assert "/lab/tree/quickstart.ipynb?token=" in address
            token = address.partition("token=")[2]
            listing = f"http://127.0.0.1:{port}/api/contents/?token={token}"
            with urllib.request.urlopen(listing) as answer:
                names = [file["name"] for file in json.load(answer)["content"]]
            assert names == ["quickstart.ipynb"]
        finally:
            server.send_signal(signal.SIGTERM)
            server.stderr.read()
    assert (tmp_path / "asyncmd-quickstart" / "quickstart.ipynb").exists()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def announced_address(lines, port):
    seen = []
    for line in lines:
        seen.append(line)
        if found := re.search(rf"http://(?:localhost|127\.0\.0\.1):{port}\S+token=\S+", line):
            return found.group()
    raise AssertionError("JupyterLab ended:\n" + "".join(seen))
