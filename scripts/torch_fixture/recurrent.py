"""Recurrences: PyTorch's modules with an identity as the weight of the input, so that it is the gates' sums."""
import torch
from inputs import mixed
from torch.func import functional_call
from torch.nn.utils.rnn import pack_padded_sequence

LENGTHS = torch.tensor([1, 3])


def several(*shapes):
    return [mixed(*shape, seed=seed) for seed, shape in enumerate(shapes)]


def run(kind, x, w, bias, *states):
    """All steps, or those of a packed input, and the final states."""
    gates, width = w.shape[::-1]
    weights = {"weight_ih_l0": torch.eye(gates, dtype=w.dtype), "weight_hh_l0": w.T}
    if bias is not None:
        weights |= {"bias_ih_l0": torch.zeros_like(bias), "bias_hh_l0": bias}
    module = kind(gates, width, bias=bias is not None).double()
    states = tuple(state[None] for state in states)
    return functional_call(module, weights, (x, states if len(states) > 1 else states[0]))


def lstm(x):
    y, (_, c) = run(torch.nn.LSTM, x[0], x[1], None, x[2], x[3])
    return torch.cat([y.flatten(), c.flatten()])


def lstm_backward(x):
    y, (_, c) = run(torch.nn.LSTM, x[0].flip(0), x[1], None, x[2], x[3])
    return torch.cat([y.flip(0).flatten(), c.flatten()])


def lstm_lengths(x):
    packed = pack_padded_sequence(x[0], LENGTHS, enforce_sorted=False)
    _, (h, c) = run(torch.nn.LSTM, packed, x[1], None, x[2], x[3])
    return torch.cat([h.flatten(), c.flatten()])


def gru(x):
    return run(torch.nn.GRU, x[0], x[1], x[2], x[3])[0]


def gru_backward(x):
    return run(torch.nn.GRU, x[0].flip(0), x[1], None, x[2])[0].flip(0)


def gru_lengths(x):
    packed = pack_padded_sequence(x[0], LENGTHS, enforce_sorted=False)
    return run(torch.nn.GRU, packed, x[1], x[2], x[3])[1][0]


LSTM = several((3, 2, 8), (2, 8), (2, 2), (2, 2))
GRU = several((3, 2, 6), (2, 6), (6,), (2, 2))

CASES = {
    "lstm": (lstm, LSTM),
    "lstm/backward": (lstm_backward, LSTM),
    "lstm/lengths": (lstm_lengths, LSTM),
    "gru": (gru, GRU),
    "gru/backward": (gru_backward, GRU[:2] + GRU[3:]),
    "gru/lengths": (gru_lengths, GRU),
}
