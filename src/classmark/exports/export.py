"""What a run can be exported to, and where it is written: whole, or not at all."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from classmark.errors import InputError, nearest
from classmark.report.model_card import UNKNOWN_LICENSE, CardWords, model_card
from classmark.runs import RunFiles
from classmark.system.files import new_folder, write_text
from classmark.system.packages import load_package
from classmark.system.progress import shown_wait

EXPORTS = ("onnx", "huggingface", "card")
PRECISIONS = ("int8",)


@dataclass(frozen=True)
class ExportOptions:
    """What is asked for.

    Attributes:
        to: one of `EXPORTS`.
        out: the folder, or of a card the file; without it, one in `exports/`.
        quantise: `int8`, for onnx; None for 32 bits.
        license, language: for the model card.
    """

    to: str = "onnx"
    out: Path | None = None
    quantise: str | None = None
    license: str = UNKNOWN_LICENSE
    language: tuple[str, ...] = ()


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes:
        path: the folder or file.
        to: what for.
        about: the content of its `classmark.json`; empty for a card.
        notes: what a user must know, in sentences.
    """

    path: Path
    to: str
    about: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {"path": str(self.path), "to": self.to, "notes": list(self.notes), **self.about}


def export_run(run: RunFiles, options: ExportOptions) -> Exported:
    """Write a finished run for other programs.

    Raises:
        ClassmarkError: the run, its data or its kind of model cannot be used.
        AgreementError: what was written did not say what the run says; it was removed.
    """
    _check(options)
    ending = ".md" if options.to == "card" else ""
    out = options.out or Path("exports") / f"{run.name}-{options.to}{ending}"
    _check_unused(out)
    words = CardWords(license=options.license, language=options.language)
    if options.to == "card":
        write_text(out, model_card(run, words))
        return Exported(out, options.to)
    if options.to == "onnx":  # before torch is loaded, which takes seconds
        for package in ("onnx", "onnxruntime"):
            load_package(package, "onnx", "Export")
    # These load torch, which a card can do without.
    with shown_wait("exporting, and checking all test rows"), new_folder(out) as folder:
        if options.to == "huggingface":
            from classmark.exports.huggingface import write_huggingface

            about, notes = write_huggingface(run, folder, words)
        else:
            from classmark.exports.onnx_folder import write_onnx

            about, notes = write_onnx(run, folder, words, options.quantise)
    return Exported(out, options.to, about, tuple(notes))


def _check(options: ExportOptions) -> None:
    if options.to not in EXPORTS:
        raise InputError(
            f'"{options.to}" is none of {", ".join(EXPORTS)}.{nearest(options.to, EXPORTS)}', argument="to"
        )
    if options.quantise is not None and options.quantise not in PRECISIONS:
        raise InputError(f'"{options.quantise}" is not known.', "There is int8.", argument="quantise")
    if options.quantise is not None and options.to != "onnx":
        raise InputError(f"it goes with onnx, not with {options.to}.", argument="quantise")


def _check_unused(out: Path) -> None:
    """Refuse to write over what is there."""
    if out.is_dir() and not any(out.iterdir()):
        return
    if out.exists() or out.is_symlink():
        raise InputError(f"{out} exists already.", "Name a new place, or remove it.", argument="out")
