"""Tables for papers: their whole text, and that names cannot break them."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import classmark
from classmark.cli.main import run
from classmark.errors import InputError
from classmark.report.paper import PaperTable, as_table

LABELS = (["no", "yes"] * 30)[:50]
A, B, C = ([0.3, 0.8] * 25, [0.6, 0.7, 0.2, 0.9] * 12 + [0.1, 0.6], [0.7, 0.4] * 25)


def test_a_judgement_as_latex() -> None:
    found = classmark.judge(LABELS, predicted=["no", "yes", "yes", "yes", "no"] * 10, draws=100)
    lines = found.table("latex").split("\n")
    assert lines[:6] == [
        r"% \usepackage{booktabs}",
        r"\begin{tabular}{lrr}",
        r"\toprule",
        r"Metric & Value & 95 \% interval \\",
        r"\midrule",
        r"Accuracy & 50.00 \% & 36.64 to 63.36 \% \\",
    ]
    assert lines[-3:] == [r"\bottomrule", r"\end{tabular}", "% 50 rows; a dash: no interval is known."]
    assert [line.split(" & ")[0] for line in lines[5:-3]] == [
        "Accuracy", "Precision (yes)", "Recall (yes)", "F1 (yes)", "F1, macro", "Matthews correlation",
    ]  # fmt: skip


def test_a_comparison_as_markdown() -> None:
    judged = [classmark.judge(LABELS, scores, draws=100) for scores in (A, B)]
    found = classmark.compare(*judged, names=["old | A", "new_model"], draws=100)
    accuracy = found.metrics["accuracy"]
    assert accuracy.low is not None
    assert accuracy.high is not None
    span = f"−{-100 * accuracy.low:.2f} to −{-100 * accuracy.high:.2f} %"
    lines = found.table("markdown").split("\n")
    assert lines[:3] == [
        r"| Metric | old \| A | new\_model | Difference | 95 % interval | p |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
        f"| Accuracy | 100.00 % | 76.00 % | −24.00 % | {span} | 0.00024 |",
    ]
    assert lines[-1] == "50 rows, paired; p values are not corrected for the number of metrics."


def test_three_models_stand_below_each_other() -> None:
    judged = [classmark.judge(LABELS, scores, draws=100) for scores in (A, B, C)]
    text = classmark.compare(*judged, names=["a", "b", "c"], draws=100).table("latex")
    assert "Metric & Model & Value & Difference from a & 95 \\% interval & p, Holm \\\\" in text
    assert "\n & c & 0.00 \\% & $-$100.00 \\%" in text


@pytest.mark.parametrize(
    ("form", "cell"),
    [
        ("latex", r"a\&b\_c\% \$x\$ \#1 \{y\} \textasciitilde{} \textasciicircum{} \textbackslash{}n $-$1 e-2 ‹U+000A›"),
        ("markdown", r"a&b\_c% \$x\$ #1 {y} \~ ^ \\n −1 e-2 ‹U+000A› \<i\>"),
    ],
)  # fmt: skip
def test_names_are_escaped(form: str, cell: str) -> None:
    table = PaperTable(("n",), (("a&b_c% $x$ #1 {y} ~ ^ \\n -1 e-2 \n <i>",),), 1, "")
    assert cell in as_table(table, form)


def test_the_command_line_prints_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = pl.DataFrame({"label": LABELS, "score": B})
    for name in ("a.csv", "b.csv"):
        rows.with_columns(id=pl.int_range(50).cast(pl.String), model=pl.lit(name)).write_csv(tmp_path / name)
    a, b, out = str(tmp_path / "a.csv"), str(tmp_path / "b.csv"), str(tmp_path / "out")
    words = ["--positive", "yes", "--draws", "100", "--format"]
    assert run(["judge", a, *words, "markdown", "--out", out]) == 0
    assert capsys.readouterr().out == classmark.judge(a, positive="yes", draws=100).table("markdown") + "\n"
    assert run(["compare", a, b, *words, "latex", "--out", f"{out}2"]) == 0
    assert capsys.readouterr().out.startswith("% \\usepackage{booktabs}\n\\begin{tabular}{lrrrrr}\n")
    pl.concat([pl.read_csv(path) for path in (a, b)]).write_csv(tmp_path / "both.csv")
    assert run(["judge", str(tmp_path / "both.csv"), "--by", "model", *words, "latex", "--out", f"{out}3"]) == 0
    assert capsys.readouterr().out.startswith("% model = a.csv\n\n% \\usepackage")
    assert run(["judge", a, *words, "tex", "--out", f"{out}4"]) == 2
    assert capsys.readouterr().err == 'error: --format: "tex" is neither latex nor markdown. Did you mean "latex"?\n'
    assert run(["judge", a, *words, "latex", "--json", "--out", f"{out}4"]) == 2
    assert capsys.readouterr().err == ("error: --format: --json prints something else. Leave one of them out.\n")
    assert run(["runs", str(tmp_path), "--format", "markdown"]) == 0
    assert capsys.readouterr().out.startswith("| run | recipe | data | state | headline | 95 % interval | seconds |\n")


def test_python_takes_the_same_formats() -> None:
    with pytest.raises(InputError) as caught:
        classmark.judge(LABELS, A, draws=100).table("html")
    assert str(caught.value) == 'format: "html" is neither latex nor markdown.'


def test_the_citation_names_this_version() -> None:
    import tomllib

    import yaml

    root = Path(__file__).parents[3]
    citation = yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert (citation["version"], citation["license"]) == (project["version"], project["license"])
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
