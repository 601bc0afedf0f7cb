"""Reductions over everything and over sets of axes, running sums, and elements in order."""
import torch
from inputs import mixed, positive

X = [mixed(2, 3, 2)]


def prod(x, axes):
    """torch's prod takes one axis at a time."""
    for axis in sorted(axes, reverse=True):
        x = x.prod(axis)
    return x


def zeros():
    """Columns with no zero, one, two and three."""
    x = mixed(3, 4)
    for column in (1, 2, 3):
        x[:column, column] = 0.0
    return x


TIES = torch.tensor([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]], dtype=torch.float64)

CASES = {
    "sum": (lambda x: x[0].sum(), X),
    "sum_axis": (lambda x: x[0].sum(1), X),
    "sum_axis/apart": (lambda x: x[0].sum((2, 0)), X),
    "sum_axis/kept": (lambda x: x[0].sum((0, 1), keepdim=True), X),
    "mean": (lambda x: x[0].mean(), X),
    "mean_axis": (lambda x: x[0].mean(1), X),
    "mean_axis/apart": (lambda x: x[0].mean((0, 2)), X),
    "mean_axis/kept": (lambda x: x[0].mean((0, 1, 2), keepdim=True), X),
    "prod": (lambda x: x[0].prod(), X),
    "prod_axis": (lambda x: x[0].prod(1), X),
    "prod_axis/apart": (lambda x: prod(x[0], (0, 2)), X),
    "prod_axis/zeros": (lambda x: x[0].prod(0), [zeros()]),
    "logsumexp": (lambda x: x[0].logsumexp((0, 1, 2)), X),
    "logsumexp_axis": (lambda x: x[0].logsumexp(1), X),
    "logsumexp_axis/apart": (lambda x: x[0].logsumexp((0, 2)), X),
    "cumsum": (lambda x: x[0].cumsum(1), X),
    "cumsum/first": (lambda x: x[0].cumsum(0), X),
    "cumsum/last": (lambda x: x[0].cumsum(2), X),
    "max": (lambda x: x[0].amax(), [TIES]),
    "max_axis": (lambda x: x[0].amax(1), [TIES]),
    "max_axis/apart": (lambda x: x[0].amax((0, 2)), X),
    "max_axis/kept": (lambda x: x[0].amax(2, keepdim=True), X),
    "min": (lambda x: x[0].amin(), [TIES]),
    "min_axis": (lambda x: x[0].amin(1), [TIES]),
    "min_axis/apart": (lambda x: x[0].amin((0, 2)), X),
    "var": (lambda x: x[0].var(), X),
    "var/population": (lambda x: x[0].var(correction=0), X),
    "var_axis": (lambda x: x[0].var((0, 2)), X),
    "var_axis/population": (lambda x: x[0].var(1, correction=0), X),
    "std": (lambda x: x[0].std(), X),
    "std/population": (lambda x: x[0].std(correction=0), X),
    "std_axis": (lambda x: x[0].std((0, 2)), X),
    "std_axis/kept": (lambda x: x[0].std((2, 1), correction=0, keepdim=True), X),
    "norm": (lambda x: torch.linalg.vector_norm(x[0]), X),
    "norm/l1": (lambda x: torch.linalg.vector_norm(x[0], 1), X),
    "norm/p": (lambda x: torch.linalg.vector_norm(x[0], 3), X),
    "norm/half": (lambda x: torch.linalg.vector_norm(x[0], 0.5), [positive(2, 3)]),
    "norm_axis": (lambda x: torch.linalg.vector_norm(x[0], dim=1), X),
    "norm_axis/apart": (lambda x: torch.linalg.vector_norm(x[0], 1.5, dim=(0, 2)), X),
    "norm_axis/kept": (lambda x: torch.linalg.vector_norm(x[0], 1, dim=0, keepdim=True), X),
    "sort": (lambda x: x[0].sort(1).values, X),
    "sort/descending": (lambda x: x[0].sort(2, descending=True).values, X),
    "topk": (lambda x: x[0].topk(1, 1).values, X),
    "topk/smallest": (lambda x: x[0].topk(2, 2, largest=False).values, [mixed(2, 2, 4)]),
    "softmax": (lambda x: x[0].softmax(1), X),
    "softmax/first": (lambda x: x[0].softmax(0), X),
    "log_softmax": (lambda x: x[0].log_softmax(2), X),
    "log_softmax/first": (lambda x: x[0].log_softmax(0), X),
}
