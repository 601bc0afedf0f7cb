"""Pooling over windows and to a given size, up-sampling, borders."""
import torch
from modules import Case, numbers

nn = torch.nn

CASES = {
    "max_pool1d": Case(nn.MaxPool1d(2), numbers(2, 2, 7)),
    "max_pool1d_settings": Case(nn.MaxPool1d(3, stride=2, padding=1, ceil_mode=True), numbers(2, 2, 8)),
    "max_pool2d": Case(nn.MaxPool2d((2, 3)), numbers(2, 2, 5, 7)),
    "max_pool2d_settings": Case(
        nn.MaxPool2d((3, 2), stride=(2, 1), padding=(1, 0), ceil_mode=True), numbers(1, 2, 6, 5)
    ),
    "avg_pool1d": Case(nn.AvgPool1d(2), numbers(2, 2, 7)),
    "avg_pool1d_settings": Case(
        nn.AvgPool1d(3, stride=2, padding=1, ceil_mode=True, count_include_pad=False), numbers(2, 2, 8)
    ),
    "avg_pool2d": Case(nn.AvgPool2d((2, 3)), numbers(2, 2, 5, 7)),
    "avg_pool2d_settings": Case(
        nn.AvgPool2d((3, 2), stride=(2, 3), padding=(1, 1), ceil_mode=True), numbers(1, 2, 6, 5)
    ),
    "adaptive_avg_pool1d": Case(nn.AdaptiveAvgPool1d(3), numbers(2, 2, 7)),
    "adaptive_avg_pool2d": Case(nn.AdaptiveAvgPool2d((2, 3)), numbers(1, 2, 5, 4)),
    "adaptive_max_pool1d": Case(nn.AdaptiveMaxPool1d(3), numbers(2, 2, 7)),
    "adaptive_max_pool2d": Case(nn.AdaptiveMaxPool2d((2, 3)), numbers(1, 2, 5, 4)),
    "upsample1d": Case(nn.Upsample(scale_factor=2), numbers(2, 2, 3)),
    "upsample1d_linear": Case(nn.Upsample(size=5, mode="linear"), numbers(2, 2, 3)),
    "upsample2d": Case(nn.Upsample(scale_factor=(2, 3)), numbers(1, 2, 3, 2)),
    "upsample2d_linear": Case(nn.Upsample(size=(5, 4), mode="bilinear", align_corners=True), numbers(1, 2, 3, 2)),
    "pixel_shuffle": Case(nn.PixelShuffle(2), numbers(2, 8, 2, 3)),
    "pixel_unshuffle": Case(nn.PixelUnshuffle(2), numbers(2, 2, 4, 6)),
    # PyTorch names the last axis first.
    "pad_zeros": Case(nn.ConstantPad1d((2, 1), 0.0), numbers(2, 2, 3)),
    "pad_reflect": Case(nn.ReflectionPad2d((2, 2, 0, 1)), numbers(1, 2, 4, 3)),
    "pad_replicate": Case(nn.ReplicationPad2d((0, 2, 3, 1)), numbers(1, 2, 4, 3)),
}
