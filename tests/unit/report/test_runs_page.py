"""The page of all runs in a browser: sorting, filters, ticking two, the keyboard, a narrow dark screen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

from browsers import CHROMIUM, FLAGS, NONE_THERE
from classmark.judging.statistics.intervals import Estimate
from classmark.report.runs import RunRow, write_runs

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=NONE_THERE)


def row(name: str, accuracy: float | None, **further: Any) -> RunRow:
    metrics = {} if accuracy is None else {"accuracy": Estimate(accuracy, accuracy - 0.1, accuracy + 0.05, "made")}
    known = {"recipe": "text-csv", "data": "table", "seed": 1, "split": "test", "rows": 50, "fingerprint": "x"}
    return RunRow(name, f"runs/{name}", "done", metrics=metrics, **{**known, **further})


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    file = tmp_path_factory.mktemp("page") / "runs.html"
    rows = [
        row("low", 0.7),
        row("none", None),
        row("high", 0.9, recipe="mine", seed=2),
        row("mid", 0.8, fingerprint="y"),
    ]
    write_runs(file, Path("runs"), rows)
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        opened = browser.new_page(viewport={"width": 390, "height": 800}, color_scheme="dark")
        said: list[str] = []
        opened.on("console", lambda message: said.append(message.text))
        opened.on("pageerror", lambda error: said.append(str(error)))
        opened.goto(file.as_uri())
        yield opened
        assert said == []
        browser.close()


def names(page: Any) -> list[str]:
    return [one.inner_text() for one in page.locator("tbody th span").all() if one.is_visible()]


def test_it_sorts_by_value_and_what_has_none_stands_last(page: Any) -> None:
    heading = page.get_by_role("button", name="accuracy")
    heading.focus()
    page.keyboard.press("Enter")
    assert names(page) == ["low", "mid", "high", "none"]
    page.keyboard.press("Enter")
    assert names(page) == ["high", "mid", "low", "none"]
    assert page.get_by_role("columnheader", name="accuracy").get_attribute("aria-sort") == "descending"


def test_it_filters(page: Any) -> None:
    page.get_by_label("Find").fill("HI")
    assert names(page) == ["high"]
    assert page.locator(".find output").inner_text() == "1 of 4 runs"
    page.get_by_label("Find").fill("")
    page.get_by_label("Seed").select_option("2")
    assert names(page) == ["high"]
    page.get_by_label("Seed").select_option("")
    assert len(names(page)) == 4


def test_ticking_two_shows_the_command_that_compares_them(page: Any) -> None:
    box = page.get_by_label("Compare low")
    box.focus()
    page.keyboard.press("Space")
    chosen = page.locator("#chosen")
    assert "Tick another run" in chosen.inner_text()
    page.get_by_label("Compare high").check()
    assert chosen.locator("code").inner_text() == "classmark compare runs/low runs/high"
    assert chosen.locator(".note").inner_text() == ""
    page.get_by_label("Compare mid").check()
    assert chosen.locator("code").inner_text() == "classmark compare runs/high runs/mid"
    assert not box.is_checked()
    assert chosen.locator(".note").inner_text().startswith("Their data or its split differs")
    chosen.get_by_role("button").click()
    page.wait_for_function("document.querySelector('#chosen button').textContent === 'Copied'")
    assert page.get_by_label("Compare none").is_disabled()


def test_a_narrow_screen_does_not_scroll_sideways(page: Any) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") == 390
