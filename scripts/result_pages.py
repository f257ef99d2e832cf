"""docs/results.md and the table of README, written from the records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from classmark.errors import InputError
from classmark.recipes.load import load_recipe, shipped_recipes
from classmark.report.words import seconds_text
from result_cells import DASH, ROWS, Group, Record, inside, mean, over, split_text
from result_references import PUBLISHED, TEST_ROWS, nearest
from result_texts import command, percent, published_text, share_text, table, words, wrapped

INTRODUCTION = """# Results

`python scripts/make_results.py` writes this page from the records in `docs/results/`, which it reads out of finished run folders;
nobody types a figure. `python scripts/make_results.py add RUN` adds a run.

- Every interval is at 95 %. Behind a single run it says what other **test rows** would give (Wilson for accuracy; for differences
  paired on the same rows). From three seeds on, the mean stands with a t interval that says what other **seeds** would give on
  these rows. Neither says both.
- The epoch with the lowest loss on the validation rows is kept, unless a recipe keeps the last one (`train.keep`). Recipes were
  chosen on validation rows too. The last row of a table says how often the test split had been read by then, by whatever recipe.
- The *mixture* is the model and the linear baseline together, with weights fitted on validation.
- Core-minutes count what all cores computed, not how long it took. Runs on other machines are in columns of their own.
"""
ABLATIONS = """## What each choice gave on validation

Runs on one training split, judged on its validation rows alone. Each interval is Wilson's and stands for one run by itself. The
runs of a table share their rows, so a difference between two is known better than their intervals suggest; and the best of many
is flattered by having been chosen. Label smoothing raises the loss itself, so losses are comparable only between runs that have
it alike.
"""


def results_page(records: Group, ablations: Mapping[str, Record]) -> str:
    """docs/results.md as Markdown.

    Args:
        records: of finished runs.
        ablations: name of a table → its record.

    Raises:
        InputError: two records say the same of one seed.
    """
    parts = [INTRODUCTION]
    for recipe, groups in grouped(records).items():
        parts.append(recipe_section(recipe, groups))
    if ablations:
        parts.append(ABLATIONS)
    parts += [ablation_section(name, ablation) for name, ablation in sorted(ablations.items())]
    return "\n".join(parts)


def readme_table(records: Group) -> str:
    """The table of README as Markdown: one row per recipe and machine."""
    rows = []
    for recipe, groups in grouped(records).items():
        for group in groups:
            published = nearest(recipe)
            cells = [
                f"[{recipe}](docs/results.md#{recipe})",
                str(len(group)),
                over(group, lambda one: one["accuracy"], share_text),
                over(group, lambda one: inside(one, "mixture", "accuracy"), share_text),
                over(group, lambda one: inside(one, "baseline", "accuracy"), share_text),
                f"{percent(published.accuracy)} ({published.model})" if published else DASH,
                seconds_text(mean(group, lambda one: one["seconds"]["total"])),
                heading(group, groups, group[0]["gpu"]),
            ]
            rows.append(cells)
    head = ["recipe", "seeds", "test accuracy", "with the mixture", "linear baseline", "published", "time", "machine"]
    return table([head, *rows])


def grouped(records: Group) -> dict[str, list[list[Record]]]:
    """Recipe → its groups; runs on other machines, with other changes or on other data are never put together.

    Raises:
        InputError: two records of a group have the same seed.
    """
    groups: dict[str, dict[str, list[Record]]] = {}
    for one in sorted(records, key=lambda one: (one["recipe"], one["machine"], len(one["changes"]), one["seed"])):
        names = ("machine", "changes", "precision", "predict_precision", "source", "rows")
        key = str([*(one[name] for name in names), one["selection"]["validation_rows"]])
        group = groups.setdefault(one["recipe"], {}).setdefault(key, [])
        if any(other["seed"] == one["seed"] for other in group):
            raise InputError(
                f"docs/results: two records of {one['recipe']} have seed {one['seed']} and the same machine and changes.",
                "Delete one of them.",
            )
        group.append(one)
    return {recipe: list(found.values()) for recipe, found in groups.items()}


def recipe_section(recipe: str, groups: Sequence[Group]) -> str:
    """The section of a recipe: its commands, a table with one column per group, and what was published."""
    commands = "\n".join(dict.fromkeys(command_text(group) for group in groups))
    head = ["", *(heading(group, groups) for group in groups)]
    rows = [[title, *(cell(group) for group in groups)] for title, cell in ROWS.items()]
    shown = [row for row in rows if any(cell != DASH for cell in row[1:])]
    source = groups[0][0]["source"]
    parts = [f"## {recipe}\n", f"```sh\n{commands}\n```\n", table([head, *shown])]
    if source in PUBLISHED:
        figures = "; ".join(map(published_text, PUBLISHED[source]))
        parts.append(wrapped(f"Published, on {TEST_ROWS[source]:,} test rows: {figures}.") + "\n")
    return "\n".join(parts)


def heading(group: Group, groups: Sequence[Group], machine: str | None = None) -> str:
    """The machine of a group, and where that of others is the same, the changes that not all of these have."""
    first, same = group[0], [other[0] for other in groups if other[0]["machine"] == group[0]["machine"]]
    own = {
        key: value for key, value in first["changes"].items() if any(one["changes"].get(key) != value for one in same)
    }
    return " ".join([machine or first["machine"], *(f"`{word}`" for word in words(own))])


def ablation_section(name: str, ablation: Record) -> str:
    """The table of an ablation, in the order in which its runs were given."""
    first, rows = ablation["rows"][0], ablation["rows"]
    machines = list(dict.fromkeys(row["machine"] for row in rows))
    head = ["run", "what differs from the first", "epoch", "validation loss", "validation accuracy"]
    body = [
        [
            row["run"],
            " ".join(f"`{word}`" for word in words(row["changes"])) or "–",
            f"{row['epoch']} of {row['epochs']}",
            f"{row['loss']:.4f}",
            share_text(row["accuracy"]),
            row["machine"],
        ]
        for row in rows
    ]
    if len(machines) == 1:
        body = [row[:-1] for row in body]
    else:
        head.append("machine")
    start = f"The first run is `{command(ablation['recipe'], ablation['changes'])}`, seed {ablation['seed']}. "
    machine = f" {machines[0]}." if len(machines) == 1 else ""
    note = f" {ablation['note']}" if ablation.get("note") else ""
    introduction = wrapped(f"{start}{split_text(first)}.{machine}{note}")
    return f"### {name}\n\n{introduction}\n\n{table([head, *body])}"


def command_text(group: Group) -> str:
    """The command that repeats a group; with a loop where the seeds are others than the recipe's own."""
    first, seeds = group[0], [one["seed"] for one in group]
    line = command(first["recipe"], first["changes"])
    own = load_recipe(first["recipe"]).seed if first["recipe"] in shipped_recipes() else None
    if seeds == [own]:
        return line
    return f"for seed in {' '.join(map(str, seeds))}; do {line} seed=$seed; done"
