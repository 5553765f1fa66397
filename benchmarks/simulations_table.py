"""The table of 10,000 simulations in JupyterLab and Chromium, beside a plain HTML table.

Prints how long the first rows take to be seen once their data has arrived, how smoothly the
table scrolls, what goes over the wire while a hundred of the simulations write frames, and
for how long the kernel's event loop is held up.
"""

from __future__ import annotations

import json
import shutil
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

from common import is_quick, private_folder, report

TESTS = Path(__file__).parents[1] / "tests"
sys.path += [str(TESTS / "browser")]

# Runs in the page before anything else: remembers when data came and when it was seen.
WATCH = """() => {
    window.wire = [];
    const Native = window.WebSocket;
    const decoder = new TextDecoder();
    window.WebSocket = class extends Native {
        constructor(...all) {
            super(...all);
            this.addEventListener('message', ({ data }) => {
                const text = typeof data === 'string' ? data : decoder.decode(data);
                const kind = ['"numbers"', 'naive-table'].find(mark => text.includes(mark));
                window.wire.push({ at: performance.now(), bytes: text.length, kind });
            });
        }
    };
    window.seen = {};
    const look = () => {
        for (const [name, selector] of [['table', '[data-sim]'], ['naive', '.naive-table tr']]) {
            if (window.seen[name] || !document.querySelector(selector)) continue;
            window.seen[name] = true;
            requestAnimationFrame(() => setTimeout(() => (window.seen[name] = performance.now())));
        }
    };
    new MutationObserver(look).observe(document, { childList: true, subtree: true });
}"""
SCROLL = """([element, seconds]) => new Promise(done => {
    const times = [];
    const begin = performance.now();
    const room = Math.min(seconds * 6000, element.scrollHeight - element.clientHeight);
    const step = now => {
        times.push(now);
        element.scrollTop = room * Math.min(1, (now - begin) / 1000 / seconds);
        if (now - begin < seconds * 1000) requestAnimationFrame(step);
        else done(times);
    };
    requestAnimationFrame(step);
})"""
MAKE = f"""
import asyncio, gc, json, sys, time
from dataclasses import replace
sys.path.insert(0, {str(TESTS / "jupyter")!r})
from pretend import PretendJobs, PretendRun
from asyncmd_jupyter import runtime
from asyncmd_jupyter.jupyter.widgets.simulations import SimulationTable
from asyncmd_jupyter.sampling.progress import RunState

events = runtime.current().events
runs = [PretendRun(events, f"run{{i:03}}", n_walkers=N_WALKERS) for i in range(100)]
for i, run in enumerate(runs):
    run._snapshot = replace(run._snapshot, campaign=f"campaign {{i % 4}}", engine="OpenMM")
    for walker in range(1, N_WALKERS):
        state = [RunState.WAITING, RunState.REACHED, RunState.FAILED][walker % 3]
        n_frames = 0 if state is RunState.WAITING else 100 + walker
        run._series[walker] = replace(run._series[walker])
        walkers = list(run._snapshot.walkers)
        walkers[walker] = replace(walkers[walker], state=state, time_limit=1000.0,
                                  n_frames=n_frames, time_done=n_frames * 0.2)
        run._snapshot = replace(run._snapshot, walkers=tuple(walkers))
    run.grow(i + 1)
table = SimulationTable(lambda: runs, PretendJobs(events))

async def gaps(seconds):
    # Processor time, as this machine may be busy with something else; Python's own
    # collections take longer, as the kernel holds so much.
    gc.collect()
    gc.disable()
    found, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end:
        now = time.thread_time()
        await asyncio.sleep(0.002)
        found.append(time.thread_time() - now)
    gc.enable()
    return sorted(found)[-3:][::-1]
"""
BUILD = """
other = SimulationTable(lambda: runs, PretendJobs(events))
other._has_listener = True
other.open()
found = await gaps(4)
assert len(other.rows()) == 100 * len(runs[0].snapshot().walkers)
other.close()
print(json.dumps(found))
"""
MOVE = """
async def move():
    for n_frames in range(200, 100_000):
        began = time.perf_counter()
        for run in runs:
            run.grow(n_frames)
            await asyncio.sleep(0)
        await asyncio.sleep(max(0, 0.25 - (time.perf_counter() - began)))

moving = asyncio.create_task(move())
"""
NAIVE = """
from html import escape
from IPython.display import HTML, display
from asyncmd_jupyter.jupyter.widgets.simulations_still import values_words
words = table._words
cells = "".join("<tr>" + "".join(f"<td>{escape(str(c))}</td>" for c in
    (r.run, r.walker, r.campaign, r.engine, r.state, r.done, r.limit, r.speed,
     values_words(r, words), r.reason, r.parts, r.nodes, r.job, r.native)) +
    "<td><button>Cancel</button></td></tr>" for r in table.rows())
# The page looks for this word, and must not find it in the echo of this cell.
display(HTML(f'<div class="naive{"-"}table" style="max-height:460px;overflow:auto">'
             f'<table>{cells}</table></div>'))
"""


