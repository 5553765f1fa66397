"""Draws what the conditions of a run said. Nothing here knows of widgets or loops."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from asyncmd_jupyter.jupyter.widgets.axes import (
    copies,
    limits,
    set_ticks,
    shortened,
    time_axis,
)
from asyncmd_jupyter.jupyter.widgets.decimate import decimate, fulfilled_share
from asyncmd_jupyter.jupyter.widgets.look import Look, condition_colour, walker_colour
from asyncmd_jupyter.jupyter.widgets.png import as_png
from asyncmd_jupyter.jupyter.widgets.words import listed, picoseconds
from asyncmd_jupyter.sampling.progress import (
    Band,
    ConditionSeries,
    Observable,
    RunSnapshot,
    RunState,
)

BASE_DPI = 100
FONT = 8.6
PANEL, TITLE, AXIS, GAP, LEGEND, STRIP = 112, 27, 42, 8, 20, 15


@dataclass(frozen=True)
class Scene:
    """All that is drawn: a run and the series of its walkers."""

    run: RunSnapshot
    series: tuple[ConditionSeries, ...]

    @property
    def end(self) -> float:
        """Time in ps at which the last walker is."""
        return max((float(s.times[-1]) for s in self.series if len(s.times)), default=0.0)

    @property
    def interval(self) -> float:
        """Time in ps for which the last frame stands."""
        return max(
            (float(s.times[-1] - s.times[-2]) for s in self.series if len(s.times) > 1), default=0.0
        )

    @property
    def is_empty(self) -> bool:
        """Whether there is no frame yet."""
        return not any(len(s.times) for s in self.series)

    @property
    def observables(self) -> tuple[str, ...]:
        """Names of all functions, in the order in which they were given."""
        return tuple(dict.fromkeys(o.name for s in self.series for o in s.observables))

    def of(self, name: str) -> Iterator[tuple[int, ConditionSeries, Observable]]:
        """Walkers that have an observable, with their series and the observable."""
        for i, one in enumerate(self.series):
            yield from ((i, one, o) for o in one.observables if o.name == name)


def describe(scene: Scene) -> str:
    """Say in words what the drawing shows, for those who don't see it."""
    if scene.is_empty:
        return awaited(scene.run)
    functions = listed(scene.observables) or "Conditions"
    said = [f"{functions} of run {scene.run.id} over {picoseconds(scene.end)}"]
    for name in scene.run.conditions:
        hits = [s.fulfilled[name] for s in scene.series if name in s.fulfilled]
        share = float(np.concatenate(hits).mean()) if hits and sum(map(len, hits)) else 0.0
        said.append(f"{name} holds in {share:.0%} of the frames")
    said += [
        f"walker {w.index} reached {listed(w.reached)} at {picoseconds(w.reached_time)}"
        for w in scene.run.walkers
        if w.reached and w.reached_time is not None
    ]
    return "; ".join(said) + "."


def awaited(run: RunSnapshot) -> str:
    """Say what an empty drawing waits for."""
    if any(w.reached for w in run.walkers):
        return "The start fulfils the conditions: nothing had to be computed."
    if run.state.is_final:
        return "The run ended before its first frame."
    if any(w.state is RunState.RUNNING for w in run.walkers):
        return "The simulation runs; waiting for its first frame."
    if any(w.state is RunState.WAITING for w in run.walkers):
        return "Waiting for free cores or the queue; the plot begins with the first frame."
    return "Preparing the simulation; the plot begins with the first frame."


