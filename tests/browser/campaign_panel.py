"""The side panel with campaigns on a page, as tests use it."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from lab import Lab


class CampaignPanel:
    """The panel, its tree and its details."""

    def __init__(self, lab: Lab) -> None:
        self.lab, self.page = lab, lab.page
        self.area = self.page.locator(".asyncmd-panel")
        self.grid = self.area.get_by_role("treegrid")
        self.rows = self.area.locator(".asyncmd-grid-row")
        self.search = self.area.get_by_role("searchbox")
        self.menu = self.page.locator(".lm-Menu")
        self.details = self.area.get_by_role("region", name="Details")
        self.dialog = self.page.locator(".jp-Dialog")
        self.status = self.page.locator(".asyncmd-status-button")

    def open(self) -> None:
        self.lab.execute("asyncmd:show-campaigns")
        self.area.wait_for()

    def row(self, name: str) -> Any:
        """The row of a campaign, run or job by its name."""
        return self.area.locator(f".asyncmd-grid-row[data-name='{name}']")

    def state(self, name: str) -> str:
        return str(self.row(name).get_attribute("data-state"))

    def selected(self, name: str) -> bool:
        return self.row(name).get_attribute("aria-selected") == "true"

    def names(self) -> list[str]:
        """Of the rows that are drawn, from the top."""
        script = """nodes => nodes.toSorted((a, b) => a.ariaRowIndex - b.ariaRowIndex)
            .map(node => node.dataset.name)"""
        return list(self.rows.evaluate_all(script))

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def chips(self) -> list[str]:
        return list(self.area.locator(".asyncmd-chip:visible").all_inner_texts())

    def fact(self, name: str) -> str:
        """A value among the facts of what is shown in detail."""
        term = self.details.locator("dt").get_by_text(name, exact=True)
        return str(term.locator("xpath=following-sibling::dd[1]").inner_text())

    def set_width(self, pixels: int) -> None:
        """Drag the edge of the side panel."""
        handle = self.page.locator("#jp-main-split-panel > .lm-SplitPanel-handle").first
        edge, left = handle.bounding_box(), self.area.bounding_box()
        assert edge is not None
        assert left is not None
        self.page.mouse.move(edge["x"] + 1, 300)
        self.page.mouse.down()
        self.page.mouse.move(left["x"] + pixels + 1, 300, steps=3)
        self.page.mouse.up()

    def cut_without_title(self) -> list[str]:
        """Texts that do not fit and can't be read elsewhere."""
        script = """area => [...area.querySelectorAll('*')].filter(node =>
            node.scrollWidth > node.clientWidth + 1 && node.clientWidth > 0 &&
            getComputedStyle(node).overflowX !== 'visible' &&
            getComputedStyle(node).overflowX !== 'auto' &&
            !node.closest('[title]:not([title=""])') && node.innerText.trim())
            .map(node => node.className + ': ' + node.innerText)"""
        return list(self.area.evaluate(script))

    def picture(self, name: str) -> None:
        self.lab.screenshot(f"campaigns-{name}")

    def violations(self) -> list[Any]:
        """What axe finds wrong with the panel and the item in the status bar."""
        found = [
            violation
            for context in (".asyncmd-panel", ".asyncmd-status")
            for violation in Axe().run(self.page, context=context).response["violations"]
        ]
        return [(v["id"], [node["html"][:200] for node in v["nodes"]]) for v in found]
