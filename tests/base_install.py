"""Judge, compare, study and audit files with the base install alone; run by `make test` in an environment without extras."""

from __future__ import annotations

import csv
import importlib.util
import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROWS = [("a", "yes", 0.9), ("b", "no", 0.2), ("c", "yes", 0.4), ("d", "no", 0.1), ("e", "yes", 0.7), ("f", "no", 0.6)]


def main() -> None:
    for package in ("torch", "timm", "torchvision", "tokenizers", "lightning_fabric"):
        assert importlib.util.find_spec(package) is None, f"{package} is installed with the base"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, shift in (("a.csv", 0.0), ("b.csv", 0.05)):
            with (folder / file).open("w", newline="") as stream:
                writer = csv.writer(stream)
                writer.writerow(["id", "label", "no", "yes"])
                writer.writerows([row, label, 1 - score - shift, score + shift] for row, label, score in ROWS)
        classmark = [str(Path(sys.executable).with_name("classmark"))]
        judge = [*classmark, "judge", str(folder / "a.csv"), "--out", str(folder / "judged")]
        subprocess.run(judge, check=True)
        judgement = json.loads((folder / "judged" / "judgement.json").read_text())
        assert judgement["metrics"]["accuracy"]["value"] == 4 / 6, judgement["metrics"]["accuracy"]
        assert (folder / "judged" / "report.html").stat().st_size > 10_000
        code = "import sys, classmark; print(classmark.judge(sys.argv[1], draws=100).metrics['accuracy'].value)"
        said = subprocess.run(
            [sys.executable, "-c", code, folder / "a.csv"], capture_output=True, text=True, check=True
        )
        assert float(said.stdout) == 4 / 6, said.stdout
        pair = [str(folder / "a.csv"), str(folder / "b.csv")]
        subprocess.run([*classmark, "compare", *pair, "--out", str(folder / "compared")], check=True)
        comparison = json.loads((folder / "compared" / "comparison.json").read_text())
        assert [one["letters"] for one in comparison["pairs"]] == [["A", "B"]], comparison["pairs"]
        runs = [(arm, seed, file) for seed in (1, 2) for arm, file in (("a", "a.csv"), ("b", "b.csv"))]
        lines = ["arm,seed,file", *(f"{arm},{seed},{file}" for arm, seed, file in runs)]
        (folder / "runs.csv").write_text("\n".join(lines) + "\n")
        table = ["--table", str(folder / "runs.csv"), "--out", str(folder / "study")]
        subprocess.run([*classmark, "study", *table, "metric=log_loss"], check=True)
        study = json.loads((folder / "study" / "study.json").read_text())
        assert [one["state"] for one in study["runs"]] == ["done"] * 4, study["runs"]
        (folder / "texts.csv").write_text("text,label\nA good film,yes\nbad film,no\na good film!,no\n")
        subprocess.run([*classmark, "audit", str(folder / "texts.csv"), "--out", str(folder / "audited")], check=True)
        assert json.loads((folder / "audited" / "audit.json").read_text())["conflicts"]["rows"] == 2
        for recipe, extra in (("reviews-quick", "text"), ("digits-quick", "images")):
            train = subprocess.run([*classmark, "train", recipe], capture_output=True, text=True, check=False)
            assert train.returncode == 2, train
            assert f'pip install "classmark[{extra}]"' in train.stderr, train.stderr
    print("1 passed, 0 failed")


main()
