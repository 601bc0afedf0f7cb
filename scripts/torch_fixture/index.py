"""Ops that look things up by number. Each result is squared, as in the sweep."""
import torch
import torch.nn.functional as F
from inputs import mixed


def index(*numbers):
    return torch.tensor(numbers)


REPEATED = index([1, 1], [1, 0], [1, 1])

SQUARED = {
    "index_select": (lambda x: x[0].index_select(0, index(2, 0, 2)), [mixed(3, 2)]),
    "index_select/last": (lambda x: x[0].index_select(1, index(1, 1)), [mixed(3, 2)]),
    "index_select/embedding": (lambda x: F.embedding(index([0, 2], [2, 1]), x[0]), [mixed(3, 2)]),
    "index_add": (lambda x: x[0].index_add(0, index(1, 0, 1), x[1]), [mixed(3, 2), mixed(3, 2, seed=1)]),
    "index_add/inner": (lambda x: x[0].index_add(1, index(2, 2), x[1]), [mixed(2, 3, 2), mixed(2, 2, 2, seed=1)]),
    "one_hot": (lambda x: x[0] * F.one_hot(index(2, 0), 3), [mixed(2, 3)]),
    "gather": (lambda x: x[0].gather(1, index([1, 1, 0, 2], [0, 0, 0, 1])), [mixed(3, 4)]),
    "gather/outer": (lambda x: x[0].gather(0, index([1, 0])), [mixed(2, 3)]),
    "gather/vector": (lambda x: x[0].gather(0, index(0, 0)), [mixed(3)]),
    "gather/middle": (lambda x: x[0].gather(1, index([[1, 0]], [[2, 2]])), [mixed(2, 3, 2)]),
    "take_along_axis": (lambda x: x[0].take_along_dim(index([2], [0]), 1), [mixed(2, 3)]),
    "take_along_axis/broadcast": (lambda x: x[0].take_along_dim(index([1], [0], [1]), 0), [mixed(2, 3)]),
    # PyTorch leaves open what repeated indices do in `scatter`; here they do not repeat.
    "scatter": (lambda x: x[0].scatter(1, index([2, 0], [1, 0]), x[1]), [mixed(2, 3), mixed(2, 2, seed=1)]),
    "scatter_add": (lambda x: x[0].scatter_add(0, REPEATED, x[1]), [mixed(2, 3), mixed(3, 2, seed=1)]),
    "scatter_add/vector": (lambda x: x[0].scatter_add(0, index(0, 2, 0), x[1]), [mixed(3), mixed(3, seed=1)]),
}

CASES = {name: (lambda x, f=f: f(x).square(), inputs) for name, (f, inputs) in SQUARED.items()}
