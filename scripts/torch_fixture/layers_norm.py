"""Normalisation."""
import torch
from modules import Case, numbers

nn = torch.nn


def used(module):
    """With running statistics of earlier batches."""
    module.double()
    module.running_mean.copy_(numbers(*module.running_mean.shape, seed=50))
    module.running_var.copy_(numbers(*module.running_var.shape, seed=51, low=0.5, high=2.0))
    module.num_batches_tracked.fill_(3)
    return module


CASES = {
    "batch_norm1d": Case(used(nn.BatchNorm1d(3)), numbers(5, 3), train=True),
    "batch_norm1d_eval": Case(used(nn.BatchNorm1d(3)), numbers(5, 3)),
    "batch_norm1d_long": Case(used(nn.BatchNorm1d(3)), numbers(2, 3, 4), train=True),
    "batch_norm1d_long_eval": Case(used(nn.BatchNorm1d(3)), numbers(2, 3, 4)),
    "batch_norm1d_cumulative": Case(used(nn.BatchNorm1d(3, momentum=None)), numbers(5, 3), train=True),
    "batch_norm1d_plain": Case(used(nn.BatchNorm1d(3, affine=False, eps=0.1)), numbers(5, 3), train=True),
    "batch_norm1d_untracked": Case(nn.BatchNorm1d(3, track_running_stats=False), numbers(5, 3)),
    "batch_norm2d": Case(used(nn.BatchNorm2d(3)), numbers(2, 3, 4, 5), train=True),
    "batch_norm2d_eval": Case(used(nn.BatchNorm2d(3, momentum=0.3)), numbers(2, 3, 4, 5)),
    "batch_norm2d_momentum": Case(used(nn.BatchNorm2d(3, momentum=0.3)), numbers(2, 3, 2, 2), train=True),
    "layer_norm": Case(nn.LayerNorm(5), numbers(2, 3, 5)),
    "layer_norm_two_axes": Case(nn.LayerNorm([3, 5]), numbers(2, 3, 5)),
    "layer_norm_without_bias": Case(nn.LayerNorm(5, bias=False, eps=0.1), numbers(2, 5)),
    "layer_norm_plain": Case(nn.LayerNorm(5, elementwise_affine=False), numbers(2, 5)),
    "layer_norm_one": Case(nn.LayerNorm(1), numbers(4, 1)),
    "rms_norm": Case(nn.RMSNorm(5), numbers(2, 3, 5)),
    "rms_norm_two_axes": Case(nn.RMSNorm([3, 5], eps=0.01), numbers(2, 3, 5)),
    "rms_norm_plain": Case(nn.RMSNorm(5, elementwise_affine=False), numbers(3, 5)),
    "group_norm": Case(nn.GroupNorm(2, 6), numbers(2, 6, 3)),
    "group_norm_images": Case(nn.GroupNorm(3, 6, eps=0.1), numbers(2, 6, 2, 3)),
    "group_norm_plain": Case(nn.GroupNorm(1, 4, affine=False), numbers(3, 4)),
}
