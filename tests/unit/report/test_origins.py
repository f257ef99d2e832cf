"""What two recipes choose differently, and what is called the same only where that is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from classmark.judging.comparisons.multiple import compare_all
from classmark.predictions import read
from classmark.recipes.side_by_side import Setting
from classmark.recipes.side_by_side import differing_settings as differing
from classmark.report.origins import settings_sentence, shared_facts
from classmark.report.sides import Sides
from classmark.runs import RunFiles
from classmark.shown.sides import build_sides
from classmark.system.files import read_json, write_json, write_text
from two_runs import text_runs

WEIGHTS = "Initial weights"


def differing_settings(sides: Sides) -> list[Setting]:
    return differing([side.recipe for side in sides])


@pytest.fixture
def runs(tmp_path: Path) -> tuple[RunFiles, RunFiles]:
    """Two runs of one recipe but for name and paths."""
    a, b = (RunFiles(path) for path in text_runs(tmp_path))
    content = yaml.safe_load(a.recipe.read_text(encoding="utf-8"))
    for run in (a, b):
        change(run, content, name=run.name, data={"source": "imdb", "path": str(run.path)})
    return a, b


def change(run: RunFiles, content: dict[str, Any] | None = None, **sections: Any) -> None:
    content = content or yaml.safe_load(run.recipe.read_text(encoding="utf-8"))
    write_text(run.recipe, yaml.safe_dump({**content, **sections}))


def sides_of(runs: tuple[RunFiles, RunFiles]) -> Sides:
    a, b = (read(run.predictions("test")) for run in runs)
    return build_sides(compare_all((a, b)), (a, b), runs)


def said(runs: tuple[RunFiles, RunFiles]) -> str:
    sides = sides_of(runs)
    return settings_sentence(sides, differing_settings(sides))


def test_names_and_paths_are_no_difference(runs: tuple[RunFiles, RunFiles]) -> None:
    assert differing_settings(sides_of(runs)) == []
    assert said(runs) == "The recipes choose the same everywhere."
    assert dict(shared_facts(sides_of(runs)))[WEIGHTS].startswith("the same: ")


def test_a_section_alone_may_be_the_cause(runs: tuple[RunFiles, RunFiles]) -> None:
    change(runs[1], loss={"kind": "focal", "gamma": 2.0})
    assert differing_settings(sides_of(runs)) == [
        Setting("loss.kind", ("cross_entropy", "focal")),
        Setting("loss.gamma", ("–", "2.0")),
    ]
    assert said(runs).startswith("The recipes differ in loss alone.")


def test_several_sections_are_not_told_apart(runs: tuple[RunFiles, RunFiles]) -> None:
    change(runs[1], loss={"kind": "focal"}, train={"epochs": 9}, judge={"draws": 200})
    assert said(runs).startswith("The recipes differ in loss, judge and train at once")


def test_two_seeds_differ_by_luck(runs: tuple[RunFiles, RunFiles]) -> None:
    change(runs[1], seed=2)
    assert said(runs).endswith("is the luck of the training run.")


def test_of_a_path_only_the_files_name_is_shown(runs: tuple[RunFiles, RunFiles]) -> None:
    change(runs[1], input={"kind": "text", "vectors": "/home/me/other.txt"})
    assert differing_settings(sides_of(runs)) == [Setting("input.vectors", ("glove.txt", "other.txt"))]


def test_a_long_list_is_cut(runs: tuple[RunFiles, RunFiles]) -> None:
    change(runs[1], data={"source": "imdb", "classes": [f"n{place:08d}" for place in range(200)]})
    setting = differing_settings(sides_of(runs))[0]
    assert (setting.key, setting.values[0]) == ("data.classes", "–")
    assert setting.values[1].startswith('["n00000000", ')
    assert len(setting.values[1]) == 121


UNKNOWN: dict[str, tuple[dict[str, Any], str]] = {
    "other model": ({"model": {"kind": "bilstm", "layers": 1}}, "not known to be the same, since the models differ"),
    "other seed": ({"seed": 2}, "differ, as the seeds do, but for what is pretrained"),
    "other input": (
        {"input": {"kind": "text", "vectors": "/somewhere/glove.txt", "max_tokens": 9}},
        "not known, since data",
    ),
}


@pytest.mark.parametrize("what", UNKNOWN)
def test_initial_weights_are_the_same_only_where_that_is_known(what: str, runs: tuple[RunFiles, RunFiles]) -> None:
    sections, answer = UNKNOWN[what]
    change(runs[1], **sections)
    assert dict(shared_facts(sides_of(runs)))[WEIGHTS].startswith(answer)


def test_augmentation_leaves_initial_weights_alone(runs: tuple[RunFiles, RunFiles]) -> None:
    for run, flip in zip(runs, (True, False), strict=True):
        change(run, input={"kind": "images", "augmentation": {"flip": flip}})
    assert dict(shared_facts(sides_of(runs)))[WEIGHTS].startswith("the same: ")


def test_other_data_and_other_machines_are_named(runs: tuple[RunFiles, RunFiles]) -> None:
    write_json(runs[1].data, {"fingerprint": "f" * 64})
    environment = read_json(runs[1].environment)
    write_json(runs[1].environment, {**environment, "threads": 8, "packages": {"torch": "2.15.0"}})
    facts = dict(shared_facts(sides_of(runs)))
    assert facts["Training data and split"] == "differ (fingerprint 0123456789ab in A, ffffffffffff in B)"
    assert facts["Machine and versions"] == "differ: threads 2 in A, 8 in B; torch 2.14.0 in A, 2.15.0 in B"
    assert facts[WEIGHTS] == "not known, since the packages' versions differ"


def test_a_run_against_a_file_is_not_compared_in_its_recipe(runs: tuple[RunFiles, RunFiles]) -> None:
    tables = tuple(read(run.predictions("test")) for run in runs)
    sides = build_sides(compare_all(tables), (tables[0], tables[1]), (runs[0], None))
    assert differing_settings(sides) == []
    assert settings_sentence(sides, []).startswith("B is not a run folder, so nothing is known")
    assert dict(shared_facts(sides))["Training data and split"] == "not known, since B does not say"
