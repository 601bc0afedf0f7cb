"""Writes crates/nn/tests/fixtures/<file>.safetensors: what PyTorch's modules compute, in float64.

usage: python scripts/torch_fixture/modules.py FILE...     needs: pip install torch numpy safetensors

FILE is a module beside this script, such as layers_dense, with CASES = {case: Case(module, input, ...)}.
A tensor is named `case.what`: `input`, `output`, `weights` of the outputs in the scalar that is differentiated,
`grad.input`, and for parameters and buffers `state.NAME` before, `grad.NAME`, `after.NAME`; `train` is there
for a pass of training."""
import dataclasses
import importlib
import pathlib
import sys
from typing import Any, Callable

import torch
from safetensors.torch import save_file

here = pathlib.Path(__file__).parent


@dataclasses.dataclass
class Case:
    """One module and its input; `call(module, input)` where plain calling is not enough, `extra` tensors to be
    stored beside it, such as lengths and masks."""

    module: torch.nn.Module
    input: torch.Tensor
    train: bool = False
    call: Callable[[Any, Any], torch.Tensor] = lambda module, x: module(x)
    extra: dict = dataclasses.field(default_factory=dict)


def numbers(*shape, seed=1, low=-1.0, high=1.0):
    """The same numbers on every version of PyTorch."""
    count = 1
    for length in shape:
        count *= length
    i = torch.arange(1, count + 1, dtype=torch.float64)
    unit = torch.frac(torch.sin(i * 12.9898 + seed * 78.233) * 43758.5453).abs()
    return (low + (high - low) * unit).reshape(shape)


def tensors(name, case, out):
    module = case.module.double().train(case.train)
    with torch.no_grad():
        for seed, parameter in enumerate(module.parameters()):
            parameter.copy_(numbers(*parameter.shape, seed=seed + 2, low=-0.6, high=0.6))
    keep = lambda what, tensor: out.__setitem__(f"{name}.{what}", tensor.detach().clone().contiguous())
    for key, tensor in module.state_dict().items():
        keep(f"state.{key}", tensor)
    x = case.input.clone()
    if x.is_floating_point():
        x.requires_grad_()
    keep("input", x)
    y = case.call(module, x)
    weights = numbers(*y.shape, seed=99)
    (y * weights).sum().backward()
    keep("output", y)
    keep("weights", weights)
    if x.grad is not None:
        keep("grad.input", x.grad)
    for key, parameter in module.named_parameters():
        keep(f"grad.{key}", torch.zeros_like(parameter) if parameter.grad is None else parameter.grad)
    for key, buffer in module.named_buffers():
        keep(f"after.{key}", buffer)
    for key, tensor in case.extra.items():
        keep(key, tensor)
    if case.train:
        keep("train", torch.ones(1, dtype=torch.float64))


def write(file):
    out = {}
    for name, case in importlib.import_module(file).CASES.items():
        tensors(name, case, out)
    path = here / f"../../crates/nn/tests/fixtures/{file}.safetensors"
    save_file(out, path)
    print(file, len(out), "tensors,", path.stat().st_size, "bytes")


if __name__ == "__main__":
    sys.path.insert(0, str(here))
    for name in sys.argv[1:]:
        write(name)
