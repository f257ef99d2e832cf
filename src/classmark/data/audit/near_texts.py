"""Nearly equal texts: MinHash finds candidates, and the Jaccard similarity of each candidate pair is then exact.

The hashes are vectorised here because that takes thirty lines and seconds: of 37,500 reviews in 1.4 s, for which
`datasketch` takes half a minute without the splitting into words. The tests compare both.

Source: Broder 1997, "On the resemblance and containment of documents"; bands of hashes as in Leskovec, Rajaraman and
Ullman, "Mining of Massive Datasets", section 3.4.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray

from classmark.data.audit.buckets import NearPairs, bucket_pairs
from classmark.system.machine import cores

SHINGLE_WORDS = 3
HASHES = 128
RECALL = 0.99
WINDOW = 64
CHUNK_TEXTS = 1_024
SEED = 20_240_229
# Scripts that put no space between words: there every character is a word.
UNSPACED = r"([\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}])"

Hashes = NDArray[np.uint64]
Integers = NDArray[np.int64]


def near_texts(keys: pl.Series, threshold: float) -> NearPairs:
    """The pairs of texts whose sets of three-word sequences have a Jaccard similarity of `threshold` or more.

    A pair at the threshold is found with a probability of 99 % or more, one above it with a higher one; what is found
    is exact. Of texts that are alike by the hundreds not all pairs are compared (see `bucket_pairs`).

    Args:
        keys: normalised texts (`text_keys`), each another one.
        threshold: above 0, at most 1.
    """
    rows = rows_of_band(threshold)
    bands = _band_keys(keys, rows)
    found = np.empty((0, 2), np.int64)
    for band in range(bands.shape[1]):
        pairs = [np.stack(pair, axis=1) for pair in bucket_pairs(bands[:, band], WINDOW)]
        found = np.unique(np.concatenate([found, *pairs]), axis=0)
    similarity = _jaccard(keys, found)
    kept = similarity >= threshold
    return NearPairs(found[kept, 0], found[kept, 1], similarity[kept])


def rows_of_band(threshold: float) -> int:
    """How many hashes must agree in one of the bands: as many as leave 99 % of the pairs at the threshold to be found.

    Of similarity s, a pair agrees in one of b bands of r hashes with probability 1 − (1 − sʳ)ᵇ.
    """
    found = [rows for rows in range(1, HASHES + 1) if recall(threshold, rows) >= RECALL]
    return max(found, default=1)


def recall(similarity: float, rows: int) -> float:
    """The probability that a pair of this similarity becomes a candidate."""
    return 1.0 - (1.0 - similarity**rows) ** (HASHES // rows)


def shingle_hashes(keys: pl.Series) -> tuple[Hashes, Integers]:
    """Hashes of each text's sequences of three words (of a shorter text, of all its words), and where each text's begin.

    Returns:
        The hashes of all N texts, one behind the other, and N + 1 places.
    """
    spaced = keys.str.replace_all(UNSPACED, " ${1} ").str.replace_all(" +", " ").str.strip_chars(" ")
    words = spaced.str.split(" ")
    lengths = words.list.len().to_numpy().astype(np.int64)
    single = words.explode().hash(seed=SEED).to_numpy()
    place = _places(lengths)
    length = np.repeat(lengths, lengths)
    hashes = _mixed(single)
    for distance in range(1, SHINGLE_WORDS):
        inside = np.flatnonzero(place + distance < length)
        hashes[inside] = _mixed(hashes[inside] + single[inside + distance])
    counts = np.maximum(lengths - SHINGLE_WORDS + 1, 1)
    return hashes[place < np.repeat(counts, lengths)], _starts(counts)


def minhashes(hashes: Hashes, starts: Integers) -> Hashes:
    """The least value of each of 128 random functions over each text's hashes, shape (128, N).

    The functions are a·x + b modulo 2⁶⁴ with odd a; their values agree with the probability of the Jaccard similarity.
    """
    generator = np.random.default_rng(SEED)
    factors = generator.integers(0, 2**63, HASHES, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    offsets = generator.integers(0, 2**64, HASHES, dtype=np.uint64)
    least = np.empty((HASHES, len(starts) - 1), np.uint64)
    values = np.empty_like(hashes)
    for row, (factor, offset) in enumerate(zip(factors, offsets, strict=True)):
        np.multiply(hashes, factor, out=values)
        np.add(values, offset, out=values)
        np.minimum.reduceat(values, starts[:-1], out=least[row])
    return least


def _band_keys(keys: pl.Series, rows: int) -> Hashes:
    """One key a text and band, shape (N, HASHES // rows); the texts are worked through in parts, by all cores."""
    bands = HASHES // rows
    result = np.empty((len(keys), bands), np.uint64)

    def fill(first: int) -> None:
        least = minhashes(*shingle_hashes(keys[first : first + CHUNK_TEXTS]))
        for band in range(bands):
            key = least[band * rows]
            for row in range(band * rows + 1, (band + 1) * rows):
                key = _mixed(key + least[row])
            result[first : first + CHUNK_TEXTS, band] = key

    with ThreadPoolExecutor(cores()) as threads:
        list(threads.map(fill, range(0, len(keys), CHUNK_TEXTS)))
    return result


def _jaccard(keys: pl.Series, pairs: Integers) -> NDArray[np.float64]:
    """The Jaccard similarity of the texts' sets of shingles, for pairs of shape (P, 2)."""
    rows, place = np.unique(pairs, return_inverse=True)
    if not len(rows):
        return np.empty(0)
    hashes, starts = shingle_hashes(keys[rows])
    sets = [np.unique(hashes[start:end]) for start, end in pairwise(starts)]
    similarity = np.empty(len(pairs))
    for row, (a, b) in enumerate(place.reshape(-1, 2)):
        shared = len(np.intersect1d(sets[a], sets[b], assume_unique=True))
        similarity[row] = shared / (len(sets[a]) + len(sets[b]) - shared)
    return similarity


def _starts(counts: Integers) -> Integers:
    return np.concatenate([[0], np.cumsum(counts)])


def _places(lengths: Integers) -> Integers:
    """0, 1, 2, … within each of the stretches of these lengths."""
    return np.arange(lengths.sum()) - np.repeat(_starts(lengths)[:-1], lengths)


def _mixed(values: Hashes) -> Hashes:
    """The finaliser of SplitMix64 (Steele, Lea and Flood 2014): every bit depends on every bit."""
    mixed: Hashes = values ^ (values >> np.uint64(30))
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    mixed *= np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return mixed