def main() -> None:
    quick = is_quick(__doc__)
    from playwright.sync_api import sync_playwright
    from server import lab_server

    with private_folder() as base, lab_server(base) as server, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = chromium.new_page(viewport={"width": 1400, "height": 1000})
        page.add_init_script(f"({WATCH})()")
        measure(page, server, n_walkers=10 if quick else 100, seconds=2 if quick else 10)
        chromium.close()


def measure(page: Any, server: Any, *, n_walkers: int, seconds: float) -> None:
    from lab import Lab

    lab = Lab(page, server, "benchmark")
    lab.open()
    lab.choose_in_palette("asyncmd: New quickstart notebook")
    lab.wait_for_notebook(f"{lab.folder.name}/asyncmd-quickstart/quickstart.ipynb")
    rows = f"{100 * n_walkers:,} simulations"
    said(lab, MAKE.replace("N_WALKERS", str(n_walkers)))
    alone = said(lab, "print(json.dumps(await gaps(4)))")
    said(lab, "table.show()")
    page.locator(".asyncmd-sims-summary", has_text=rows).wait_for()
    page.wait_for_timeout(1000)
    table = first_paint(page, '"numbers"', "table")
    building = said(lab, BUILD)
    still = rate(page, seconds)
    quiet = scrolled(page, ".asyncmd-sims-grid", seconds / 2)
    said(lab, MOVE)
    page.wait_for_timeout(2000)
    at_rest = rate(page, seconds)
    busy = scrolled(page, ".asyncmd-sims-grid", seconds / 2)
    moving = said(lab, "print(json.dumps(await gaps(4)))")
    said(lab, "moving.cancel()")
    report(
        "simulations_table",
        simulations=rows,
        first_rows_seen_after_s=table["first"],
        all_arrived_within_s=table["arriving"],
        kilobytes=table["bytes"] / 1000,
        scrolling_frames_per_s=quiet,
        scrolling_while_100_run=busy,
        kilobytes_per_s_nothing_changes=still / 1000,
        kilobytes_per_s_100_run=at_rest / 1000,
        longest_ms_loop_held_up={"alone": alone, "building": building, "100 run": moving},
    )
    said(lab, NAIVE)
    page.wait_for_function("() => window.seen.naive > 1")
    naive = first_paint(page, "naive-table", "naive")
    report(
        "naive_html_table",
        simulations=rows,
        first_rows_seen_after_s=naive["first"],
        kilobytes=naive["bytes"] / 1000,
        scrolling_frames_per_s=scrolled(page, ".naive-table", seconds / 2),
        kilobytes_per_s_if_sent_four_times_a_second=naive["bytes"] * 4 / 1000,
    )


def said(lab: Any, source: str) -> Any:
    """Run a cell; what it printed is milliseconds."""
    cell = lab.run_cell(lab.add_cell(source))
    printed = "".join(o.get("text", "") for o in cell["outputs"] if o["output_type"] == "stream")
    return [1000 * gap for gap in json.loads(printed)] if printed else None


def first_paint(page: Any, kind: str, name: str) -> dict[str, float]:
    """Seconds from the first message with rows until they were on the screen."""
    wire = page.evaluate("kind => window.wire.filter(m => m.kind === kind)", kind)
    seen = page.evaluate("name => window.seen[name]", name)
    return {
        "first": (seen - wire[0]["at"]) / 1000,
        "arriving": (wire[-1]["at"] - wire[0]["at"]) / 1000,
        "bytes": sum(message["bytes"] for message in wire),
    }


def rate(page: Any, seconds: float) -> float:
    """Bytes in a second that the page gets."""
    total = "() => window.wire.reduce((sum, m) => sum + m.bytes, 0)"
    before = page.evaluate(total)
    page.wait_for_timeout(1000 * seconds)
    return float(page.evaluate(total) - before) / seconds


def scrolled(page: Any, selector: str, seconds: float) -> dict[str, float]:
    """Scroll from end to end and count the pictures."""
    element = page.locator(selector).last
    element.scroll_into_view_if_needed()
    times = page.evaluate(SCROLL, [element.element_handle(), seconds])
    gaps = sorted(b - a for a, b in pairwise(times))
    mean = (len(times) - 1) / (times[-1] - times[0]) * 1000
    return {"mean": mean, "median": 1000 / gaps[len(gaps) // 2], "longest_ms": gaps[-1]}


if __name__ == "__main__":
    main()
