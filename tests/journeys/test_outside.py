"""Training, predicting, judging and auditing where the machine refuses something: one sentence, exit code 2."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from classmark.cli.main import run
from classmark.system import notes

resource = pytest.importorskip("resource")

CLASSMARK = str(Path(sys.executable).with_name("classmark"))
TINY = [
    "train.epochs=3", "train.batch_size=8", "train.checkpoint_every_steps=4", "train.threads=1", "train.precision=fp32",
    "model.hidden_size=32", "model.embedding_size=32", "judge.draws=100",
]  # fmt: skip
SAME = ["model/weights.safetensors", "history.jsonl", "predictions/validation.parquet", "predictions/test.parquet"]
# Root may write anywhere; as this user it may read everywhere and write nowhere. Others are somebody already.
ROOT = os.name == "posix" and os.geteuid() == 0
SOMEBODY = [
    *("setpriv", "--reuid=12345", "--regid=12345", "--clear-groups"),
    *("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search", "--"),
] if ROOT else []  # fmt: skip
NEEDS_SOMEBODY = pytest.mark.skipif(ROOT and shutil.which("setpriv") is None, reason="root cannot become somebody else")


@pytest.fixture(scope="module")
def reviews(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "reviews.csv"
    drawn, words = random.Random(3), {"food": ["soup", "bread", "salt"], "sport": ["goal", "team", "match"]}
    rows = []
    for number in range(120):
        label = drawn.choice(list(words))
        rows.append(f"{' '.join(drawn.choices([*words[label], 'and', 'the'], k=12))} w{number},{label}")
    path.write_text("text,label\n" + "\n".join(rows) + "\n")
    return path


@pytest.fixture(scope="module")
def whole(reviews: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nothing disturbed."""
    out = tmp_path_factory.mktemp("runs") / "whole"
    assert run(["train", "text-csv", f"data.path={reviews}", *TINY, "--out", str(out)]) == 0
    return out


