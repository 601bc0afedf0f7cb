"""Convolutions and their transposes."""
import torch
from modules import Case, numbers

nn = torch.nn

CASES = {
    "conv1d": Case(nn.Conv1d(2, 3, 3), numbers(2, 2, 7)),
    "conv1d_settings": Case(nn.Conv1d(4, 6, 3, stride=2, padding=2, dilation=2, groups=2), numbers(2, 4, 9)),
    "conv1d_same_odd": Case(nn.Conv1d(2, 3, 5, padding="same", dilation=2), numbers(2, 2, 7)),
    "conv1d_same_even": Case(nn.Conv1d(2, 3, 4, padding="same"), numbers(2, 2, 7)),
    "conv1d_no_bias": Case(nn.Conv1d(2, 3, 1, bias=False), numbers(2, 2, 4)),
    "conv2d": Case(nn.Conv2d(2, 3, (3, 2)), numbers(2, 2, 5, 4)),
    "conv2d_settings": Case(
        nn.Conv2d(4, 6, (3, 2), stride=(2, 1), padding=(1, 2), dilation=(1, 2), groups=2), numbers(2, 4, 5, 6)
    ),
    "conv2d_depthwise": Case(nn.Conv2d(3, 6, 3, padding=1, groups=3), numbers(1, 3, 4, 5)),
    "conv2d_same": Case(nn.Conv2d(2, 3, (2, 3), padding="same", dilation=(3, 1)), numbers(2, 2, 5, 4)),
    "conv2d_no_bias": Case(nn.Conv2d(2, 3, 2, bias=False), numbers(1, 2, 3, 3)),
    "conv_transpose1d": Case(nn.ConvTranspose1d(2, 3, 3), numbers(2, 2, 4)),
    "conv_transpose1d_settings": Case(
        nn.ConvTranspose1d(4, 6, 3, stride=3, padding=1, output_padding=2, dilation=2, groups=2), numbers(2, 4, 3)
    ),
    "conv_transpose2d": Case(nn.ConvTranspose2d(2, 3, (2, 3), bias=False), numbers(2, 2, 3, 2)),
    "conv_transpose2d_settings": Case(
        nn.ConvTranspose2d(
            4, 2, (3, 2), stride=(2, 3), padding=(1, 0), output_padding=(1, 2), dilation=(2, 1), groups=2
        ),
        numbers(1, 4, 3, 2),
    ),
}
