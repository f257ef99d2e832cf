"""A thousand odd recipes and changes: each loads to a recipe that survives writing, or is refused in our own sentences.

Recipes are shipped ones with keys moved, doubled, renamed, and values swapped for odd words. What a word means to a key
is not taken from classmark: `meant` says it from Python's own reading of the word and a list of the keys' types.
"""

from __future__ import annotations

import copy
import math
import random
import re
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from classmark.errors import RecipeError
from classmark.recipes import dump_recipe, load_recipe, shipped_recipes
from classmark.recipes.schema import Recipe

RECIPES = 1_000
BASES = ("text-csv", "image-folder", "digits-quick", "tiny-imagenet-lite")
FOREIGN = ("input should", "type=", "for further information", "valid string", "pydantic", "yaml.", "expected <", "0x")
TEXTS = ("data.label_column", "data.text_column", "data.id_column", "data.group", "judge.positive", "description")
WHOLE = ("train.epochs", "train.batch_size", "train.patience", "input.vocabulary_size", "model.hidden_size", "seed")
NUMBERS = ("optimizer.learning_rate", "optimizer.weight_decay", "train.checkpoint_minutes", "loss.gamma")
TRUTHS = ("train.bucketed", "train.compile", "judge.baselines", "data.skip_unreadable")
CHANGED = (
    *TEXTS,
    *WHOLE,
    *NUMBERS,
    *TRUTHS,
    "data",
    "data.path",
    "x.y",
    "model.kind",
    "data.classes",
    "optimizer.betas",
)
OPTIONAL = ("data.id_column", "data.group", "judge.positive", "train.patience")
WORDS = (
    *("1", "7", "+7", "-1", "0", "010", "0x1F", "1_000", "1:30", "1e3", "2.0", "2.5", ".5", "5.", "1e-3", "1E-2", "1e999", "nan"),
    *(".inf", "-.Inf", "٤٢", "１", "true", "False", "YES", "off", "y", "null", "~", "Null", "none", "", "2020-01-01", "12:30:45"),
    *("=", "<<", "my data # v2.csv", "a: b", "a:b", "[", "]", "{", "}", "[a", "a]", "- a", "? a", "*a", "&a", "!a", "!!int 3"),
    *("`", "%", "|", ">", "'", '"', "'a'", '"a"', "it's", "\\x41", "\\", "a,b", "[a, b]", "{a: 1}", "é", "e\u0301", "😀", "@a"),
    *("\u200b", "\u2028", "\u00a0", "\ufeff", " a ", "\t", "x" * 300, "9" * 30, "-" * 80, "$HOME", "~/x", "a=b", "=b", "#"),
)  # fmt: skip
RAW = ("\0", "\x07", "\x1b[31m", "\t", "- ", "[" * 30, "{" * 30, "&a [*a]", "!!python/name:os.system", "'", '"', ": ", "---\n",
       "...\n", "? [a]\n: b\n", "<<: *b\n", "%YAML 9.9\n", "\ud800", "\x85", "\r", "\\\n")  # fmt: skip


def meant(key: str, word: str) -> tuple[bool, Any]:
    """Whether a change of the key to this word is taken, and as what; by Python's own reading of numbers."""
    text = word.strip()
    if text in ("", "null"):
        return (True, "") if key == "description" else (key in OPTIONAL, None)
    if key in TEXTS:
        return True, word
    if key in TRUTHS:
        value = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}.get(text.lower())
        return value is not None, value
    if not text.isascii() or re.search(r"^[+-]?0[0-9]|[^0-9.eE+-]", text):
        return False, None
    try:
        number = float(text)
    except ValueError:
        return False, None
    if key in NUMBERS:
        lowest = 0.0 if key in ("optimizer.weight_decay", "loss.gamma") else 1e-300
        highest = {"train.checkpoint_minutes": math.inf, "loss.gamma": 100.0}.get(key, 1_000.0)
        return math.isfinite(number) and lowest <= number <= highest, number
    largest = {"model.hidden_size": 100_000, "seed": 2**32 - 1}.get(key, 2**31 - 1)
    whole = math.isfinite(number) and number == int(number) and (number >= 1 or (key == "seed" and number >= 0))
    return whole and number <= largest, int(number) if whole else None


def value_of(recipe: Recipe, key: str) -> Any:
    value: Any = recipe
    for part in key.split("."):
        value = getattr(value, part)
    return value


