"""The service answers what the command line answers, in the same words, within its limits."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from fastapi.testclient import TestClient

import classmark
from classmark.cli.main import run
from classmark.report.model_card import model_card
from classmark.runs import RunFiles
from classmark.serving.options import Limits
from served import client_of, copied, picture, reviews

KEY = "a-key-that-is-long-enough"
SMALL = Limits(body_bytes=20_000, rows=40, characters=2_000, pixels=2_000, seconds=20)


@pytest.fixture(scope="module")
def client(text_run: Path, image_model: Path) -> Iterator[TestClient]:
    with client_of({"texts": text_run, "pictures": image_model}, limits=SMALL) as found:
        yield found


def predicted(run_folder: Path, table: pl.DataFrame, **options: Any) -> list[dict[str, Any]]:
    """The rows that `classmark predict` writes, in the shape of the service's answers."""
    table.write_csv("new.csv")
    classmark.predict(run_folder, "new.csv", "p.jsonl", no_labels=True, **options)
    rows = []
    for row in map(json.loads, Path("p.jsonl").read_text().splitlines()):
        shares = {name[2:]: row.pop(name) for name in list(row) if name.startswith("p_")}
        rows.append({**row, "probabilities": shares})
    return rows


def as_written(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """The predictions with their probabilities as 32-bit numbers are written."""
    rows = answer["predictions"]
    for row in rows:
        shares = pl.Series(list(row["probabilities"].values()), dtype=pl.Float32)
        written = json.loads(shares.to_frame("p").write_json())
        row["probabilities"] = dict(zip(row["probabilities"], (one["p"] for one in written), strict=True))
    return rows  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    "options", [{}, {"sets": 0.95}, {"calibrated": True, "at": "f1"}, {"at": "error<=0.15"}], ids=str
)
def test_answers_are_those_of_predict_to_the_last_digit(options: dict[str, Any], text_run: Path) -> None:
    table = reviews(37, seed=5).select("text")
    expected = predicted(text_run, table, **{"sets": 0.9, **options})
    with client_of({"texts": text_run}, **options) as client:
        of_json = client.post("/predict", json={"texts": table["text"].to_list()})
        of_csv = client.post("/predict", content=table.write_csv(), headers={"Content-Type": "text/csv"})
        of_form = client.post("/predict", files={"file": ("new.csv", table.write_csv(), "text/csv")})
        single = client.post("/predict", json={"text": table["text"][3]})
    assert [answer.status_code for answer in (of_json, of_csv, of_form, single)] == [200] * 4
    assert as_written(of_json.json()) == as_written(of_csv.json()) == as_written(of_form.json()) == expected
    [one] = as_written(single.json())
    assert one == {**predicted(text_run, table[3:4], **{"sets": 0.9, **options})[0]}


def test_images(client: TestClient, image_model: Path) -> None:
    for number in range(2):
        Path(f"{number}.png").write_bytes(picture(number))
    expected = classmark.load(image_model).predict_proba(["0.png", "1.png"])
    sent = [("file", (f"{number}.png", picture(number), "image/png")) for number in range(2)]
    answer = client.post("/models/pictures/predict", files=sent).json()
    assert [row["id"] for row in answer["predictions"]] == ["0.png", "1.png"]
    assert [list(row["probabilities"].values()) for row in answer["predictions"]] == expected.tolist()
    body = client.post("/predict?model=pictures", content=picture(1), headers={"Content-Type": "image/png"}).json()
    alone = classmark.load(image_model).predict_proba(["1.png"])[0].tolist()
    assert list(body["predictions"][0]["probabilities"].values()) == alone
    assert "set" not in body["predictions"][0]  # a model alone has no validation rows


def test_ids_and_rows_left_out(client: TestClient) -> None:
    table = 'nr,words\na,good\nb," "\nc,bad\n'
    answer = client.post(
        "/predict?id=nr&text=words&skip_unreadable=true", content=table, headers={"Content-Type": "text/csv"}
    ).json()
    assert [row["id"] for row in answer["predictions"]] == ["a", "c"]
    assert answer["notes"] == ["left out: 1 row, the text is empty: the request, row 2"]
    named = client.post("/predict", json={"texts": ["fine", "dull"], "ids": ["x", "y"]}).json()
    assert [row["id"] for row in named["predictions"]] == ["x", "y"]


