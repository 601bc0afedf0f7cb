"""Functions of one number, and arithmetic on two."""
import torch
from inputs import mixed, positive

ONE, TWO = [mixed(2, 3)], [mixed(2, 3), positive(3, seed=1)]

CASES = {
    "relu": (lambda x: torch.relu(x[0]), ONE),
    "sigmoid": (lambda x: torch.sigmoid(x[0]), ONE),
    "tanh": (lambda x: torch.tanh(x[0]), ONE),
    "exp": (lambda x: torch.exp(x[0]), ONE),
    "ln": (lambda x: torch.log(x[0]), [positive(2, 3)]),
    "neg": (lambda x: -x[0], ONE),
    "scale": (lambda x: x[0] * -1.5, ONE),
    "shift": (lambda x: x[0] + 0.3, ONE),
    "add": (lambda x: x[0] + x[1], TWO),
    "sub": (lambda x: x[0] - x[1], TWO),
    "mul": (lambda x: x[0] * x[1], TWO),
    "div": (lambda x: x[0] / x[1], TWO),
}
