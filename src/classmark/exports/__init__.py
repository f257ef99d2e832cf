"""A run in other programs' hands: a folder for onnxruntime, a folder for transformers or timm, a model card."""

from classmark.exports.export import EXPORTS, Exported, ExportOptions, export_run

__all__ = ["EXPORTS", "ExportOptions", "Exported", "export_run"]
