"""Random folders and zips of images, each with what a reader of its names would say: the split and the class of each image."""

from __future__ import annotations

import io
import os
import zipfile
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image

CLASSES = [
    "cat",
    "dog",
    "Emu",
    "猫",
    "cafe\u0301",
    "caf\u00e9",
    "a b",
    "test_tube",
    "dev_board",
    "[b]",
    "100%",
    "x" * 120,
    "train",
    "new\nline",
]
TRAIN = ["train", "Training", "train_images", "seg_train", "train2017", "TrainImages", "training_set", "data-train"]
VALIDATION = ["val", "valid", "Validation", "dev", "val2017", "images_val", "valset"]
TEST = ["test", "Testing", "test_set", "seg_test", "test images", "test1"]
UNLABELLED = ["pred", "seg_pred", "unlabeled", "unsup"]
WRAPPINGS = ["photos", "my data set", "archive-master", "Ünicode", "images"]
NOISE = [
    ".DS_Store",
    "._i.png",
    "Thumbs.db",
    "__MACOSX/a.png",
    ".git/b.png",
    "notes.txt",
    "LICENSE",
    "labels.csv",
    "photo.heic.txt",
]
LOOSE = [
    "i{}.png",
    "I{}.PNG",
    "photo {}.jpg",
    "é{}.jpeg",
    "{}",
    "new\nline{}.png",
    "{}" + "y" * 200 + ".gif",
    "a.b.{}.webp",
]


@dataclass
class Tree:
    """Files by name; `truth` says for each that is a readable image (split, class), as far as it has one."""

    kind: str
    files: dict[str, bytes] = field(default_factory=dict)
    truth: dict[str, tuple[str, str]] = field(default_factory=dict)
    bad: set[str] = field(default_factory=set)
    wrapping: str = ""


@cache
def pictures() -> list[bytes]:
    """Different images of 2 × 2 pixels; the content counts, not the ending."""
    generator = np.random.default_rng(0)
    found = []
    for kind in ("PNG", "BMP", "GIF", "TIFF") * 100:
        stream = io.BytesIO()
        Image.fromarray(generator.integers(0, 256, (2, 2, 3), dtype=np.uint8)).save(stream, kind)
        found.append(stream.getvalue())
    return found


def draw_tree(seed: int) -> Tree:
    """A tree of one of the kinds that people have, with oddities."""
    random = Random(seed)
    kind = random.choice(
        ["classes"] * 4 + ["splits"] * 4 + ["folds", "reversed", "flat", "one class", "nothing", "stray"]
    )
    tree = Tree(kind)
    classes = random.sample(CLASSES, 1 if kind == "one class" else random.randint(2, 3))
    parts = _parts(random, kind)
    for split, start in parts:
        for name in classes:
            place = {"reversed": f"{name}/{start}", "flat": start}.get(kind, f"{start}{name}/")
            if kind != "nothing" and split != "unlabelled":
                _fill(tree, random, place, split, name, deep=random.random() < 0.1)
        if split == "unlabelled":
            tree.files |= {f"{start}{number}.png": random.choice(pictures()) for number in range(3)}
    if kind == "stray":
        tree.files["cover.png"] = pictures()[0]
        tree.bad.add("cover.png")
    for name in random.sample(NOISE, random.randint(0, 4)):
        tree.files[random.choice(["", f"{classes[0]}/" if kind == "classes" else ""]) + name] = b"x"
    tree.wrapping = "".join(f"{name}/" for name in random.sample(WRAPPINGS, random.choice([0, 0, 1, 2])))
    return tree


def _parts(random: Random, kind: str) -> list[tuple[str, str]]:
    if kind == "folds":
        return [("train", f"fold{number}/") for number in range(1, 4)]
    if kind not in ("splits", "reversed", "flat"):
        return [("train", "")]
    names = [("train", random.choice(TRAIN))]
    names += [("validation", random.choice(VALIDATION))] if random.random() < 0.5 else []
    names += [("test", random.choice(TEST))] if random.random() < 0.7 else []
    names += [("unlabelled", random.choice(UNLABELLED))] if random.random() < 0.2 else []
    twice = random.random() < 0.2
    return [(split, f"{name}/{name}/" if twice else f"{name}/") for split, name in names]


