"""Losses, with every setting."""
import torch
from inputs import mixed, positive
from torch.nn import functional as F

LOGITS = [mixed(3, 3)]
LABELS, IGNORED = torch.tensor([2, 0, 1]), torch.tensor([2, 7, 1])
WEIGHTS = torch.tensor([0.5, 2.0, 1.5], dtype=torch.float64)
SETTINGS = dict(weight=WEIGHTS, label_smoothing=0.1)
BINARY = dict(
    weight=torch.tensor([0.5, 2.0], dtype=torch.float64), pos_weight=torch.tensor([3.0, 0.7], dtype=torch.float64)
)


def pair(*shape):
    return [mixed(*shape), positive(*shape, seed=1) * 0.6]


CASES = {
    "mse": (lambda x: F.mse_loss(x[0], x[1]), pair(2, 3)),
    "cross_entropy": (lambda x: F.cross_entropy(x[0], LABELS), LOGITS),
    "cross_entropy_with/smooth": (lambda x: F.cross_entropy(x[0], LABELS, label_smoothing=0.2), LOGITS),
    "cross_entropy_with/ignoring": (lambda x: F.cross_entropy(x[0], LABELS, ignore_index=2), LOGITS),
    "cross_entropy_with": (lambda x: F.cross_entropy(x[0], IGNORED, ignore_index=7, **SETTINGS), LOGITS),
    "cross_entropy_with/sum": (
        lambda x: F.cross_entropy(x[0], IGNORED, ignore_index=7, reduction="sum", **SETTINGS),
        LOGITS,
    ),
    "cross_entropy_with/none": (
        lambda x: F.cross_entropy(x[0], IGNORED, ignore_index=7, reduction="none", **SETTINGS),
        LOGITS,
    ),
    "cross_entropy_soft": (lambda x: F.cross_entropy(x[0], x[1]), pair(3, 3)),
    "cross_entropy_soft/weights": (lambda x: F.cross_entropy(x[0], x[1], **SETTINGS), pair(2, 3)),
    "cross_entropy_soft/none": (lambda x: F.cross_entropy(x[0], x[1], reduction="none", **SETTINGS), pair(2, 3)),
    "binary_cross_entropy_with_logits": (
        lambda x: F.binary_cross_entropy_with_logits(x[0], x[1]),
        pair(2, 3),
    ),
    "binary_cross_entropy_with_logits/weights": (
        lambda x: F.binary_cross_entropy_with_logits(x[0], x[1], **BINARY),
        pair(3, 2),
    ),
    "binary_cross_entropy_with_logits/none": (
        lambda x: F.binary_cross_entropy_with_logits(x[0], x[1], reduction="none", **BINARY),
        pair(3, 1, 2),
    ),
}
