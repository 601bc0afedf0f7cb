"""Inputs of the fixture cases: numbers that do not repeat and stay away from kinks."""
import torch


def mixed(*shape, seed=0):
    """Absolute values 0.2 to 1.2, every third negative."""
    x = positive(*shape, seed=seed)
    sign = torch.tensor([-1.0 if (i + seed) % 3 == 0 else 1.0 for i in range(x.numel())], dtype=torch.float64)
    return x * sign.reshape(x.shape)


def positive(*shape, seed=0):
    """Numbers 0.2 to 1.2."""
    n = 1
    for length in shape:
        n *= length
    count = torch.arange(1, n + 1, dtype=torch.float64) + 1000 * seed
    return (0.2 + torch.frac(count * 0.754877666246693)).reshape(shape)
