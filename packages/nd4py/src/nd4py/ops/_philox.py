"""Philox4x32-10 (Salmon et al., 2011): random words as a function of a key and a counter, here in NumPy.

This is the definition: every backend gives the same words for the same seed and counter.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = 0x9E3779B9, 0xBB67AE85
_LOW = np.uint64(0xFFFFFFFF)
_32 = np.uint64(32)
_ROUNDS = 10

# By whether the numbers are double: their type, and the weight of the last random bit.
_FORMATS: dict[bool, tuple[Any, float]] = {
    False: (np.float32, 2.0**-24),
    True: (np.float64, 2.0**-53),
}


def words(seed: int, counter: int, blocks: int) -> Array:
    """The four 32-bit words of ``blocks`` blocks from ``counter`` on, as uint32 [blocks, 4].

    The 64-bit seed is the key (low word, high word); the 64-bit block number is the low half of the counter.
    """
    index = np.arange(blocks, dtype=np.uint64) + np.uint64(counter & 0xFFFFFFFFFFFFFFFF)
    c0, c1 = index & _LOW, index >> _32
    c2 = np.zeros_like(index)
    c3 = np.zeros_like(index)
    k0, k1 = seed & 0xFFFFFFFF, seed >> 32 & 0xFFFFFFFF
    for _ in range(_ROUNDS):
        p0, p1 = c0 * _M0, c2 * _M1
        c0, c1, c2, c3 = (
            (p1 >> _32) ^ c1 ^ np.uint64(k0),
            p1 & _LOW,
            (p0 >> _32) ^ c3 ^ np.uint64(k1),
            p0 & _LOW,
        )
        k0, k1 = (k0 + _W0) & 0xFFFFFFFF, (k1 + _W1) & 0xFFFFFFFF
    return np.stack([c0, c1, c2, c3], 1).astype(np.uint32)


def bits(seed: int, counter: int, count: int, double: bool) -> Array:
    """``count`` random integers: 24 bits for float32, 53 bits (two words, the first one low) for float64."""
    if not double:
        return words(seed, counter, -(-count // 4)).reshape(-1)[:count] >> np.uint32(8)
    pairs = words(seed, counter, -(-count // 2)).reshape(-1, 2).astype(np.uint64)[:count]
    return (pairs[:, 0] | pairs[:, 1] << _32) >> np.uint64(11)


def uniform(seed: int, counter: int, count: int, double: bool) -> Array:
    """Uniform numbers of [0, 1)."""
    dtype, scale = _FORMATS[double]
    numbers: Array = bits(seed, counter, count, double).astype(dtype) * dtype(scale)
    return numbers


def normal(seed: int, counter: int, count: int, double: bool) -> Array:
    """Standard normal numbers: Box-Muller on neighbouring words, the first of which is never 0."""
    dtype, scale = _FORMATS[double]
    pairs = bits(seed, counter, count + count % 2, double).reshape(-1, 2)
    u1 = (pairs[:, 0] + pairs.dtype.type(1)).astype(dtype) * dtype(scale)
    u2 = pairs[:, 1].astype(dtype) * dtype(scale)
    radius = np.sqrt(dtype(-2) * np.log(u1))
    angle = dtype(2 * np.pi) * u2
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1).reshape(-1)[:count]


def blocks_used(count: int, double: bool) -> int:
    """By how much a stream's counter advances when ``count`` numbers are drawn."""
    return -(-count // 2) if double else -(-count // 4)
