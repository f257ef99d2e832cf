"""The page in a headless Chromium: type, drop, an error, a slow network, the keyboard alone, a phone, the dark.

Without a Chromium these tests are skipped and say so; CLASSMARK_CHROMIUM names one that is not found by itself.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, sync_playwright

from browsers import CHROMIUM, FLAGS, NONE_THERE
from served import Service, picture, served

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=NONE_THERE)
FAILED = "Failed to load resource"  # what a browser itself says of a refusal
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def service(text_run: Path, image_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    pictures = tmp_path_factory.mktemp("page") / "pictures"
    pictures.symlink_to(image_model)
    with served(text_run, pictures, "--max-characters", "500") as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield found
        found.close()


@pytest.fixture
def page(browser: Browser, service: Service) -> Iterator[Page]:
    """The page on a desktop; anything on its console, and any request elsewhere, fails the test."""
    context = browser.new_context(viewport=DESKTOP)
    found = context.new_page()
    said: list[str] = []
    found.on("console", lambda message: None if message.text.startswith(FAILED) else said.append(message.text))
    found.on("pageerror", lambda error: said.append(str(error)))
    home = f"http://{service.host}:{service.port}"
    found.on("request", lambda one: None if one.url.startswith((home, "blob:", "data:")) else said.append(one.url))
    found.goto(home)
    yield found
    context.close()
    assert said == []


def shown_bars(page: Page) -> list[str]:
    return [" ".join(text.split()) for text in page.locator("#bars li").all_inner_texts()]


def test_a_text_is_typed(page: Page, service: Service) -> None:
    page.get_by_label("Text").fill("a fine film, warm and clever <b>&")
    page.get_by_role("button", name="Classify").click()
    page.locator("#result").wait_for()
    _, answer = service.send("POST", "/predict", {"text": "a fine film, warm and clever <b>&"})
    [expected] = answer["predictions"]
    assert page.locator("#result-head").inner_text() == expected["predicted"] == "good"
    bars = sorted(expected["probabilities"].items(), key=lambda one: -one[1])
    assert shown_bars(page) == [f"{name} {100 * share:.1f} %" for name, share in bars]
    assert " ".join(page.locator("#set").inner_text().split()) == (
        f"Prediction set: {' '.join(expected['set'])} These hold the right one for 90.0 % of inputs like those of validation."
    )
    widths = page.locator("#bars .track span").evaluate_all("all => all.map(one => parseFloat(one.style.width))")
    assert widths == pytest.approx([100 * share for _, share in bars], abs=1e-3)


def drop(page: Page, name: str, content: bytes) -> None:
    """Drop a file on the page's place for it."""
    made = page.evaluate_handle(
        """([name, content]) => {
          const bytes = Uint8Array.from(atob(content), letter => letter.charCodeAt(0));
          const transfer = new DataTransfer();
          transfer.items.add(new File([bytes], name, {type: "image/png"}));
          return transfer;
        }""",
        [name, base64.b64encode(content).decode()],
    )
    page.dispatch_event("#drop", "drop", {"dataTransfer": made})


def test_an_image_is_dropped(page: Page) -> None:
    page.get_by_label("Model").select_option("pictures")
    assert page.get_by_label("Text").is_hidden()
    drop(page, "noise.png", picture())
    page.locator("#result").wait_for()
    page.locator("#preview").wait_for()
    assert len(shown_bars(page)) == 10
    page.get_by_role("button", name="Show all 12 classes").click()
    assert len(shown_bars(page)) == 12
    assert page.locator("#set").is_hidden()


