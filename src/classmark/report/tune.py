"""`report.html` of a tuning, and its table for a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from classmark.judging.metric import LOWER_IS_BETTER, SHARES, SPOKEN, TITLES
from classmark.judging.statistics.level import at_level_of, percent
from classmark.judging.studies.tuned import BROKEN, FINISHED, PRUNED, Trial, Tried, Tuned
from classmark.report.charts import BLUE, GREY, HEIGHT, WIDTH, Chart
from classmark.report.figures import figure_svgs
from classmark.report.headline import amount
from classmark.report.page import page_environment
from classmark.report.vega_lite import Part, layers, mark, quantity
from classmark.report.words import interval_text, seconds_text, value_text
from classmark.system.files import write_text

if TYPE_CHECKING:
    from rich.console import Group

MOST_SHOWN = 30  # trials on a terminal


@at_level_of("found")
def write_tuning(folder: Path, found: Tuned) -> Path:
    """The path of `folder/report.html`, written with its figure in `folder/figures/`."""
    charts = [history_chart(found)] if any(one.trial.state == FINISHED for one in found.trials) else []
    svgs = figure_svgs(charts, folder / "figures") if charts else {}
    page = (
        page_environment()
        .get_template("tune.html.j2")
        .render(
            found=found,
            tuning=found.tuning,
            title=f"tuning {found.tuning.recipe['name']}",
            metric=TITLES[found.tuning.metric],
            sentences=sentences(found),
            ranges={key: range_words(one) for key, one in found.tuning.ranges.items()},
            trials=ranked(found),
            value=lambda trial: value_text(trial.value, found.tuning.metric),
            state=state_words,
            shown=shown_value,
            charts={
                chart.name: {"title": chart.title, "reading": chart.reading, "svg": svgs[chart.name]}
                for chart in charts
            },
        )
    )
    write_text(folder / "report.html", page)
    return folder / "report.html"


@at_level_of("found")
def tuning_table(found: Tuned) -> Group:
    """What is said of the best trial, and every trial, the best ones first."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for name in ("trial", SPOKEN[found.tuning.metric], "state", "time", *short_keys(found.tuning.ranges)):
        right = name in ("time", SPOKEN[found.tuning.metric])
        table.add_column(Text(name), justify="right" if right else "left", overflow="fold")
    rows = ranked(found)
    for one in rows[:MOST_SHOWN]:
        values = (shown_value(one.trial.values.get(key)) for key in found.tuning.ranges)
        cells = (str(one.trial.number), value_text(one.trial.value, found.tuning.metric), state_words(one.trial))
        table.add_row(*map(Text, (*cells, seconds_text(one.seconds), *values)))
    parts: list[object] = [*map(Text, sentences(found)), table]
    if len(rows) > MOST_SHOWN:
        parts.append(Text(f"and {len(rows) - MOST_SHOWN} more trials; tune.json and the page have them all"))
    return Group(*parts)  # type: ignore[arg-type]


def sentences(found: Tuned) -> list[str]:
    """Which trial is best, what fresh rows say of it, and that no test row was looked at."""
    metric, best, optimism = found.tuning.metric, found.best, found.optimism
    if best is None or optimism is None:
        return ["No trial is done.", _looks(found)]
    name, points = SPOKEN[metric], " points" if metric in SHARES else ""
    fresh = optimism.fresh
    said = [
        f"Chosen by validation: trial {best.number}, with {name} {value_text(optimism.chosen, metric)} on the "
        f"{optimism.chosen_rows:,} validation rows that choose and {value_text(fresh.value, metric)} on "
        f"{optimism.fresh_rows:,} fresh ones{_interval(interval_text(fresh, metric))}."
    ]
    if optimism.optimism.value is not None:
        low, high = optimism.optimism.low, optimism.optimism.high
        span = "–" if low is None else f"{amount(low, metric)} to {amount(high, metric)}"
        said.append(
            f"On the rows that chose it, it looks better than on fresh ones by {amount(optimism.optimism.value, metric)}{points}"
            f"{_interval(span)}. Quote the figure of fresh rows, or test the best recipe."
        )
    if optimism.expected is not None:
        done = sum(one.trial.state == FINISHED for one in found.trials)
        said.append(
            f"Choosing the best of {done} on the same rows is expected to flatter by {amount(optimism.expected, metric)}{points}."
        )
    if (gain := optimism.gain) is not None and gain.difference is not None:
        better = "lower is better" if metric in LOWER_IS_BETTER else "higher is better"
        said.append(
            f"Against the recipe as it was, on the fresh rows: {amount(gain.difference, metric)}{points}"
            f"{_interval('–' if gain.low is None else f'{amount(gain.low, metric)} to {amount(gain.high, metric)}')}; {better}."
        )
    return [*said, _looks(found)]


