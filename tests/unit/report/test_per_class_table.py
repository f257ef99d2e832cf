"""The table of classes in a browser: buttons that sort it, a field that searches it."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from browsers import CHROMIUM, NONE_THERE
from classmark.judging.published import judge_confusion
from classmark.report.page import write_report

# Recalls of the 25 classes: c00 has no rows, c01 has 1/26, c02 has 2/26, …
NAMES = [f"c{index:02d}" for index in range(25)]
READ = """
const table = document.getElementById("per-class");
const shown = () => [...table.tBodies[0].rows].filter((row) => !row.hidden).map((row) => row.cells[0].textContent);
const sorted = () => [...table.tHead.rows[0].cells].map((cell) => cell.getAttribute("aria-sort"));
const [name, rows, precision, recall] = table.tHead.querySelectorAll("button");
const field = document.getElementById("find-class");
const find = (wanted) => { field.value = wanted; field.dispatchEvent(new Event("input")); };
const said = () => field.parentElement.querySelector("output").textContent;
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    matrix = np.diag(np.arange(25))
    matrix[np.arange(1, 24), np.arange(2, 25)] = 26 - np.arange(1, 24)
    matrix[24, 1] = 2
    folder = tmp_path_factory.mktemp("classes")
    return write_report(folder, judge_confusion(matrix, NAMES), None).read_text(encoding="utf-8")


def in_browser(page: str, script: str, folder: Path) -> Any:
    """What the expression gives once the page has loaded."""
    run = f"<script>document.title = JSON.stringify((() => {{ {READ} {script} }})())</script>"
    (folder / "page.html").write_text(page.replace("</body>", f"{run}</body>"), encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}", "--dump-dom"]
    command = [str(CHROMIUM), *options, (folder / "page.html").as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    title = re.search(r"<title>(.*?)</title>", done.stdout)
    assert title
    return json.loads(title.group(1))


@pytest.mark.skipif(CHROMIUM is None, reason=NONE_THERE)
def test_each_click_turns_the_order_and_what_has_no_value_stays_last(page: str, tmp_path: Path) -> None:
    steps = "const found = []; for (const button of [recall, recall, name, name]) { button.click();"
    found = in_browser(page, f"{steps} found.push([shown(), sorted()]); }} return found;", tmp_path)
    up, down = "ascending", "descending"
    assert found == [
        [[*NAMES[1:], "c00"], [None, None, None, up, None]],
        [[*NAMES[:0:-1], "c00"], [None, None, None, down, None]],
        [NAMES, [up, None, None, None, None]],
        [NAMES[::-1], [down, None, None, None, None]],
    ]


@pytest.mark.skipif(CHROMIUM is None, reason=NONE_THERE)
def test_the_field_finds_classes_by_a_part_of_their_name(page: str, tmp_path: Path) -> None:
    steps = "const found = []; for (const wanted of [' C1', 'x', '']) { find(wanted); found.push([shown(), said()]); }"
    found = in_browser(page, f"{steps} return [field.parentElement.hidden, ...found];", tmp_path)
    assert found == [False, [NAMES[10:20], "10 of 25 classes"], [[], "0 of 25 classes"], [NAMES, ""]]