def test_errors_are_sentences(page: Page) -> None:
    page.get_by_role("button", name="Classify").click()
    assert page.get_by_role("alert").inner_text() == "Type a text first."
    page.get_by_label("Text").fill("long " * 101)
    page.get_by_role("button", name="Classify").click()
    page.get_by_text("the text has 505 characters").wait_for()
    assert page.get_by_role("alert").inner_text() == (
        "the request, row 1: the text has 505 characters, more than the 500 that are read. Cut it."
    )
    page.get_by_label("Model").select_option("pictures")
    assert page.get_by_role("alert").is_hidden()
    drop(page, "<img src=x onerror=alert(1)>.png", picture()[:100])
    page.get_by_text("the image cannot be read").wait_for()
    assert page.get_by_role("alert").inner_text().endswith(". Correct or remove it.")
    page.route("**/predict", lambda route: route.abort())
    page.get_by_role("button", name="Classify").click()
    page.get_by_text("The service cannot be reached. Check that it runs, then try again.").wait_for()


def test_a_slow_network_is_said_and_can_be_given_up(page: Page) -> None:
    page.clock.install()
    held: list[Any] = []
    page.route("**/predict", lambda route: held.append(route))
    page.get_by_label("Text").fill("a fine film")
    page.get_by_role("button", name="Classify").click()
    status = page.get_by_role("status")
    page.get_by_text("Waiting for the answer …").wait_for()
    assert page.get_by_role("button", name="Classify").is_disabled()
    page.clock.run_for(5_000)
    assert status.inner_text() == "Still waiting, 5 seconds so far. The network or the service is slow."
    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("Cancelled.").wait_for()
    assert page.get_by_role("button", name="Classify").is_enabled()
    page.get_by_role("button", name="Classify").click()
    page.clock.run_for(70_000)
    page.get_by_text("The service did not answer in time. Try again.").wait_for()
    page.unroute("**/predict")
    page.get_by_role("button", name="Classify").click()
    page.locator("#result").wait_for()


def test_the_keyboard_is_enough(page: Page) -> None:
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "model"
    page.keyboard.press("Tab")
    page.keyboard.type("dull and weak")
    page.keyboard.press("Control+Enter")
    page.locator("#result").wait_for()
    assert page.locator("#result-head").inner_text() == "bad"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "go"
    ring = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert ring == "solid"
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "file"


def luminance(colour: str) -> float:
    """Relative luminance of `rgb(r, g, b)` (WCAG 2.2)."""
    parts = [int(part) / 255 for part in colour.removeprefix("rgb(").rstrip(")").split(",")]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_can_be_read_on_a_phone_by_day_and_night(scheme: Any, page: Page, tmp_path: Path) -> None:
    page.set_viewport_size(PHONE)
    page.emulate_media(color_scheme=scheme)
    page.get_by_label("Text").fill("a fine film")
    page.get_by_role("button", name="Classify").click()
    page.locator("#result").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    pairs = """[["body", "color"], ["#state", "color"], ["#error", "color"], ["#go", "backgroundColor"]].map(
        ([one, kind]) => getComputedStyle(document.querySelector(one))[kind])"""
    ground = luminance(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert (ground < 0.1) == (scheme == "dark")
    for colour in page.evaluate(pairs):
        bright, dark = sorted((ground, luminance(colour)), reverse=True)
        assert (bright + 0.05) / (dark + 0.05) >= 4.5, colour


def test_the_page_asks_for_the_key(page: Page) -> None:
    key, shown = "a-key-that-is-long-enough", list[str | None]()

    def with_key(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace('"has_key": false', '"has_key": true'))

    def closed(route: Route) -> None:
        shown.append(route.request.headers.get("authorization"))
        if len(shown) > 1:
            route.continue_()
        else:
            route.fulfill(status=401, json={"detail": "the key is missing or wrong."})

    page.route(page.url, with_key)
    page.route("**/predict", closed)
    page.reload()
    page.get_by_label("Text").fill("a fine film")
    page.get_by_role("button", name="Classify").click()
    page.get_by_text("the key is missing or wrong.").wait_for()
    assert page.evaluate("document.activeElement.id") == "key"
    page.keyboard.type(key)
    page.keyboard.press("Enter")
    page.locator("#result").wait_for()
    assert shown == [None, f"Bearer {key}"]
    assert key not in json.dumps(page.context.storage_state())
