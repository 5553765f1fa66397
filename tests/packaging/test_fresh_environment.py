"""What a newcomer gets from ``pip install .`` on a bare machine."""

import json
import re
import socket
import subprocess
import time
import urllib.error
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


def test_the_jupyter_server_lists_its_extension_as_enabled_and_ok(fresh, tmp_path):
    listed = fresh.must_run("jupyter", "server", "extension", "list", cwd=tmp_path)
    plain = re.sub(r"\x1b\[\d*m", "", listed)
    assert re.search(r"asyncmd_jupyter enabled\b", plain), listed
    assert re.search(r"asyncmd_jupyter \d\S* +OK", plain), listed


def test_importing_loads_nothing_heavy_and_starts_no_process(fresh, tmp_path):
    answer = fresh.must_run("python", "-W", "error", "-c", LIGHT_IMPORT, cwd=tmp_path)
    assert json.loads(answer) == [[], 0]


def test_quickstart_in_the_terminal(fresh, tmp_path):
    said = fresh.must_run("asyncmd", "quickstart", "--headless", "--dir", "a b", cwd=tmp_path)
    folder = tmp_path / "a b"
    assert re.search(
        r"Run first: reached, .* s\n  walker 0: reached \w+ after .* ps, \d+ frames", said
    )
    assert len(re.findall(r"  walker \d: reached", said)) == 5, said
    notebook = json.loads((folder / "quickstart.ipynb").read_text())
    assert all(cell["execution_count"] for cell in notebook["cells"] if cell["cell_type"] == "code")
    assert "alphaR" in (folder / "quickstart.html").read_text()


def test_quickstart_opens_jupyterlab_on_the_notebook(fresh, tmp_path):
    port = free_port()
    command = [fresh.program("asyncmd"), "quickstart", "--no-browser", f"--port={port}"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=fresh.variables, stderr=subprocess.PIPE, text=True
    ) as server:
        try:
            address = announced_address(server.stderr, port)
            token = address.partition("token=")[2]
            listing = f"http://127.0.0.1:{port}/api/contents/?token={token}"
            names = [file["name"] for file in fetched(listing, server)["content"]]
        finally:
            server.kill()
    assert "/lab/tree/quickstart.ipynb?token=" in address
    assert names == ["quickstart.ipynb"]
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


def fetched(address, server):
    """The answer of a server that announces its address just before it listens."""
    while server.poll() is None:
        try:
            with urllib.request.urlopen(address) as answer:
                return json.load(answer)
        except urllib.error.URLError as error:
            if not isinstance(error.reason, ConnectionRefusedError):
                raise
            time.sleep(0.1)
    raise AssertionError(f"JupyterLab ended:\n{server.stderr.read()}")
