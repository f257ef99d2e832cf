"""Files that several tests make."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path


def make_tar(
    path: Path, content: Mapping[str, bytes], mode: str = "w:gz", extra: tarfile.TarInfo | None = None
) -> Path:
    """A tar with these files (name → content), and behind them a member without content."""
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]
        for name, data in content.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
        if extra is not None:
            tar.addfile(extra)
    return path
