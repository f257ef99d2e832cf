"""What is odd about the rows themselves, before anything is trained on them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from classmark.api.arguments import check_path

if TYPE_CHECKING:
    from classmark.shown.audit import ShownAudit


def audit(
    *inputs: str | Path,
    text: str = "text",
    image: str = "image",
    label: str = "label",
    id: str | None = None,  # noqa: A002 - the name of the option
    image_folder: str | Path | None = None,
    image_ending: str | None = None,
    quoting: Literal["auto", "none"] = "auto",
    jaccard: float = 0.6,
) -> ShownAudit:
    """The audit of a data set: duplicates, leaks into the test, label conflicts, odd rows.

    Args:
        inputs: a recipe and changes to it, such as `data.path=…`; or a table, image folder or zip, and a second one for the
            test.
        text: column of a table.
        image: column of a table, with paths.
        label: column of a table.
        id: column of a table.
        image_folder: where the paths of a table count from; without it, the folder of the table.
        image_ending: what is added to paths without an image's ending.
        quoting: `none` if quotes in a CSV or TSV are ordinary characters.
        jaccard: texts are near duplicates from this similarity on, 0.3 to 1.

    Raises:
        ClassmarkError: there is no such recipe or file, or it cannot be read.
    """
    from classmark.data.audit.audit import audit as audit_rows
    from classmark.data.audit.audited import audited_rows
    from classmark.recipes.kinds import Span
    from classmark.recipes.values import read_argument
    from classmark.shown.audit import shown_audit

    for one in inputs:
        check_path("inputs", one)
    similarity = read_argument("jaccard", jaccard, float, Span(0.3, 1.0))
    columns = {"text": text, "image": image, "label": label}
    keys = {f"{name}_column": read_argument(name, column, str) for name, column in columns.items()}
    keys |= {"id_column": read_argument("id", id, str | None)}
    keys |= {"image_folder": None if image_folder is None else str(image_folder)}
    keys |= {"image_ending": read_argument("image_ending", image_ending, str | None)}
    keys |= {"quoting": read_argument("quoting", quoting, Literal["auto", "none"])}
    material = audited_rows([str(one) for one in inputs], keys)
    return shown_audit(audit_rows(material, similarity), material)
