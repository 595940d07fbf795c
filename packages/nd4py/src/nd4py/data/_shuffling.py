"""The order of rows after ``DataSet.shuffle(seed)``."""

from __future__ import annotations

import numpy as np

from .._java_random import JavaRandom

__all__ = ["shuffle_order"]


def shuffle_order(count: int, seed: int) -> np.ndarray:
    """``order[i]`` is the old row of the new row ``i``, as Deeplearning4j shuffles with this seed.

    The original only exchanges even rows with odd ones, so this is no uniform shuffle.
    """
    order = np.arange(count)
    if count < 2:
        return order
    random = JavaRandom(seed)
    partners = list(range(1, count, 2))
    random.shuffle(partners)
    swaps = [-1] * count
    swaps[: 2 * len(partners) : 2] = partners
    if count % 2:
        even = 2 * random.next_int(count // 2)
        swaps[even], swaps[-1] = swaps[-1], swaps[even]
    for row, other in enumerate(swaps):
        if other >= 0:
            order[row], order[other] = order[other], order[row]
    return order
