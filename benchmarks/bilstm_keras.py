"""Tokens per second of the reference model in Keras 3 on the backend that KERAS_BACKEND names; exit code 3 without Keras."""

from __future__ import annotations

import sys
import time

import numpy as np

try:
    import keras
    from keras import layers
except ImportError:
    sys.exit(3)

VOCABULARY, WIDTH, HIDDEN = 25_002, 100, 256


def main(path: str) -> None:
    stored = np.load(path)
    count = len(stored.files) // 2
    batches = [(stored[f"{i}.t"].T.astype("int32"), stored[f"{i}.l"]) for i in range(count)]
    words = keras.Input((None,), dtype="int32")
    states = layers.Embedding(VOCABULARY, WIDTH)(words)
    states = layers.Dropout(0.5)(states)
    states = layers.Bidirectional(layers.LSTM(HIDDEN, return_sequences=True))(states)
    states = layers.Dropout(0.5)(states)
    states = layers.Bidirectional(layers.LSTM(HIDDEN))(states)
    model = keras.Model(words, layers.Dense(1)(layers.Dropout(0.5)(states)))
    model.compile("adam", keras.losses.BinaryCrossentropy(from_logits=True))
    labels = (np.arange(len(batches[0][0])) % 2).astype("float32")[:, None]
    for tokens, _ in batches:  # each shape is compiled before the clock starts
        model.train_on_batch(tokens, labels)
    start = time.perf_counter()
    for tokens, _ in batches:
        model.train_on_batch(tokens, labels)
    seconds = time.perf_counter() - start
    print(sum(int(lengths.sum()) for _, lengths in batches) / seconds)


main(sys.argv[1])