@contextmanager
def largest_file(size_bytes: int) -> Iterator[None]:
    """In it no file becomes larger, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def same_bytes(one: Path, other: Path) -> None:
    for name in SAME:
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


TOO_LARGE = "the file is larger than this process may write. Allow larger files: ulimit -f unlimited"


def test_a_checkpoint_that_cannot_be_written_and_what_comes_after(
    reviews: Path, whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    with largest_file(30_000):
        assert run(["train", "text-csv", f"data.path={reviews}", *TINY, "--out", str(out)]) == 2
    said = f"{out}/checkpoints/0001-000004/weights.safetensors: {TOO_LARGE} Then continue with: classmark train --resume {out}"
    assert capsys.readouterr().err.splitlines()[-1] == f"error: {said}"
    status = json.loads((out / "status.json").read_text())
    assert (status["state"], status["message"]) == ("failed", said)
    assert list((out / "checkpoints").iterdir()) == []
    assert run(["train", "--resume", str(out)]) == 0
    same_bytes(whole, out)


@pytest.mark.skipif(not ROOT, reason="only root may mount a small disk")
def test_a_disk_that_is_full_and_grows(
    reviews: Path, whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=500k", "tmpfs", str(small)], check=False).returncode:
        pytest.skip("this machine mounts nothing")
    out = small / "run"
    try:
        assert run(["train", "text-csv", f"data.path={reviews}", *TINY, "--out", str(out)]) == 2
        said = capsys.readouterr().err.splitlines()[-1]
        assert said.startswith(f"error: {out}/")
        assert said.endswith(
            f": the disk is full. Free some space there. Then continue with: classmark train --resume {out}"
        )
        assert json.loads((out / "status.json").read_text())["state"] == "failed"
        subprocess.run(["mount", "-o", "remount,size=30m", str(small)], check=True)
        assert run(["train", "--resume", str(out)]) == 0
        same_bytes(whole, out)
    finally:
        subprocess.run(["umount", str(small)], check=False)


COMMANDS = [
    (["predict", "{whole}", "{reviews}", "--out", "out.csv"], "out.csv"),
    (["judge", "{whole}", "--out", "out"], "out/judgement.json"),
    (["compare", "{whole}/predictions/test.parquet", "{whole}", "--out", "out"], "out/comparison.json"),
    (["audit", "{reviews}", "--out", "out"], "out/audit.json"),
]


@pytest.mark.parametrize(("words", "place"), COMMANDS, ids=[words[0] for words, _ in COMMANDS])
def test_results_that_cannot_be_written(
    words: list[str], place: str, whole: Path, reviews: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    with largest_file(100):
        assert run([word.format(whole=whole, reviews=reviews) for word in words]) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    parts = Path(tempfile.gettempdir()) / "classmark-"  # predict sets parts down there first
    assert said == f"error: {place}: {TOO_LARGE}" or (said.startswith(f"error: {parts}") and words[0] == "predict")
    assert said.endswith(f": {TOO_LARGE}")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@NEEDS_SOMEBODY
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["train", "text-csv", "data.path={reviews}"], "error: runs: you may not read or write there. "),
        (
            COMMANDS[1][0],
            "error: --out: out cannot be written; {folder} is no folder that you may write to. Name another.",
        ),
    ],
    ids=["train", "judge"],
)
def test_folders_that_may_not_be_written(
    words: list[str], said: str, whole: Path, reviews: Path, tmp_path: Path
) -> None:
    tmp_path.chmod(0o555)
    words = [word.format(whole=whole, reviews=reviews) for word in words]
    done = subprocess.run([*SOMEBODY, CLASSMARK, *words], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert done.stderr.splitlines()[-1].startswith(said.format(folder=tmp_path))


@pytest.mark.skipif(not ROOT or shutil.which("setpriv") is None, reason="only root can become a user of no name")
def test_a_user_without_name_and_home(reviews: Path, tmp_path: Path) -> None:
    (tmp_path / "open").mkdir(mode=0o777)
    (tmp_path / "open").chmod(0o777)
    (tmp_path / "temporary").mkdir()
    (tmp_path / "temporary").chmod(0o777)
    words = [
        "train",
        "text-csv",
        f"data.path={reviews}",
        *TINY,
        "train.precision=auto",
        "train.epochs=1",
        "--out",
        "run",
    ]
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "PYTHONPATH")}
    done = subprocess.run(
        [*SOMEBODY, CLASSMARK, *words], cwd=tmp_path / "open", capture_output=True, text=True, check=False,
        env={**kept, "TMPDIR": str(tmp_path / "temporary")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (
        f"note: there is no home folder, so the cache is in {tmp_path}/temporary/classmark-12345. "
        "Name a folder for it: CLASSMARK_CACHE=FOLDER\n"
    ) in done.stderr
    assert (tmp_path / "temporary" / "classmark-12345" / "precision.json").exists()


def test_a_run_has_one_owner_and_goes_on_when_nobody_reads(
    reviews: Path, whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    words = [CLASSMARK, "train", "text-csv", f"data.path={reviews}", *TINY, "--out", str(out)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    process.stderr.readline()
    process.send_signal(signal.SIGSTOP)  # alive, as long as we like
    try:
        process.stderr.close()
        assert process.stdout is not None
        process.stdout.close()
        busy = (
            f"error: {out}: process {process.pid} is training this run. Wait for it, or stop it: kill {process.pid}\n"
        )
        for other in (["train", "--resume", str(out)], words[1:]):
            assert (run(other), capsys.readouterr().err) == (2, busy)
        os.utime(out / "status.json", (0, 0))  # a status this old does not speak for itself
        assert states(tmp_path, capsys) == ["running"]
    finally:
        process.send_signal(signal.SIGCONT)
    assert process.wait(timeout=120) == 0
    same_bytes(whole, out)


def test_a_killed_run_is_taken_over(
    reviews: Path, whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    words = [CLASSMARK, "train", "text-csv", f"data.path={reviews}", *TINY, "--out", str(out)]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not list(out.glob("checkpoints/*/state.json")):
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.wait()
    (out / ".status.json.abcd_123").write_text("{")  # what was being written
    assert states(tmp_path, capsys) == ["killed"]
    assert run(["train", "--resume", str(out)]) == 0
    same_bytes(whole, out)
    assert list(out.glob(".*")) == []
    assert states(tmp_path, capsys) == ["done"]


def states(folder: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    capsys.readouterr()
    assert run(["runs", str(folder), "--json"]) == 0
    return [row["state"] for row in json.loads(capsys.readouterr().out)]


def test_a_rate_that_is_too_high(reviews: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "run"
    words = ["train", "text-csv", f"data.path={reviews}", *TINY, "optimizer.kind=sgd", "optimizer.learning_rate=1000"]
    words += ["optimizer.weight_decay=1000"]
    assert run([*words, "train.checkpoint_every_steps=1", "--out", str(out)]) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    status = json.loads((out / "status.json").read_text())
    assert (status["state"], f"error: {status['message']}") == ("failed", said)
    assert said.startswith("error: epoch 1, step ")
    assert "model weights are no longer finite numbers (learning rate 9" in said
    assert "; the batch: " in said
    assert "Start again with a lower optimizer.learning_rate or optimizer.clip_norm=1" in said
    for checkpoint in (out / "checkpoints").glob("*/state.json"):
        assert "NaN" not in checkpoint.read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="macOS has other limits")
@pytest.mark.parametrize(("limit_bytes", "changes"), [(4_096_000_000, []), (8 << 30, ["model.hidden_size=20000"])])
def test_too_little_memory(limit_bytes: int, changes: list[str], reviews: Path, tmp_path: Path) -> None:
    words = ["train", "text-csv", f"data.path={reviews}", *TINY, *changes, "--out", str(tmp_path / "run")]
    done = subprocess.run(
        [CLASSMARK, *words],
        **{"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_AS, (limit_bytes, limit_bytes))},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = done.stderr.splitlines()[-1]
    assert done.returncode == 2, done.stderr
    assert said.startswith(
        ("error: this process may address 3.8 GiB of memory, of which", "error: there is not enough memory")
    )


def test_a_cache_that_cannot_be_written(
    reviews: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CLASSMARK_CACHE", str(tmp_path / "file"))
    monkeypatch.setattr(notes, "_said", set())
    words = ["train", "text-csv", f"data.path={reviews}", *TINY, "train.precision=auto", "train.epochs=1"]
    assert run([*words, "--out", str(tmp_path / "run")]) == 0
    assert "so precision.json is not kept there and is made again next time." in capsys.readouterr().err
