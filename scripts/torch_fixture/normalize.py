"""Normalisations, with and without what scales and shifts."""
import torch
from inputs import mixed, positive
from torch.nn import functional as F


def with_rows(x, *rows):
    return [mixed(*x), *(mixed(*row, seed=seed + 1) for seed, row in enumerate(rows))]


def batch(**names):
    """The inputs after x by the names of their places."""
    def function(x):
        return F.batch_norm(x[0], None, None, training=True, eps=0.1, **{name: x[i] for name, i in names.items()})
    return function


def given(x):
    return F.batch_norm(x[0], x[1], x[2], x[3], x[4], training=False, eps=0.1)


def by_statistics(x):
    """PyTorch's function has no gradients of mean and variance."""
    shape = [1, -1] + [1] * (x[0].dim() - 2)
    normal = (x[0] - x[1].reshape(shape)) / torch.sqrt(x[2].reshape(shape) + 0.1)
    value = normal * x[3].reshape(shape) + x[4].reshape(shape)
    torch.testing.assert_close(value, given([each.detach() for each in x]))
    return value


def statistics(*shape):
    c = (shape[1],)
    return [mixed(*shape), mixed(*c, seed=1), positive(*c, seed=2), mixed(*c, seed=3), mixed(*c, seed=4)]


CASES = {
    "layer_norm": (lambda x: F.layer_norm(x[0], [4], x[1], x[2], 0.1), with_rows((2, 3, 4), (4,), (4,))),
    "layer_norm/axes": (lambda x: F.layer_norm(x[0], [3, 4], x[1], x[2]), with_rows((2, 3, 4), (3, 4), (3, 4))),
    "layer_norm/weight": (lambda x: F.layer_norm(x[0], [4], x[1], None, 0.1), with_rows((3, 4), (4,))),
    "layer_norm/bias": (lambda x: F.layer_norm(x[0], [4], None, x[1], 0.1), with_rows((3, 4), (4,))),
    "layer_norm/plain": (lambda x: F.layer_norm(x[0], [4], None, None, 0.1), with_rows((3, 4))),
    "rms_norm": (lambda x: F.rms_norm(x[0], [4], x[1], 0.1), with_rows((2, 3, 4), (4,))),
    "rms_norm/plain": (lambda x: F.rms_norm(x[0], [3, 4], None, 0.1), with_rows((2, 3, 4))),
    "batch_norm": (batch(weight=1, bias=2), with_rows((2, 3, 4), (3,), (3,))),
    "batch_norm/rows": (batch(weight=1, bias=2), with_rows((5, 3), (3,), (3,))),
    "batch_norm/weight": (batch(weight=1), with_rows((2, 3, 2, 2), (3,))),
    "batch_norm/bias": (batch(bias=1), with_rows((5, 3), (3,))),
    "batch_norm/plain": (batch(), with_rows((2, 3, 2, 2))),
    "batch_norm_with": (by_statistics, statistics(2, 3, 4)),
    "batch_norm_with/rows": (by_statistics, statistics(4, 3)),
}
