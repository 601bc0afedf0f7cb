"""Attention and the encoder of a transformer."""
import torch
from modules import Case, numbers

nn = torch.nn

PADDING = torch.tensor([[False, False, False, True], [False, True, False, False]])
ADDITIVE = numbers(4, 4, seed=40)
BLOCKED = ADDITIVE.masked_fill(torch.tensor([[False, True, False, False]] + 3 * [[False] * 4]), -torch.inf)
KEY, VALUE = numbers(2, 5, 4, seed=41), numbers(2, 5, 4, seed=42)
CAUSAL = torch.triu(torch.full((4, 4), -torch.inf, dtype=torch.float64), 1)
FLOAT_PADDING = torch.zeros(2, 4, dtype=torch.float64).masked_fill(PADDING, -torch.inf)


def attention(**settings):
    return nn.MultiheadAttention(4, 2, batch_first=True, **settings)


def attend(key=None, value=None, **masks):
    return lambda module, x: module(x, x if key is None else key, x if value is None else value, **masks)[0]


def weights(module, x):
    return module(x, KEY, VALUE, average_attn_weights=False)[1]


def layer(**settings):
    return nn.TransformerEncoderLayer(4, 2, 5, dropout=0.0, batch_first=True, **settings)


def encoder(norm=None):
    return nn.TransformerEncoder(layer(norm_first=True), 2, norm=norm, enable_nested_tensor=False)


X = numbers(2, 4, 4)
MASKS = {"padding": PADDING.double(), "additive": ADDITIVE, "blocked": BLOCKED, "key": KEY, "value": VALUE}

CASES = {
    "self": Case(attention(), X, call=attend(), extra=MASKS),
    "without_bias": Case(attention(bias=False), X, call=attend()),
    "cross": Case(attention(), X, call=attend(KEY, VALUE)),
    "weights": Case(attention(), X, call=weights),
    "padding": Case(attention(), X, call=attend(key_padding_mask=PADDING)),
    "additive": Case(attention(), X, call=attend(attn_mask=BLOCKED)),
    "causal": Case(attention(), X, call=attend(attn_mask=CAUSAL)),
    "all_masks": Case(attention(), X, call=attend(attn_mask=CAUSAL + ADDITIVE, key_padding_mask=FLOAT_PADDING)),
    "layer": Case(layer(), X, train=True),
    "layer_first_gelu": Case(layer(norm_first=True, activation="gelu"), X, train=True),
    "layer_without_bias": Case(layer(bias=False), X, train=True),
    "layer_masks": Case(
        layer(), X, train=True, call=lambda m, x: m(x, src_mask=CAUSAL, src_key_padding_mask=FLOAT_PADDING)
    ),
    "encoder": Case(encoder(nn.LayerNorm(4)), X, train=True),
}
