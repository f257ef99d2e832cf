"""Kill a tuning again and again, go on with it, and compare its trials with those of an undisturbed one.

`python benchmarks/tune_kill.py [--trials 6] [--kills 8] [--seconds 20]` prints a row for each kill and what differs in the end:
values, states, validation values after each epoch, the metric, and the bits of the weights.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

COMMAND = [sys.executable, "-m", "classmark", "tune", "text-csv"]
WORDS = {"food": ["soup", "bread", "cook", "dish", "salt"], "sport": ["goal", "team", "match", "coach", "win"]}
CHANGES = [
    "data.path=reviews.csv", "data.validation=0.3", "train.epochs=3", "train.precision=fp32", "train.threads=1",
    "train.batch_size=8", "train.checkpoint_every_steps=5", "model.embedding_size=8", "model.hidden_size=12", "model.layers=1",
]  # fmt: skip
SPACE = """
pruning_after: 2
ranges:
  optimizer.learning_rate: {kind: log, low: 1e-4, high: 0.1}
  model.hidden_size: {kind: int, low: 4, high: 16}
  model.pooling: {kind: choice, values: [last, max, concat]}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=6)
    parser.add_argument("--kills", type=int, default=8)
    parser.add_argument(
        "--seconds", type=float, default=20.0, help="A kill comes up to this long after the end of an epoch."
    )
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_data(folder)
        words = [*CHANGES, "--space", "space.yaml", "--trials", str(asked.trials), "--out"]
        run(folder, [*words, "whole"])
        drawn = random.Random(1)
        print("kill  after s  epochs over  trials begun  trials over")
        for number in range(1, asked.kills + 1):
            seconds, before = drawn.uniform(0, asked.seconds), epochs(folder)
            process = subprocess.Popen(
                [*COMMAND, *words, "killed"], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            while epochs(folder) == before and process.poll() is None:
                time.sleep(0.05)
            time.sleep(seconds)
            if process.poll() is not None:
                break
            process.kill()
            process.wait()
            ended = epochs(folder)
            states = [
                json.loads(path.read_text())["state"] for path in (folder / "killed/trials").glob("*/status.json")
            ]
            over = sum(state == "done" for state in states)
            print(f"{number:4}  {seconds:7.1f}  {ended:11}  {len(states):12}  {over:11}", flush=True)
        run(folder, [*words, "killed"])
        compare(folder)


def write_data(folder: Path) -> None:
    drawn, rows = random.Random(5), []
    every = [word for words in WORDS.values() for word in words]
    for number in range(240):
        label = drawn.choice(list(WORDS))
        words = [drawn.choice(WORDS[label] if drawn.random() < 0.5 else every) for _ in range(drawn.randint(4, 12))]
        rows.append(f"{' '.join(words)} w{number},{label}")
    (folder / "reviews.csv").write_text("text,label\n" + "\n".join(rows) + "\n")
    (folder / "space.yaml").write_text(SPACE)


def epochs(folder: Path) -> int:
    """How many epochs of trials are over."""
    return sum(len(path.read_text().splitlines()) for path in (folder / "killed/trials").glob("*/timings.jsonl"))


def run(folder: Path, words: list[str]) -> None:
    subprocess.run([*COMMAND, *words], cwd=folder, check=True, stdout=subprocess.DEVNULL)


def compare(folder: Path) -> None:
    one, other = (trials(folder / name) for name in ("whole", "killed"))
    same = sum(a == b for a, b in zip(one, other, strict=True))
    states = ", ".join(f"{sum(row['state'] == state for row in one)} {state}" for state in ("done", "ended early"))
    print(f"{same} of {len(one)} trials are equal ({states})")
    equal = total = 0
    for path in sorted((folder / "whole/trials").glob("*/model/weights.safetensors")):
        total += 1
        equal += path.read_bytes() == (folder / "killed" / path.relative_to(folder / "whole")).read_bytes()
    print(f"{equal} of {total} models are equal to the last bit")


def trials(folder: Path) -> list[dict[str, Any]]:
    rows = json.loads((folder / "tune.json").read_text())["trials"]
    return [{key: value for key, value in row.items() if "seconds" not in key} for row in rows]


if __name__ == "__main__":
    main()
