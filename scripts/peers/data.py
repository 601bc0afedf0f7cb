"""The counter-based hash of tests/support/peers.rs, so that every engine works on the same numbers."""
import numpy as np


def uniform(seed, n):
    """`n` numbers in [-1, 1)."""
    with np.errstate(over="ignore"):
        x = np.arange(n, dtype=np.uint32) * np.uint32(2654435761) + np.uint32(seed * 40503 + 12345)
        for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
            x ^= x >> np.uint32(shift)
            x *= np.uint32(factor)
        x ^= x >> np.uint32(16)
    return (x >> np.uint32(8)).astype(np.float32) * np.float32(2 / 2**24) - np.float32(1)


def data(seed, shape, scale):
    return (uniform(seed, int(np.prod(shape))) * np.float32(scale)).reshape(shape)


def labels(seed, n, classes):
    return ((uniform(seed, n) + np.float32(1)) * np.float32(0.5 * classes)).astype(np.int64) % classes
