"""Activations."""
import torch
from modules import Case, numbers

nn, F = torch.nn, torch.nn.functional

# Both sides of every bend, and the bends at 0, 3 and -3, 6 and 1.
points = torch.cat(
    [numbers(14, low=-7.0, high=7.0), torch.tensor([0.0, 3.0, -3.0, 6.0, 1.0, -1.0, 30.0, -30.0], dtype=torch.float64)]
)


def case(module):
    return Case(module, points)


class Exact(nn.Module):
    """A formula, where PyTorch's own layer rounds a constant to float32."""

    def __init__(self, formula):
        super().__init__()
        self.forward = formula


CASES = {
    "relu": case(nn.ReLU()),
    "relu6": case(nn.ReLU6()),
    "sigmoid": case(nn.Sigmoid()),
    "log_sigmoid": case(nn.LogSigmoid()),
    "hardsigmoid": case(Exact(lambda x: F.relu6(x + 3) / 6)),
    "tanh": case(nn.Tanh()),
    "tanhshrink": case(nn.Tanhshrink()),
    "softsign": case(nn.Softsign()),
    "silu": case(nn.SiLU()),
    "hardswish": case(nn.Hardswish()),
    "gelu": case(nn.GELU()),
    "gelu_tanh": case(nn.GELU(approximate="tanh")),
    "mish": case(nn.Mish()),
    "selu": case(nn.SELU()),
    "leaky_relu": case(nn.LeakyReLU()),
    "leaky_relu_slope": case(nn.LeakyReLU(0.3)),
    "elu": case(nn.ELU()),
    "elu_alpha": case(nn.ELU(0.7)),
    "celu": case(nn.CELU()),
    "celu_alpha": case(Exact(lambda x: torch.where(x > 0, x, 0.7 * torch.expm1(torch.where(x > 0, 0.0, x) / 0.7)))),
    # PyTorch is linear above a threshold of 20; 60 is past the digits of either.
    "softplus": case(nn.Softplus(threshold=60)),
    "softplus_beta": case(nn.Softplus(beta=2.5, threshold=60)),
    "hardtanh": case(nn.Hardtanh()),
    "hardtanh_bounds": case(nn.Hardtanh(-2.0, 0.5)),
    "prelu": case(nn.PReLU()),
    "prelu_channels": Case(nn.PReLU(3), numbers(2, 3, 4)),
    "glu": Case(nn.GLU(1), numbers(2, 4, 3)),
    "softmax": Case(nn.Softmax(1), numbers(2, 3, 2, low=-4.0, high=4.0)),
    "log_softmax": Case(nn.LogSoftmax(2), numbers(2, 3, 2, low=-4.0, high=4.0)),
}