def short_keys(keys: Iterable[str]) -> list[str]:
    """The last part of each key, or the whole where two end alike."""
    ends = [key.rpartition(".")[2] for key in keys]
    return [end if ends.count(end) == 1 else key for key, end in zip(keys, ends, strict=True)]


def ranked(found: Tuned) -> list[Tried]:
    """The trials: those that are done, best first, then the others by number."""
    sign = 1.0 if found.tuning.metric in LOWER_IS_BETTER else -1.0
    return sorted(
        found.trials, key=lambda one: (one.trial.value is None, sign * (one.trial.value or 0.0), one.trial.number)
    )


def history_chart(found: Tuned) -> Chart:
    """The metric of each trial that is done, and the best so far."""
    done = [one.trial for one in found.trials if one.trial.state == FINISHED]
    better = min if found.tuning.metric in LOWER_IS_BETTER else max
    values = [one.value for one in done if one.value is not None]
    best = [better(values[: place + 1]) for place in range(len(values))]
    data = pl.DataFrame({"trial": [one.number for one in done], "value": values, "best": best})
    title = SPOKEN[found.tuning.metric]

    def draw(data: pl.DataFrame) -> Part:
        axis = {"format": ".0%"} if found.tuning.metric in SHARES else {}
        x = quantity("trial", axis={"grid": False, "tickMinStep": 1, "format": "d"}, scale={"zero": False})
        y = quantity("value", title=f"validation {title}", axis=axis, scale={"zero": False})
        points = mark("point", {"filled": True, "size": 40, "opacity": 1, "color": GREY}, y=y)
        line = mark("line", {"interpolate": "step-after", "strokeWidth": 2, "color": BLUE}, y=quantity("best"))
        return layers(points, line, data=data, x=x) | {"width": 1.5 * WIDTH, "height": HEIGHT}

    reading = "Each point is a trial that is done; the line is the best so far, on the rows that choose."
    return Chart("trials", "Trial by trial", reading, data, draw)


def state_words(trial: Trial) -> str:
    """`done`, `ended early after epoch 2`, `failed: …`, `unfinished`."""
    if trial.state == PRUNED and trial.epochs:
        return f"{PRUNED} after epoch {max(trial.epochs)}"
    return f"{trial.state}: {trial.message}" if trial.state == BROKEN else trial.state


def range_words(one: Any) -> str:
    """`0.0001 to 0.1, log`, or the choices."""
    if one.kind == "choice":
        return ", ".join(map(str, one.values))
    step = f", step {one.step:g}" if one.step else ""
    return f"{one.low:g} to {one.high:g}, {one.kind}{step}"


def shown_values(trial: Trial) -> str:
    """Such as `optimizer.learning_rate 0.00213, model.pooling max`."""
    return ", ".join(f"{key} {shown_value(value)}" for key, value in trial.values.items())


def shown_value(value: object) -> str:
    """A value with three digits where it is a number with a fraction."""
    return f"{value:.3g}" if isinstance(value, float) else "–" if value is None else str(value)


def _interval(text: str) -> str:
    return "" if text == "–" else f" ({percent()} interval {text})"


def _looks(found: Tuned) -> str:
    if found.test_looks:
        return f"The ledger of test looks holds {found.test_looks:,} by trials: do not quote the test as unseen."
    return "No trial predicted a test row: the ledger of test looks has none of theirs."
