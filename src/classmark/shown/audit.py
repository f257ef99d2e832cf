"""An audit that shows itself and writes its page."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from classmark.data.audit.audit import Audit
from classmark.shown.page import as_text, parts_of
from classmark.system.files import write_json

if TYPE_CHECKING:
    from rich.console import Group

    from classmark.data.audit.rows import Material


@dataclass(frozen=True, repr=False)
class ShownAudit(Audit):
    """An audit as `classmark.audit` gives it.

    Attributes:
        material: the rows that were audited.
    """

    material: Material | None = field(default=None, compare=False)

    def report(self, path: str | Path) -> Path:
        """The path of `report.html`, written into a folder with `audit.json` and `pairs.csv`."""
        from classmark.report.audit import write_audit

        assert self.material is not None
        out = Path(path)
        write_json(out / "audit.json", self.to_json())
        return write_audit(out, self, self.material)

    def __rich__(self) -> Group:
        from classmark.report.audit import audit_table

        return audit_table(self)

    def __str__(self) -> str:
        return as_text(self)

    def __repr__(self) -> str:
        return f"<Audit of {self.name}>"


def shown_audit(audit: Audit, material: Material) -> ShownAudit:
    """The same audit with the rows that it is about."""
    return ShownAudit(**parts_of(audit, Audit), material=material)