def loaded(path: Path, changes: list[str]) -> Recipe | None:
    """The recipe, or None if it is refused in a text that is ours, short, and can be shown."""
    try:
        return load_recipe(str(path), changes)
    except RecipeError as error:
        check_refusal(error)
        return None


def check_refusal(error: RecipeError) -> None:
    """The text is ours, short, and can be shown."""
    text = str(error)
    lines = text.splitlines()
    assert all(line.isprintable() for line in text.split("\n")), text
    assert len(lines) <= 11
    assert max(map(len, lines)) < 700
    assert not any(word in text.lower().replace("0x1f", "") for word in FOREIGN), text


@pytest.mark.parametrize("key", [*TEXTS, *WHOLE, *NUMBERS, *TRUTHS])
def test_each_word_as_a_change_of_each_key(key: str, tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text("name: x\ndata: {source: table}\n")
    for word in WORDS:
        taken, value = meant(key, word)
        recipe = loaded(tmp_path / "r.yaml", [f"{key}={word}"])
        assert (recipe is not None) == taken, (key, word)
        if recipe is not None:
            found = value_of(recipe, key)
            assert (type(found), found) == (type(value), value), (key, word)


def odd_value(rng: random.Random, depth: int = 0) -> Any:
    """A word, a number, or a nest of them."""
    kind = rng.random()
    if kind < 0.6 or depth > 3:
        return rng.choice(WORDS)
    if kind < 0.75:
        return rng.choice([0, 1, -1, 2**31, 2**63, 10**40, 0.1, 1e308, True, None, math.inf, -math.inf, math.nan])
    if kind < 0.9:
        return [odd_value(rng, depth + 1) for _ in range(rng.randrange(4))]
    return {str(odd_value(rng, 4)): odd_value(rng, depth + 1) for _ in range(rng.randrange(3))}


def mutated(rng: random.Random, content: dict[str, Any]) -> dict[str, Any]:
    """Some sections of a recipe, with a few of their keys changed, renamed, moved or dropped."""
    content = {key: value for key, value in content.items() if key in ("name", "data") or rng.random() < 0.4}
    for _ in range(rng.choice([0, 1, 1, 2, 4])):
        holders = [content, *(value for value in content.values() if isinstance(value, dict))]
        holder = rng.choice(holders)
        if not holder:
            continue
        key = rng.choice(list(holder))
        match rng.randrange(7):
            case 0 | 1 | 2:
                holder[key] = odd_value(rng)
            case 3:
                holder[rng.choice([*WORDS, key + "s", key[:-1]])] = holder.pop(key)
            case 4:
                rng.choice(holders)[key] = holder[key]
            case _:
                del holder[rng.choice(list(holder))]
    return content


def written(rng: random.Random, content: dict[str, Any]) -> str:
    """Its YAML, now and then with characters put in that break it."""
    text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False, default_flow_style=rng.choice([False, None]))
    for _ in range(rng.choice([0, 0, 0, 0, 1, 2])):
        at = rng.randrange(len(text) + 1)
        text = text[:at] + rng.choice([*RAW, rng.choice(WORDS)]) + text[at + rng.choice([0, 0, 1, 5]) :]
    return text


def test_random_recipes(tmp_path: Path) -> None:
    contents = [yaml.safe_load(shipped_recipes()[name].read_text(encoding="utf-8")) for name in BASES]
    path, survivors, slowest = tmp_path / "r.yaml", 0, 0.0
    for seed in range(RECIPES):
        rng = random.Random(seed)
        text = written(rng, mutated(rng, copy.deepcopy(rng.choice(contents))))
        path.write_bytes(text.encode("utf-8", errors="surrogatepass"))
        changes = [f"{key}={rng.choice(WORDS)}" for key in rng.sample(CHANGED, rng.choice([0, 0, 0, 1, 2]))]
        start = time.perf_counter()
        recipe = loaded(path, changes + [rng.choice(WORDS)] * (rng.random() < 0.05))
        slowest = max(slowest, time.perf_counter() - start)
        if recipe is not None:
            survivors += 1
            path.write_text(dump_recipe(recipe), encoding="utf-8")
            assert load_recipe(str(path)) == recipe, seed
    assert 50 < survivors < RECIPES - 50
    assert slowest < 20  # seconds; on a quiet machine none takes one