@pytest.mark.parametrize(
    "text", ['text\ngood\n,\n" "\n', "txt\na\n", "text,text\na,b\n", "text\n", "", "a\0b", "nr,text\n1,a\n1,b\n"]
)
def test_the_sentences_are_those_of_the_command_line(
    text: str, client: TestClient, text_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("new.csv").write_text(text)
    words = ["--id", "nr"] if text.startswith("nr") else []
    assert run(["predict", str(text_run), "new.csv", "--out", "p.csv", *words]) == 2
    said = capsys.readouterr().err.removeprefix("error: ").strip()
    said = said.replace("--text COLUMN", "?text=COLUMN").replace("--skip-unreadable", "?skip_unreadable=true")
    sent = {"file": ("new.csv", text, "text/csv")}
    answer = client.post("/predict", files=sent, params={"id": "nr"} if words else {})
    assert (answer.status_code, answer.json()) == (422, {"detail": said})


JSON_TYPE = {"Content-Type": "application/json"}
HOW = 'Send {"text": "…"} or {"texts": ["…", "…"]}, with "ids" if you like.'
REFUSED: dict[str, tuple[dict[str, Any], int, str]] = {
    "no JSON": ({"content": "{", "headers": JSON_TYPE}, 422,
                "the request: it is no JSON (Expecting property name enclosed in double quotes: line 1 column 2 (char 1)). "
                f"{HOW}"),
    "deep JSON": ({"content": "[" * 9_999, "headers": JSON_TYPE}, 422, ""),
    "neither": ({"json": {"a": 1}}, 422, f'the request: the JSON needs either the key "text" or the key "texts". {HOW}'),
    "both": ({"json": {"text": "a", "texts": []}}, 422,
             f'the request: the JSON needs either the key "text" or the key "texts". {HOW}'),
    "other keys": ({"json": {"text": "a", "limit": 1}}, 422, f"the request: the JSON has other keys: limit. {HOW}"),
    "a number": ({"json": {"texts": ["a", 1]}}, 422, f'the request: "texts" is no list of texts. {HOW}'),
    "none": ({"json": {"texts": []}}, 422, f'the request: "texts" is empty. {HOW}'),
    "blank": ({"json": {"text": "\u200b"}}, 422, "the request, row 1: the text is empty. Correct it, or leave such rows "
                                                 "out: ?skip_unreadable=true"),
    "half a letter": ({"content": '{"text": "\\ud800"}', "headers": JSON_TYPE}, 422,
                      "the request, row 1: character 1 is half of a surrogate pair, which is no character. Correct it."),
    "ids": ({"json": {"texts": ["a", "b"], "ids": ["1"]}}, 422,
            "the request: there are 1 ids for 2 texts. Give each text its own."),
    "equal ids": ({"json": {"texts": ["a", "b"], "ids": ["1", "1"]}}, 422,
                  'the request: the id "1" stands in rows 1 and 2. Give each row an id of its own.'),
    "rows": ({"json": {"texts": ["a"] * 41}}, 413, "the request: 41 rows, more than the 40 that are read at once. "
                                                   "Send it in parts."),
    "characters": ({"json": {"texts": ["a", "b" * 2_001]}}, 413,
                   "the request, row 2: the text has 2,001 characters, more than the 2,000 that are read. Cut it."),
    "bytes": ({"json": {"text": "b" * 20_001}}, 413, "the request: more than the 20,000 bytes that are read at once. "
                                                     "Send it in parts."),
    "type": ({"content": "<a/>", "headers": {"Content-Type": "text/xml"}}, 415,
             'the request: "text/xml" is not read by this model, which takes texts. Send application/json, text/csv, '
             "text/tab-separated-values, application/jsonl, text/plain, or a form with one such file."),
    "form": ({"content": "--", "headers": {"Content-Type": "multipart/form-data"}}, 422,
             "the request: the form cannot be read (Missing boundary in multipart.). Send multipart/form-data."),
    "no file": ({"data": {"text": "a"}, "files": {}, "headers": {"Content-Type": "multipart/form-data; boundary=x"}}, 422, ""),
    "two tables": ({"files": [("file", ("a.csv", "text\na")), ("file", ("b.csv", "text\na"))]}, 422,
                   "the request: it holds 2 files. Send one table, or one .txt file."),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name: str, client: TestClient) -> None:
    sent, status, said = REFUSED[name]
    answer = client.post("/predict", **sent)
    assert answer.status_code == status
    assert answer.json()["detail"] == (said or answer.json()["detail"])
    assert "Traceback" not in answer.text


def test_images_that_are_refused(client: TestClient) -> None:
    large, cut = picture(side=50), picture()[:200]
    answer = client.post("/predict?model=pictures", files={"file": ("big.png", large, "image/png")})
    assert (answer.status_code, answer.json()["detail"]) == (
        413,
        "big.png: the image cannot be read (50 × 50 pixels, more than the 2,000 that are read). Send a smaller one.",
    )
    answer = client.post("/predict?model=pictures", files={"file": ("cut.png", cut, "image/png")})
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("cut.png: the image cannot be read (")
    both = [("file", (name, content, "image/png")) for name, content in (("cut.png", cut), ("good.png", picture()))]
    kept = client.post("/predict?model=pictures&skip_unreadable=true", files=both).json()
    assert [row["id"] for row in kept["predictions"]] == ["good.png"]
    assert kept["notes"][0].startswith("left out: 1 row, the image cannot be read (")
    answer = client.post("/predict?model=pictures", json={"text": "a"})
    assert answer.status_code == 415


def test_addresses_that_are_not_there(client: TestClient) -> None:
    answer = client.post("/predict?model=text", json={"text": "a"})
    assert (answer.status_code, answer.json()["detail"]) == (
        404, 'there is no model "text"; there is texts, pictures. Did you mean "texts"?',
    )  # fmt: skip
    assert client.post("/models/nobody/predict", json={"text": "a"}).status_code == 404
    assert client.get("/predict").status_code == 405
    assert client.get("/docs").json() == {"detail": "Not Found."}


def test_the_key(text_run: Path) -> None:
    with client_of({"texts": text_run}, key=KEY) as client:
        closed = ("/info", "/metrics")
        assert [client.get(path).status_code for path in ("/health", "/ready", "/", *closed)] == [
            200,
            200,
            200,
            401,
            401,
        ]
        refused = client.post("/predict", json={"text": "a"})
        assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
        for wrong in ("", "a", KEY[:-1], KEY + "x", KEY.upper(), "é"):
            shown = {"Authorization": f"Bearer {wrong}".encode()}
            assert client.post("/predict", json={"text": "a"}, headers=shown).status_code == 401
        for shown in ({"Authorization": f"Bearer {KEY}"}, {"Authorization": f"bearer {KEY}"}, {"X-API-Key": KEY}):
            assert client.post("/predict", json={"text": "a"}, headers=shown).status_code == 200
            assert client.get("/info", headers=shown).status_code == 200
        assert KEY not in client.get("/").text + client.get("/openapi.json").text


def test_what_is_said_of_the_model(client: TestClient, text_run: Path) -> None:
    info = client.get("/info").json()
    assert (info["model"], info["takes"], info["classes"]) == ("texts", "text", ["bad", "good"])
    assert info["prediction_sets"] == {"method": "lac", "level": 0.9}
    accuracy = classmark.Run(text_run).judgement.metrics["accuracy"]
    assert info["judgement"]["metrics"]["accuracy"]["low"] == accuracy.low
    assert info["judgement"]["level"] == 0.95
    assert info["card"] == model_card(RunFiles(text_run))
    other = client.get("/info?model=pictures").json()
    assert (other["takes"], other["prediction_sets"], other["judgement"]) == ("images", None, None)
    assert client.get("/ready").json()["models"]["texts"] == info["weights"]


def test_what_is_counted(text_run: Path) -> None:
    with client_of({"texts": text_run}) as client:
        client.post("/predict", json={"texts": ["a", "b", "c"]})
        client.post("/predict", json={"texts": []})
        client.get("/etc/passwd")
        lines = client.get("/metrics").text.splitlines()
    for line in (
        'classmark_requests_total{endpoint="/predict",status="200"} 1.0',
        'classmark_requests_total{endpoint="/predict",status="422"} 1.0',
        'classmark_requests_total{endpoint="other",status="404"} 1.0',
        'classmark_rows_total{model="texts"} 3.0',
        'classmark_batch_rows_count{model="texts"} 1.0',
        'classmark_request_seconds_count{endpoint="/predict"} 2.0',
        'classmark_model_loads_total{model="texts",outcome="loaded"} 1.0',
    ):
        assert line in lines


def test_a_bad_image_does_not_spoil_its_neighbours(image_model: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with client_of({"pictures": image_model}, wait_seconds=0.5, batch=3) as client, ThreadPoolExecutor(3) as threads:
        # whole as to its header, damaged within: found only when it is decoded, together with the others
        sent = [picture(1), picture(2)[:500], picture(3)]
        answers = list(
            threads.map(lambda one: client.post("/predict", files={"file": ("x.png", one, "image/png")}), sent)
        )
    assert [answer.status_code for answer in answers] == [200, 422, 200]


def test_the_extra_is_named(
    text_run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert run(["serve", str(text_run)]) == 2
    assert capsys.readouterr().err == 'error: Serving needs the package "uvicorn": pip install "classmark[serve]"\n'


def test_two_runs_of_one_name(text_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = copied(text_run, Path("again") / text_run.name)
    assert run(["serve", str(text_run), str(other), "--port", "0"]) == 2
    assert capsys.readouterr().err == (
        f'error: {text_run} and {other} are both called "run". Give one of them a link with another name.\n'
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--batch", "0"], "--batch: 0 is below 1."),
        (["--timeout", "nan"], "--timeout: nan is not above 0."),
        (["--host", "256.0.0.1"], "256.0.0.1, port 0: it cannot be used ("),
        (["--key-file", "none.txt"], "--key-file: none.txt: it cannot be read (no such file or directory)."),
        (
            ["--key-file", "short.txt"],
            "short.txt: a key is 16 or more letters, digits and signs without blanks. Make one: ",
        ),
    ],
)
def test_options_that_cannot_be(
    words: list[str], said: str, text_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("short.txt").write_text("short\n")
    assert run(["serve", str(text_run), "--port", "0", *words]) == 2
    assert capsys.readouterr().err.startswith(f"error: {said}")
