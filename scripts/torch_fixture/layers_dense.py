"""Dense layers, and layers that are made of others."""
import torch
from modules import Case, numbers

nn = torch.nn


class Residual(nn.Module):
    """x + inner(x)"""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        return x + self.inner(x)


class Parallel(nn.ModuleDict):
    """Branches of one input, joined."""

    def __init__(self, join, **branches):
        super().__init__(branches)
        self.join = join

    def forward(self, x):
        return self.join([branch(x) for branch in self.values()])


def behind(results):
    return torch.cat(results, 1)


CASES = {
    "linear": Case(nn.Linear(3, 4), numbers(2, 3)),
    "linear_three_axes": Case(nn.Linear(3, 4), numbers(2, 5, 3)),
    "linear_no_bias": Case(nn.Linear(3, 4, bias=False), numbers(2, 5, 3)),
    "linear_no_bias_one_axis": Case(nn.Linear(3, 4, bias=False), numbers(3)),
    "sequential": Case(nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2), nn.Tanh()), numbers(2, 3)),
    "residual": Case(Residual(nn.Linear(3, 3)), numbers(2, 3)),
    "concat": Case(Parallel(behind, wide=nn.Linear(3, 4), plain=nn.Identity()), numbers(2, 3)),
    "sum": Case(Parallel(sum, one=nn.Linear(3, 4), other=nn.Linear(3, 4, bias=False)), numbers(2, 3)),
    "image_model": Case(
        nn.Sequential(nn.Unflatten(1, (1, 4, 3)), nn.Conv2d(1, 2, 2), nn.Flatten(), nn.Linear(12, 2)),
        numbers(2, 12),
    ),
}
