"""What the labextension adds to JupyterLab and to Notebook 7."""

import json

COMMAND = "asyncmd: New quickstart notebook"
COPY = "asyncmd-quickstart/quickstart.ipynb"


def test_palette_creates_and_opens_a_quickstart_notebook(lab):
    lab.choose_in_palette(COMMAND)
    lab.wait_for_notebook(f"{lab.folder.name}/{COPY}")
    lab.screenshot("quickstart-opened")

    assert [str(path.relative_to(lab.folder)) for path in lab.folder.glob("*/*.ipynb")] == [COPY]
    assert lab.cells()[0]["cell_type"] == "markdown"
    assert lab.errors == []


def test_an_existing_notebook_is_never_overwritten(lab):
    mine = lab.folder / COPY
    mine.parent.mkdir()
    mine.write_text("mine")
    lab.choose_in_palette(COMMAND)
    lab.wait_for_notebook(f"{lab.folder.name}/asyncmd-quickstart-1/quickstart.ipynb")

    assert mine.read_text() == "mine"
    second = lab.folder / "asyncmd-quickstart-1" / "quickstart.ipynb"
    assert json.loads(second.read_text())["nbformat"] == 4
    assert not list(lab.folder.glob("Untitled*"))
    assert lab.errors == []


def test_launcher_card_opens_one_too(lab):
    card = lab.page.locator(".jp-LauncherCard").filter(has_text="Quickstart")
    card.click()
    lab.wait_for_notebook(f"{lab.folder.name}/{COPY}")
    assert lab.errors == []


def test_a_folder_that_is_gone_is_said_in_a_dialog(lab):
    lab.folder.rmdir()
    lab.choose_in_palette(COMMAND)
    dialog = lab.page.locator(".jp-Dialog")
    dialog.wait_for()
    assert "The quickstart notebook could not be created" in dialog.inner_text()


def test_notebook_7_creates_one_from_its_file_list(lab):
    lab.go_to(f"tree/{lab.folder.name}")
    lab.wait_for_file_browser()
    with lab.page.context.expect_page() as opened:
        lab.execute("asyncmd:new-quickstart")
    opened.value.wait_for_url(f"**/notebooks/{lab.folder.name}/{COPY}*")
    assert lab.errors_about("asyncmd") == []


def test_loads_beside_an_open_notebook_in_notebook_7(lab):
    lab.choose_in_palette(COMMAND)
    path = f"{lab.folder.name}/{COPY}"
    lab.wait_for_notebook(path)
    lab.go_to(f"notebooks/{path}")
    active = "() => jupyterapp.isPluginActivated('asyncmd-jupyter:quickstart')"
    lab.page.wait_for_function(active)
    lab.screenshot("notebook-7")
    assert lab.errors_about("asyncmd") == []
