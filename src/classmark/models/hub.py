"""Files of a model on the Hugging Face hub, fetched into the cache folder: a user asks for them by name, and is told."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

from classmark.errors import RecipeError
from classmark.system.cache import cache_folder
from classmark.system.packages import load_package

NAME = re.compile(r"[\w.-]+(/[\w.-]+)?")
COMMIT = re.compile(r"[0-9a-f]{40}")
# Only what is read; weights that could hold code are never fetched.
NEEDED = ("config.json", "tokenizer.json")
SHARD = re.compile(r"model-\d+-of-\d+\.safetensors|model\.safetensors\.index\.json")


def commit_of(name: str, revision: str | None) -> str:
    """The commit that a revision of a model on the hub is now.

    Raises:
        MissingExtraError: the package `huggingface_hub` is not installed.
        RecipeError: there is no such model or revision, or the hub cannot be reached.
    """
    if revision is not None and COMMIT.fullmatch(revision):
        return revision
    return str(_information(name, revision).sha)


def fetched_folder(name: str, revision: str | None) -> Path:
    """The folder with the files of a model on the hub; fetched, which is announced, unless they are in the cache.

    Args:
        name: `owner/name` or `name`.
        revision: a full commit, which needs no network once its files are in the cache; or a branch or tag.

    Raises:
        MissingExtraError: the package `huggingface_hub` is not installed.
        RecipeError: there is no such model or revision, it has no files that can be read, or the hub cannot be reached.
    """
    commit = commit_of(name, revision)
    folder = cache_folder() / "encoders" / f"{name.replace('/', '--')}-{commit}"
    if (folder / "complete").exists():
        return folder
    files = [file.rfilename for file in _information(name, commit).siblings or ()]
    weights = (
        ["model.safetensors"] if "model.safetensors" in files else [file for file in files if SHARD.fullmatch(file)]
    )
    if not weights:
        raise RecipeError(
            f"model.weights: {name} has no weights as .safetensors on the hub; others are not read, since loading them can "
            "run code. Take another model."
        )
    print(f"weights  fetching {name} at {commit[:12]} from the Hugging Face hub", file=sys.stderr)
    hub = _hub()
    try:
        for file in [each for each in NEEDED if each in files] + weights:
            hub.hf_hub_download(name, file, revision=commit, local_dir=folder, endpoint=_endpoint())
    except Exception as error:  # whatever the network, the hub's client or the disk raises
        raise _refusal(name, commit, error) from None
    (folder / "complete").touch()
    return folder


def _information(name: str, revision: str | None) -> Any:
    if not NAME.fullmatch(name):
        raise RecipeError(
            f'model.weights: "{name}" is neither a folder nor the name of a model on the Hugging Face hub. Check the path.'
        )
    hub = _hub()
    try:
        return hub.HfApi(_endpoint()).model_info(name, revision=revision, timeout=20)
    except Exception as error:  # its own kinds, and those of the network
        raise _refusal(name, revision, error) from None


def _hub() -> Any:
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    return load_package("huggingface_hub", "encoders", "model.weights: a name on the hub")


def _endpoint() -> str | None:
    """Where the hub is, if it is not the usual place: a mirror of a company."""
    return os.environ.get("HF_ENDPOINT")


def _refusal(name: str, revision: str | None, error: Exception) -> RecipeError:
    what = name if revision is None else f"{name} at {revision}"
    reasons = {
        "RevisionNotFoundError": "there is no such revision",
        "RepositoryNotFoundError": "there is no such folder here, and no such public model there",
        "GatedRepoError": "its owner has to grant access first",
    }
    if (known := reasons.get(type(error).__name__)) is not None:
        return RecipeError(
            f"model.weights: {what} cannot be fetched from the Hugging Face hub: {known}. Check the name."
        )
    return RecipeError(
        f"model.weights: {what} is no folder here, and the Hugging Face hub cannot be reached. Check the name and the network, "
        "or copy the model into a folder and name that."
    )
