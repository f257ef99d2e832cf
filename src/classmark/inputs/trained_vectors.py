"""Word vectors trained on one's own texts: how much more often words stand near each other than chance would have it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.utils.extmath import randomized_svd
from threadpoolctl import threadpool_limits

from classmark.inputs.tokens import PADDING, UNKNOWN, Tokens
from classmark.inputs.vectors import Vectors

WINDOW = 10
# Levy, Goldberg & Dagan 2015, section 3.1.3: rare contexts would else be told from chance too easily.
CONTEXT_POWER = 0.75
POWER_ITERATIONS = 3
# The deviation of GloVe's numbers, about.
DEVIATION = 0.5
PART_TOKENS = 2_000_000


def train_vectors(texts: Sequence[Tokens], words: int, width: int, seed: int) -> Vectors:
    """A vector for each word that stands beside others.

    The positive pointwise mutual information of words at most ten tokens apart, a pair at distance d counted 1/d times, and
    of that matrix the `width` largest singular vectors, each scaled by the root of its singular value. `<unk>` counts as no
    word, and keeps distance.

    Args:
        texts: sets of texts as token ids.
        words: V, with `<unk>` and `<pad>`.
        width: D, of the vectors; fewer than V.
        seed: fixes the directions that the singular vectors are looked for in.

    Returns:
        `matrix` is zero where a word is not found.

    Source: Levy & Goldberg 2014, "Neural word embedding as implicit matrix factorization"; Levy, Goldberg & Dagan 2015,
    "Improving distributional similarity"; the singular vectors by Halko, Martinsson & Tropp 2011.
    """
    information = mutual_information(near_counts(texts, words))
    # Several threads of LAPACK would add up in another order.
    with threadpool_limits(1):
        left, values, _ = randomized_svd(information, width, n_iter=POWER_ITERATIONS, random_state=seed)
    vectors = (left * np.sqrt(values)).astype(np.float32)
    found = np.asarray(information.getnnz(axis=1)) > 0
    vectors[~found] = 0.0
    deviation = float(np.sqrt(np.mean(np.square(vectors[found])))) if found.any() else 0.0
    return Vectors(vectors * np.float32(DEVIATION / deviation) if deviation else vectors, found)


def near_counts(texts: Sequence[Tokens], words: int) -> sp.csr_matrix:
    """How often two words stand near each other, shape (V, V), symmetric: 1/d for each time at distance d ≤ 10."""
    counts = sp.csr_matrix((words, words), dtype=np.float32)
    for ids, text in _parts(texts):
        for distance in range(1, WINDOW + 1):
            first, second = ids[:-distance], ids[distance:]
            near = text[:-distance] == text[distance:]
            for special in (UNKNOWN, PADDING):
                near &= (first != special) & (second != special)
            weights = np.full(int(near.sum()), 1 / distance, dtype=np.float32)
            counts = counts + sp.coo_matrix((weights, (first[near], second[near])), shape=(words, words)).tocsr()
    return (counts + counts.T).tocsr()


def mutual_information(counts: sp.csr_matrix) -> sp.csr_matrix:
    """max(0, log p(w, c) / (p(w) p(c)^α)) of a matrix of counts, zeros left out; α is 0.75, and those powers add up to one.

    Source: Levy, Goldberg & Dagan 2015, equations 2 and 3.
    """
    pairs = counts.tocoo()
    word = np.asarray(counts.sum(axis=1), dtype=np.float64).ravel()
    context = np.power(np.asarray(counts.sum(axis=0), dtype=np.float64).ravel(), CONTEXT_POWER)
    context /= max(context.sum(), np.finfo(np.float64).tiny)
    information = np.log(pairs.data.astype(np.float64) / (word[pairs.row] * context[pairs.col]))
    positive = information > 0
    places = (pairs.row[positive], pairs.col[positive])
    return sp.csr_matrix((information[positive].astype(np.float32), places), shape=counts.shape)


def _parts(texts: Sequence[Tokens]) -> Iterator[tuple[NDArray[np.int32], NDArray[np.int32]]]:
    """Whole texts of about two million tokens: the ids, and the number of the text of each."""
    for tokens in texts:
        text = np.repeat(np.arange(len(tokens), dtype=np.int32), tokens.lengths)
        starts = np.searchsorted(tokens.offsets, np.arange(0, max(1, len(tokens.ids)), PART_TOKENS))
        for first, last in zip(starts, (*starts[1:], len(tokens)), strict=True):
            part = slice(int(tokens.offsets[first]), int(tokens.offsets[last]))
            yield tokens.ids[part], text[part]