def draw_conditions(scene: Scene, look: Look, file_format: str = "png") -> bytes:
    """Draw `scene` and return the image."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    sheet = _Sheet(scene, look)
    figure = Figure(
        figsize=(look.width / BASE_DPI, sheet.height / BASE_DPI), dpi=BASE_DPI * look.ratio
    )
    FigureCanvasAgg(figure)
    figure.patch.set_facecolor(look.background)
    sheet.draw(figure)
    if file_format == "png":
        return as_png(figure, look.colours)
    out = io.BytesIO()
    figure.savefig(out, format=file_format, facecolor=look.background)
    return out.getvalue()


class _Sheet:
    """Places panels and strips by pixels from the top: no layout engine, so it is quick."""

    def __init__(self, scene: Scene, look: Look) -> None:
        self.scene, self.look = scene, look
        self.conditions = scene.run.conditions
        self.several = len(scene.series) > 1
        lane = max(3, min(STRIP, 60 // max(1, len(scene.series)))) if self.several else STRIP
        self.lane = lane
        self.strip = lane * len(scene.series) + 3
        self.left = 20 + 6.4 * min(18, max([7, *map(len, self.conditions)]))
        self.right = 14
        self.columns = max(50, int(look.width - self.left - self.right))
        self.labels = _walker_labels(scene.run) if self.several else []
        widest = max(map(len, self.labels), default=0)
        fitting = max(1, int(self.columns // (6.1 * widest + 34)))
        rows = -(-len(self.labels) // fitting)
        self.legend_columns = -(-len(self.labels) // max(1, rows))
        self.legend = LEGEND * rows
        self.end = scene.end + scene.interval or 1.0

    @property
    def height(self) -> float:
        if self.scene.is_empty:
            return 64
        panels = len(self.scene.observables) * (PANEL + TITLE)
        return 4 + self.legend + panels + GAP + self.strip * len(self.conditions) + AXIS

    def draw(self, figure: Any) -> None:
        if self.scene.is_empty:
            self._note(figure, awaited(self.scene.run))
            return
        top = 4.0
        if self.several:
            self._legend(figure)
            top += self.legend
        for name in self.scene.observables:
            self._panel(figure, name, top + TITLE)
            top += TITLE + PANEL
        self._strips(figure, top + GAP)

    def _axes(self, figure: Any, top: float, height: float) -> Any:
        look = self.look
        axes = figure.add_axes(
            (
                self.left / look.width,
                1 - (top + height) / self.height,
                self.columns / look.width,
                height / self.height,
            ),
            facecolor="none",
        )
        axes.set_xlim(0.0, self.end)
        axes.tick_params(colors=look.faint, labelcolor=look.ink, labelsize=FONT, width=0.6)
        for side, spine in axes.spines.items():
            spine.set_color(look.faint)
            spine.set_linewidth(0.6)
            spine.set_visible(side in ("left", "bottom"))
        return axes

    def _note(self, figure: Any, text: str) -> None:
        figure.text(0.5, 0.5, text, ha="center", va="center", color=self.look.faint, size=FONT + 1)

    def _legend(self, figure: Any) -> None:
        from matplotlib.lines import Line2D

        n = len(self.scene.series)
        colours = [walker_colour(i, n, self.look) for i in range(len(self.labels))]
        handles = [Line2D([], [], color=c, lw=2 if i < 8 else 0) for i, c in enumerate(colours)]
        figure.legend(
            handles,
            self.labels,
            loc="upper left",
            bbox_to_anchor=((self.left - 8) / self.look.width, 1),
            ncols=self.legend_columns,
            frameon=False,
            fontsize=FONT,
            labelcolor=self.look.ink,
            handlelength=1.2,
            columnspacing=1.2,
            borderpad=0.2,
        )

    def _panel(self, figure: Any, name: str, top: float) -> None:
        axes = self._axes(figure, top, PANEL)
        walkers = list(self.scene.of(name))
        bands = list(dict.fromkeys(band for _, _, o in walkers for band in o.bands))
        period = next((band.period for band in bands if band.period), None)
        low, high = limits([o.values for _, _, o in walkers], bands, period)
        axes.set_ylim(low, high)
        axes.tick_params(labelbottom=False)
        set_ticks(axes, period)
        self._say_over(axes, 0.0, name, ha="left")
        if name == self.scene.observables[0] and not self.several:
            self._say_over(axes, 1.0, _when(self.scene.run), ha="right")
        for band in bands:
            self._band(axes, band, low, high)
        for index, series, observable in walkers:
            self._line(axes, index, series, observable, period)

    def _say_over(self, axes: Any, x: float, text: str, **options: Any) -> None:
        y = 1 + 6 / PANEL
        axes.text(
            x, y, text, transform=axes.transAxes, color=self.look.ink, size=FONT + 0.6, **options
        )

    def _band(self, axes: Any, band: Band, low: float, high: float) -> None:
        colour = condition_colour(self._index(band.condition))
        for start, stop in copies(band, low, high):
            axes.axhspan(start, stop, color=colour, alpha=self.look.band_opacity, lw=0, zorder=0)

    def _line(
        self,
        axes: Any,
        index: int,
        series: ConditionSeries,
        shown: Observable,
        period: float | None,
    ) -> None:
        colour = walker_colour(index, len(self.scene.series), self.look)
        line = decimate(series.times, shown.values, series.parts, self.columns, period)
        width = 0.9 if self.several else 1.1
        for odd, opacity in ((True, 1.0), (False, 0.55)):
            y = np.where(line.odd == odd, line.y, np.nan)
            if not np.isnan(y).all():
                axes.plot(line.x, y, color=colour, alpha=opacity, lw=width, solid_joinstyle="round")
        if series.reached_frame is not None:
            self._reached(axes, series.reached_frame, series, shown, colour)

    def _reached(
        self, axes: Any, frame: int, series: ConditionSeries, shown: Observable, colour: str
    ) -> None:
        time = float(series.times[frame])
        axes.axvline(time, color=colour, lw=0.8, ls=(0, (3, 2)), zorder=3)
        axes.plot(
            [time],
            [shown.values[frame]],
            marker="*",
            ms=10,
            color=colour,
            mec=self.look.ink,
            mew=0.7,
            clip_on=False,
            zorder=5,
        )

    def _strips(self, figure: Any, top: float) -> None:
        height = self.strip * len(self.conditions)
        axes = self._axes(figure, top, max(1, height))
        axes.spines["left"].set_visible(False)
        axes.imshow(
            self._strip_image(),
            extent=(0.0, self.end, height, 0),
            aspect="auto",
            interpolation="nearest",
        )
        centres = [self.strip * (i + 0.5) - 1.5 for i in range(len(self.conditions))]
        axes.set_yticks(centres, [shortened(name) for name in self.conditions])
        axes.tick_params(axis="y", length=0, pad=6)
        axes.set_xlabel(time_axis(axes, self.end), color=self.look.ink, size=FONT, labelpad=3)

    def _strip_image(self) -> Any:
        """Make RGBA pixels: strong where a condition held, weak where it was looked at."""
        from matplotlib.colors import to_rgb

        image = np.zeros((self.strip * len(self.conditions), self.columns, 4))
        for row, name in enumerate(self.conditions):
            for i, series in enumerate(self.scene.series):
                held = series.fulfilled.get(name, np.zeros(len(series.times), dtype=bool))
                share = fulfilled_share(series.times, held, self.end, self.columns)
                begin = row * self.strip + i * self.lane
                lane = image[begin : begin + max(1, self.lane - (1 if self.several else 0))]
                lane[:, :, :3] = to_rgb(condition_colour(row))
                lane[:, :, 3] = np.where(np.isnan(share), 0.0, 0.13 + 0.87 * np.nan_to_num(share))
        return image

    def _index(self, condition: str) -> int:
        known = condition in self.conditions
        return self.conditions.index(condition) if known else len(self.conditions)


def _when(run: RunSnapshot, index: int = 0) -> str:
    walker = run.walkers[index]
    if walker.reached_time is None:
        return ""
    return f"★ {listed(walker.reached)} at {picoseconds(walker.reached_time)}"


def _walker_labels(run: RunSnapshot, limit: int = 8) -> list[str]:
    labels = [f"walker {w.index} {_when(run, w.index)}".rstrip() for w in run.walkers[:limit]]
    more = len(run.walkers) - limit
    return [*labels, f"and {more} more"] if more > 0 else labels