def _fill(tree: Tree, random: Random, place: str, split: str, name: str, deep: bool) -> None:
    pattern = random.choice(LOOSE)
    for number in range(random.randint(4, 7)):
        inner = f"deep{name[:3]}/" if deep and number % 2 else ""
        file = f"{place}{inner}{pattern.format(f'{name[:3]}{number}' if tree.kind == 'flat' else number)}"
        content = random.choice(pictures())
        if random.random() < 0.01:
            content = random.choice([b"", b"text", content[: len(content) // 2]])
            tree.bad.add(file)
        tree.files[file] = content
        if file not in tree.bad:
            tree.truth[file] = (split, name)


def write_folder(tree: Tree, place: Path, random: Random) -> Path:
    """The tree as a folder, sometimes with links in it."""
    for name, content in tree.files.items():
        path = place / tree.wrapping / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    root = place / tree.wrapping
    root.mkdir(parents=True, exist_ok=True)
    inner = sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith((".", "__")))
    match random.randrange(12):
        case 0 if inner:
            (inner[0] / "round").symlink_to(root)
        case 1 if inner:
            (inner[0] / "gone.png").symlink_to(root / "nowhere")
            tree.bad.add(f"{inner[0].name}/gone.png")
        case 2 if inner:
            os.mkfifo(inner[0] / "pipe")
        case 3 if inner:
            (inner[0] / "folder.png").mkdir()
    return place


ZIPS = ["plain"] * 6 + [
    "backslashes",
    "dots",
    "twice",
    "folders",
    "up",
    "absolute",
    "encrypted",
    "nested",
    "cut",
    "link",
    "unmarked",
]


def write_zip(tree: Tree, place: Path, random: Random) -> Path:
    """The tree as a zip, sometimes an odd one."""
    way = random.choice(ZIPS)
    tree.kind = f"{tree.kind}, {way}"
    names = {name: f"{'./' if way == 'dots' else ''}{tree.wrapping}{name}" for name in tree.files}
    with zipfile.ZipFile(place, "w") as archive:
        for name, written in names.items():
            if way == "twice" and random.random() < 0.2:
                archive.filelist.append(archive.filelist[-1]) if archive.filelist else None
            member = zipfile.ZipInfo(written.replace("/", "\\") if way == "backslashes" else written)
            archive.writestr(member, tree.files[name])
        match way:
            case "folders":
                archive.writestr(zipfile.ZipInfo(f"{tree.wrapping}empty/"), b"")
            case "up" | "absolute":
                archive.writestr("../up.png" if way == "up" else "/up.png", b"x")
            case "nested":
                archive.writestr(f"{tree.wrapping}inner.zip", b"PK\x05\x06" + bytes(18))
            case "link":
                member = zipfile.ZipInfo(f"{tree.wrapping}link.png")
                member.external_attr = 0o120777 << 16
                archive.writestr(member, "cat")
                tree.bad.add("link.png")
    content = place.read_bytes()
    if way == "cut":
        place.write_bytes(content[: random.randrange(len(content))])
    if way == "encrypted":
        place.write_bytes(_with_flag(content, 0x1, on=True))
    if way == "unmarked":
        place.write_bytes(_with_flag(content, 0x800, on=False))
    return place


def _with_flag(content: bytes, flag: int, on: bool) -> bytes:
    """The zip with a flag set or taken away in each entry of its directory, and in each header before a file."""
    changed = bytearray(content)
    for mark, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        start = content.find(mark)
        while start >= 0:
            flags = int.from_bytes(changed[start + offset : start + offset + 2], "little")
            flags = flags | flag if on else flags & ~flag
            changed[start + offset : start + offset + 2] = flags.to_bytes(2, "little")
            start = content.find(mark, start + 4)
    return bytes(changed)
