"""What stands for a bar in a log."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from classmark.system import progress
from classmark.system.progress import shown_progress
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
