"""Convolution, pooling and up-sampling."""
import torch.nn.functional as F
from inputs import mixed


def inputs(*shapes):
    return [mixed(*shape, seed=seed) for seed, shape in enumerate(shapes)]


def conv(function, *shapes, **options):
    return (lambda x: function(*x, **options), inputs(*shapes))


def resize(shape, **options):
    return (lambda x: F.interpolate(x[0], **options), inputs(shape))


CEIL = {"kernel_size": (3, 2), "padding": (1, 0), "ceil_mode": True}
AVERAGE = {"kernel_size": (3, 2), "stride": (2, 3), "padding": (1, 1), "ceil_mode": True}
ALL = {"stride": (2, 1), "padding": (1, 2), "dilation": (1, 2), "groups": 2}

CASES = {
    "conv1d": conv(F.conv1d, (2, 2, 5), (3, 2, 3)),
    "conv1d/all": conv(F.conv1d, (2, 2, 7), (3, 2, 3), (3,), stride=2, padding=1, dilation=2),
    "conv1d/groups": conv(F.conv1d, (2, 4, 6), (2, 2, 3), stride=2, padding=2, groups=2),
    "conv2d": conv(F.conv2d, (2, 2, 3, 4), (3, 2, 2, 3), (3,)),
    "conv2d/pointwise": conv(F.conv2d, (2, 3, 2, 2), (2, 3, 1, 1)),
    "conv2d/strided": conv(F.conv2d, (1, 2, 6, 6), (2, 2, 3, 2), stride=(2, 3)),
    "conv2d/padded": conv(F.conv2d, (2, 1, 3, 2), (2, 1, 3, 3), padding=(2, 1)),
    "conv2d/dilated": conv(F.conv2d, (1, 2, 5, 4), (1, 2, 3, 2), dilation=(2, 3), padding=(0, 2)),
    "conv2d/all": conv(F.conv2d, (2, 4, 5, 4), (2, 2, 3, 3), (2,), **ALL),
    "conv2d/depthwise": conv(F.conv2d, (1, 3, 3, 3), (3, 1, 3, 3), padding=1, groups=3),
    "conv_transpose1d": conv(
        F.conv_transpose1d, (2, 2, 3), (2, 3, 3), (3,), stride=2, padding=1, output_padding=1
    ),
    "conv_transpose2d": conv(F.conv_transpose2d, (2, 2, 2, 3), (2, 3, 2, 2), (3,)),
    "conv_transpose2d/strided": conv(
        F.conv_transpose2d, (1, 2, 2, 3), (2, 1, 3, 2), stride=(2, 3), output_padding=(1, 2)
    ),
    "conv_transpose2d/all": conv(
        F.conv_transpose2d, (2, 4, 3, 4), (4, 1, 3, 2), (2,), output_padding=(0, 1), **ALL
    ),
    "max_pool1d": conv(F.max_pool1d, (2, 2, 5), kernel_size=2),
    "max_pool1d/padded": conv(F.max_pool1d, (2, 1, 6), kernel_size=3, stride=2, padding=1),
    "max_pool2d": conv(F.max_pool2d, (2, 2, 5, 4), kernel_size=(2, 3)),
    "max_pool2d/ceil": conv(F.max_pool2d, (1, 2, 4, 5), stride=2, **CEIL),
    "max_pool2d/overlapping": conv(F.max_pool2d, (1, 2, 3, 4), kernel_size=2, stride=1),
    "avg_pool1d": conv(F.avg_pool1d, (2, 2, 5), kernel_size=2),
    "avg_pool1d/padded": conv(F.avg_pool1d, (2, 1, 6), kernel_size=3, stride=2, padding=1),
    "avg_pool2d": conv(F.avg_pool2d, (2, 2, 5, 4), kernel_size=(2, 3)),
    "avg_pool2d/ceil": conv(F.avg_pool2d, (1, 2, 4, 6), **AVERAGE),
    "avg_pool2d/inside": conv(F.avg_pool2d, (1, 2, 4, 6), count_include_pad=False, **AVERAGE),
    "adaptive_avg_pool1d": conv(F.adaptive_avg_pool1d, (2, 2, 7), output_size=3),
    "adaptive_max_pool1d": conv(F.adaptive_max_pool1d, (2, 2, 7), output_size=3),
    "adaptive_avg_pool2d": conv(F.adaptive_avg_pool2d, (2, 2, 5, 4), output_size=(3, 2)),
    "adaptive_avg_pool2d/all": conv(F.adaptive_avg_pool2d, (2, 2, 5, 4), output_size=1),
    "adaptive_max_pool2d": conv(F.adaptive_max_pool2d, (2, 2, 5, 4), output_size=(3, 6)),
    "upsample1d": resize((2, 2, 3), scale_factor=2, mode="nearest"),
    "upsample1d/edges": resize((2, 2, 3), scale_factor=2.5, mode="linear"),
    "upsample1d/centers": resize((2, 2, 3), size=7, mode="linear", align_corners=True),
    "upsample2d": resize((1, 2, 3, 4), size=(5, 2), mode="nearest"),
    "upsample2d/edges": resize((1, 2, 3, 4), scale_factor=(2, 3), mode="bilinear"),
    "upsample2d/smaller": resize((1, 2, 3, 4), size=(2, 3), mode="bilinear"),
    "upsample2d/centers": resize((1, 2, 3, 4), size=(5, 4), mode="bilinear", align_corners=True),
}
