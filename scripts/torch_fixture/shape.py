"""Ops that move elements: shapes, slices, parts, joins, padding. Each result is squared, as in the sweep."""
import torch
import torch.nn.functional as F
from inputs import mixed

MATRIX, CUBE = [mixed(3, 4)], [mixed(2, 3, 4)]
PAIR = [mixed(2, 3), mixed(2, 3, seed=1)]


def assign(part):
    def function(x):
        y = x[0].clone()
        y[part] = x[1]
        return y

    return function


def reversed_assign(x):
    return assign(slice(None))([x[0].flip(0), x[1]]).flip(0)


def split(x):
    parts = x[0].split([1, 0, 2, 1], 1)
    return parts[0] * parts[2] - parts[3].square()


def chunk(x):
    parts = x[0].chunk(3)
    return parts[0] * parts[1] - parts[2]


def pad(x, amounts, mode):
    # PyTorch reflects and replicates only with axes for batch and channels before.
    return F.pad(x[None, None], amounts, mode=mode)[0, 0]


SQUARED = {
    "reshape": (lambda x: x[0].reshape(3, 4), [mixed(2, 6)]),
    "flatten": (lambda x: x[0].flatten(), CUBE),
    "flatten/range": (lambda x: x[0].flatten(1, 2), [mixed(2, 3, 2, 2)]),
    "unflatten": (lambda x: x[0].unflatten(1, (2, 1, 3)), [mixed(2, 6)]),
    "squeeze": (lambda x: x[0].squeeze(1), [mixed(2, 1, 3)]),
    "unsqueeze": (lambda x: x[0].unsqueeze(0), MATRIX),
    "unsqueeze/last": (lambda x: x[0].unsqueeze(2), MATRIX),
    "permute": (lambda x: x[0].permute(2, 0, 1), CUBE),
    "permute/last": (lambda x: x[0].permute(1, 0, 3, 2), [mixed(2, 3, 2, 2)]),
    "transpose": (lambda x: x[0].transpose(0, 1), MATRIX),
    "transpose/outer": (lambda x: x[0].transpose(2, 0), CUBE),
    "flip": (lambda x: x[0].flip(1), MATRIX),
    "flip/axes": (lambda x: x[0].flip((2, 0)), CUBE),
    "diagonal": (lambda x: x[0].diagonal(0, 0, 1), MATRIX),
    "diagonal/above": (lambda x: x[0].diagonal(1, 2, 0), CUBE),
    "diagonal/below": (lambda x: x[0].diagonal(-2, 0, 1), MATRIX),
    "tril": (lambda x: x[0].tril(), MATRIX),
    "tril/offset": (lambda x: x[0].tril(-1), CUBE),
    "triu": (lambda x: x[0].triu(), MATRIX),
    "triu/offset": (lambda x: x[0].triu(2), MATRIX),
    "broadcast_to": (lambda x: x[0].broadcast_to(2, 3, 2), [mixed(3, 1)]),
    "broadcast_to/empty": (lambda x: x[0].broadcast_to(2, 0), [mixed(2, 1)]),
    "repeat": (lambda x: x[0].repeat(2, 3), [mixed(2, 3)]),
    "repeat/new": (lambda x: x[0].repeat(3, 1, 2), [mixed(2, 2)]),
    "slice": (lambda x: x[0][1:3], [mixed(5)]),
    "slice/step": (lambda x: x[0][:, ::2], [mixed(2, 5)]),
    "slice/reversed": (lambda x: x[0].flip(1), [mixed(2, 5)]),
    "slice/backwards": (lambda x: x[0].flip(0)[1::2], [mixed(5, 2)]),
    "slice_axes": (lambda x: x[0][1:, 1:4].flip(1), [mixed(3, 5)]),
    "slice_assign": (assign((slice(None), slice(1, None, 2))), [mixed(2, 5), mixed(2, 2, seed=1)]),
    "slice_assign/reversed": (reversed_assign, [mixed(3, 2), mixed(2, seed=1)]),
    "narrow": (lambda x: x[0].narrow(1, 1, 2), MATRIX),
    "concat": (lambda x: torch.cat(x, 1), [mixed(2, 3), mixed(2, 1, seed=1), mixed(2, 2, seed=2)]),
    "concat/outer": (lambda x: torch.cat(x, 0), PAIR),
    "stack": (lambda x: torch.stack(x, 0), PAIR),
    "stack/last": (lambda x: torch.stack(x, 2), PAIR),
    "pad": (lambda x: F.pad(x[0], (2, 3, 1, 0), value=0.5), [mixed(2, 3)]),
    "pad/reflect": (lambda x: pad(x[0], (2, 0, 1, 1), "reflect"), [mixed(2, 3)]),
    "pad/replicate": (lambda x: pad(x[0], (0, 2, 2, 1, 0, 0), "replicate"), [mixed(2, 3, 2)]),
}

CASES = {name: (lambda x, f=f: f(x).square(), inputs) for name, (f, inputs) in SQUARED.items()}
CASES |= {"split": (split, MATRIX), "chunk": (chunk, [mixed(5, 2)])}
