"""`classmark audit` through the command line: what it says, what it writes, what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from classmark.cli.main import run
from made import make_tar
from pages import check_harmless, text_of

REVIEW = "this is a long enough review of a film that nobody has seen and that everybody likes very much indeed"
TRAIN = [(f"{word} film number {row}", label) for row in range(12) for word, label in (("good", "pos"), ("bad", "neg"))]
TRAIN += [(REVIEW, "pos"), ("Twice the same.", "neg"), ("twice the same", "pos")]
TEST = [
    ("Good film, number 3!", "pos"),
    (f"{REVIEW} truly", "pos"),
    ("it\x92s <br />new", "neg"),
    ("another one", "neg"),
]


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CLASSMARK_CACHE", str(tmp_path / "cache"))
    for name, rows in (("train", TRAIN), ("test", TEST)):
        pl.DataFrame(rows, schema=["text", "label"], orient="row").write_csv(f"{name}.csv")


def refusal(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert run(["audit", *words]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert not Path("audit").exists()
    return captured.err.removeprefix("error: ").strip()


def test_two_tables(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", "train.csv", "test.csv"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "1 of 4 test texts (25.00 %) stand in the training data, and 1 more (25.00 %) nearly so." in shown
    assert "exact duplicates with different labels 1 (rows 2), near ones 0" in shown
    content = json.loads(Path("audit/audit.json").read_text())
    assert content["leaks"] == [{"of": "test", "among": "train", "rows": 4, "exact": 1, "identical": 0, "near": 1}]
    assert content["method"]["threshold"] == 0.6
    assert {one["code"]: one["rows"]["test"] for one in content["oddities"]} == {"c1": 1, "html": 1}
    pairs = pl.read_csv("audit/pairs.csv")
    assert pairs.columns == ["split_a", "id_a", "label_a", "split_b", "id_b", "label_b", "kind", "similarity"]
    assert sorted(pairs["kind"]) == ["near", "normalised", "normalised"]
    page = Path("audit/report.html").read_text()
    check_harmless(page)
    words = text_of(page)
    assert "1 of 4 test texts (25.00 %) stand in the training data" in words
    assert "<mark>truly</mark>" in page
    assert "it‹U+0092›s" in words


def test_the_same_words_twice_give_the_same_files(capsys: pytest.CaptureFixture[str]) -> None:
    for out in ("one", "two"):
        assert run(["audit", "train.csv", "test.csv", "--out", out, "--json"]) == 0
    first, second = ({path.name: path.read_bytes() for path in Path(out).iterdir()} for out in ("one", "two"))
    assert first == second
    assert set(first) == {"audit.json", "pairs.csv", "report.html"}
    printed = capsys.readouterr().out
    assert json.loads(printed[: len(printed) // 2]) == json.loads(first["audit.json"])


def test_a_recipe_with_changes(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", "text-csv", "data.path=train.csv", "data.test_path=test.csv", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert [(leak["of"], leak["exact"], leak["near"]) for leak in content["leaks"]] == [
        ("test", 1, 1),
        ("validation", 0, 0),
    ]
    assert content["notes"] == []
    assert list(content["classes"]["pos"]) == ["train", "validation", "test"]


def test_the_imdb_archive_with_a_review_that_is_not_utf8(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {
        f"aclImdb/{split}/{kind}/{row}_5.txt": f"{split if row else 'the same in both'} {kind} {row}".encode()
        for split in ("train", "test")
        for kind in ("pos", "neg")
        for row in range(10)
    }
    files["aclImdb/test/pos/9_5.txt"] = b"caf\xe9"
    archive = make_tar(tmp_path / "aclImdb_v1.tar.gz", files)
    assert run(["audit", "imdb-bilstm", f"data.path={archive}", "--json", "--out", "imdb"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["leaks"][0] == {"of": "test", "among": "train", "rows": 19, "exact": 2, "identical": 2, "near": 0}
    assert content["faults"] == [["test", "test/pos/9_5", "aclImdb/test/pos/9_5.txt: byte 4 is not valid UTF-8"]]
    said = refusal(capsys, str(archive))
    assert (
        said == f"{archive}: an archive is audited through its recipe: classmark audit imdb-bilstm data.path={archive}"
    )


def test_what_cannot_be_audited_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert "neither a file nor a shipped recipe" in refusal(capsys, "no-such-thing")
    assert "test2.csv: there is no such file." in refusal(capsys, "train.csv", "test2.csv")
    said = refusal(capsys, "train.csv", "--label", "labels")
    assert said.endswith('Did you mean "label"? Name the right one: --label COLUMN')
    assert "Name two of one kind" in refusal(capsys, "train.csv", ".")
    assert "0.3" in refusal(capsys, "train.csv", "--jaccard", "0.1")
    assert "train.colour: unknown key" in refusal(capsys, "text-csv", "train.colour=1")


def test_a_folder_of_something_else_is_not_written_to(capsys: pytest.CaptureFixture[str]) -> None:
    Path("mine").mkdir()
    Path("mine/notes.txt").write_text("mine")
    said = refusal(capsys, "train.csv", "--out", "mine")
    assert said == "--out: mine is not empty and holds no audit.json. Name a new folder."


def test_images_with_their_thumbnails(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", "digits-quick", "data.limit=400"]) == 0
    assert "test image files" in capsys.readouterr().out
    page = Path("audit/report.html").read_text()
    check_harmless(page)
    content = json.loads(Path("audit/audit.json").read_text())
    assert content["kind"] == "images"
    assert content["leaks"][0]["exact"] == 0
    assert ("data:image/jpeg;base64," in page) == bool(content["pairs"])


def test_images_of_a_table_lie_where_the_options_say(capsys: pytest.CaptureFixture[str]) -> None:
    from PIL import Image

    Path("photos").mkdir()
    for number in range(4):
        Image.new("RGB", (20, 20), (60 * number, 10, 200)).save(f"photos/{number}.png")
    pl.DataFrame({"image": [str(number) for number in range(4)], "label": ["a", "b"] * 2}).write_csv("images.csv")
    assert "--image-folder photos --image-ending .png" in refusal(capsys, "images.csv")
    assert "--image-folder: elsewhere: there is no such folder" in refusal(
        capsys, "images.csv", "--image-folder", "elsewhere"
    )
    assert "--quoting: " in refusal(capsys, "train.csv", "--quoting", "perhaps")
    assert run(["audit", "images.csv", "--image-folder", "photos", "--image-ending", "png", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == {"all": 4}
