"""Packages that not everyone needs: the code of some, and the files of others, read without running any of theirs."""

from __future__ import annotations

import importlib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from types import ModuleType

from classmark.errors import InputError, MissingExtraError


def package_file(package: str, name: str, extra: str, purpose: str) -> Path:
    """The path of a file of an installed package, found by its name without importing anything.

    Args:
        package: as it is installed.
        name: of the file, whatever folder it is in.
        extra: of classmark, which installs the package.
        purpose: what needs it, for the message.

    Raises:
        MissingExtraError: the package is not installed.
        InputError: it has no such file.
    """
    try:
        files = distribution(package).files or ()
    except PackageNotFoundError:
        raise MissingExtraError(package, extra, purpose) from None
    for file in files:
        if file.name == name and (path := Path(str(file.locate()))).is_file():
            return path
    raise InputError(
        f"the package {package} has no file {name}. Install it anew: pip install --force-reinstall {package}"
    )


def load_package(package: str, extra: str, purpose: str) -> ModuleType:
    """An installed package, imported.

    Args:
        package: as it is imported.
        extra: of classmark, which installs it.
        purpose: what needs it, for the message.

    Raises:
        MissingExtraError: it, or a package that it needs, is not installed.
    """
    try:
        return importlib.import_module(package)
    except ModuleNotFoundError as error:
        raise MissingExtraError(str(error.name), extra, purpose) from None
