"""Rows that repeat a key."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa


def find_repeated(columns: Sequence[pa.ChunkedArray]) -> tuple[int, int, int] | None:
    """The first two rows (from 0) with the same texts in all columns, and how many further rows repeat one.

    The texts are numbered and the numbers packed into one integer for each row: a tenth of the memory of a grouping.
    """
    packed = np.zeros(len(columns[0]), np.int64)
    size = 1
    for column in columns:
        coded = column.combine_chunks().dictionary_encode()
        texts = len(coded.dictionary) + 1  # one for null
        if size * texts >= 2**62:
            known, packed = np.unique(packed, return_inverse=True)
            size = len(known)
        numbers = coded.indices.fill_null(texts - 1).to_numpy(zero_copy_only=False)
        packed = packed * texts + numbers
        size *= texts
    order = np.argsort(packed, kind="stable")
    repeats = np.flatnonzero(packed[order][1:] == packed[order][:-1])
    if not len(repeats):
        return None
    place = repeats[np.argmin(order[repeats + 1])]
    return int(order[place]), int(order[place + 1]), len(repeats) - 1
