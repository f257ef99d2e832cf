"""What stands for a bar in a log."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest

from classmark.system import progress
from classmark.system.progress import shown_progress, shown_wait
from classmark.system.screen import Screen


def test_without_a_terminal_a_line_comes_every_quarter_of_a_minute(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [100.0]
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: now[0]))
    lines = []
    with shown_progress("features", 95_000) as advance:
        for seconds, more in ((0, 0), (10, 20_000), (20, 18_000), (30, 4_000), (40, 8_000), (60, 45_000)):
            now[0] = 100.0 + seconds
            advance(more)
            lines.append(capsys.readouterr().err)
    # After 20 s 38,000 of 95,000 are done, so that the others take 30 s; after 40 s 50,000, so 36 s. All done: no line.
    assert lines == [
        "", "", "features  38,000 of 95,000, 30 s left\n", "", "features  50,000 of 95,000, 36 s left\n", ""
    ]  # fmt: skip


def test_a_terminal_has_a_bar_and_no_lines(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(progress, "LINE_SECONDS", -1.0)
    monkeypatch.setattr(progress, "Screen", lambda: Screen(force_terminal=True, width=100))
    with shown_progress("features", 10) as advance:
        advance(4)
    shown = capsys.readouterr().err
    assert "4/10" in shown
    assert "4 of 10" not in shown


def shown_after(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, terminal: bool) -> str:
    """What a wait of a fifth of a second shows that is long for it, with another within it."""
    for name in ("QUIET_SECONDS", "RENEW_SECONDS"):
        monkeypatch.setattr(progress, name, 0.01)
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.03)
    monkeypatch.setattr(progress, "Screen", lambda: Screen(force_terminal=terminal, width=100))
    with shown_wait("reading") as say:
        time.sleep(0.1)
        say("judging")
        with shown_wait("drawing"):
            time.sleep(0.1)
    return capsys.readouterr().err


def test_a_wait_has_a_moving_bar(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    shown = shown_after(monkeypatch, capsys, terminal=True)
    assert "reading" in shown
    assert "drawing" in shown
    assert "so far" not in shown


def test_a_wait_without_a_terminal_has_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = shown_after(monkeypatch, capsys, terminal=False).splitlines()
    assert lines[0] == "reading  0 s so far"
    assert lines[-1] == "drawing  0 s so far"


def test_what_is_quick_shows_nothing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(progress, "Screen", lambda: Screen(force_terminal=True, width=100))
    with shown_wait("reading"):
        pass
    assert capsys.readouterr().err == ""


def test_a_bar_that_knows_how_far_it_is_comes_first(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("QUIET_SECONDS", "RENEW_SECONDS"):
        monkeypatch.setattr(progress, name, 0.01)
    monkeypatch.setattr(progress, "Screen", lambda: Screen(force_terminal=True, width=100))
    with shown_wait("reading"):
        time.sleep(0.1)
        with shown_progress("decoding", 10) as advance:
            capsys.readouterr()
            advance(4)
            time.sleep(0.2)
            assert "reading" not in capsys.readouterr().err
