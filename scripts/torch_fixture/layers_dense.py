"""Dense layers."""
import torch
from modules import Case, numbers

nn = torch.nn

CASES = {
    "linear": Case(nn.Linear(3, 4), numbers(2, 3)),
    "linear_three_axes": Case(nn.Linear(3, 4), numbers(2, 5, 3)),
    "sequential": Case(nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2), nn.Tanh()), numbers(2, 3)),
}
