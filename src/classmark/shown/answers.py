"""Answers that show themselves and write their page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from classmark.judging.studies.answers import Answers
from classmark.shown.page import as_text, parts_of, write_page
from classmark.system.files import write_json

if TYPE_CHECKING:
    from rich.console import Group


@dataclass(frozen=True, repr=False)
class ShownAnswers(Answers):
    """Answers as `classmark.study` and `classmark.compare_estimators` give them."""

    def report(self, path: str | Path) -> Path:
        """The path of the page, written: `path` itself if it ends in .html, else `report.html` in that folder.

        A folder holds its figures and `study.json` too.
        """
        from classmark.report.study import write_study

        return write_page(
            Path(path), lambda out: write_study(out, self), lambda out: write_json(out / "study.json", self.to_json())
        )

    def table(self, format: str) -> str:  # noqa: A002 - the name of the option
        """The metrics of all arms and their differences as `latex` or `markdown`, as papers have them.

        Raises:
            InputError: the format is neither.
        """
        from classmark.report.paper import as_table
        from classmark.report.study import study_paper

        return as_table(study_paper(self), format)

    def __rich__(self) -> Group:
        from classmark.report.study import study_table

        return study_table(self)

    def __str__(self) -> str:
        return as_text(self)

    def __repr__(self) -> str:
        return f"<Answers: {len(self.arms)} arms, {sum(one.done for one in self.outcomes)} of {len(self.outcomes)} runs done>"


def shown_answers(answers: Answers) -> ShownAnswers:
    """The same answers, which show themselves."""
    return ShownAnswers(**parts_of(answers, Answers))
