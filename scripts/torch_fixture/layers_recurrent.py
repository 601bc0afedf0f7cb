"""Recurrent layers. Where states are asked for, the output is followed by the final states, as one vector."""
import torch
from modules import Case, numbers
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

nn = torch.nn

LENGTHS = torch.tensor([3, 5, 1])
X = numbers(3, 5, 2)


def everything(lengths, *states):
    """All results in a row, from sequences of these lengths and states at the beginning."""

    def call(module, x):
        state = (states if len(states) > 1 else states[0]) if states else None
        if lengths is None:
            output, final = module(x, state)
        else:
            packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
            output, final = module(packed, state)
            output, _ = pad_packed_sequence(output, batch_first=True, total_length=x.shape[1])
        final = final if isinstance(final, tuple) else (final,)
        return torch.cat([y.flatten() for y in (output, *final)])

    return call


def case(module, lengths=None, states=()):
    extra = {f"state{i}": state for i, state in enumerate(states)}
    if lengths is not None:
        extra["lengths"] = lengths
    return Case(module, X, call=everything(lengths, *states), extra=extra)


def output(module, x):
    return module(x)[0]


def states(count, kinds):
    return tuple(numbers(count, 3, 3, seed=50 + kind) for kind in range(kinds))


BOTH = dict(num_layers=2, bidirectional=True, batch_first=True)
PLAIN = dict(batch_first=True)

CASES = {
    "lstm": Case(nn.LSTM(2, 3, **PLAIN), X, call=output),
    "lstm_without_bias": case(nn.LSTM(2, 3, bias=False, **PLAIN), states=states(1, 2)),
    "lstm_lengths": case(nn.LSTM(2, 3, **PLAIN), LENGTHS),
    "lstm_stacked": case(nn.LSTM(2, 3, **BOTH)),
    "lstm_everything": case(nn.LSTM(2, 3, **BOTH), LENGTHS, states(4, 2)),
    "gru": Case(nn.GRU(2, 3, **PLAIN), X, call=output),
    "gru_without_bias": case(nn.GRU(2, 3, bias=False, **PLAIN), states=states(1, 1)),
    "gru_lengths": case(nn.GRU(2, 3, **PLAIN), LENGTHS),
    "gru_stacked": case(nn.GRU(2, 3, **BOTH)),
    "gru_everything": case(nn.GRU(2, 3, **BOTH), LENGTHS, states(4, 1)),
}
