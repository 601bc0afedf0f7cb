"""Writes tests/fixtures/torch_<family>.csv: what PyTorch computes for the cases of tests/sweep.

usage: python scripts/torch_fixture/make.py [FAMILY...]     needs: pip install torch

A family is a module beside this file with CASES = {case name: (function of a list of tensors, list of inputs)}.
Values are float64. A line is `case,role,shape,numbers`; the roles are input, weights, value and gradient, inputs
and gradients in order."""
import importlib
import pathlib
import sys

import torch

here = pathlib.Path(__file__).parent


def numbers(tensor):
    return " ".join(repr(x) for x in tensor.detach().reshape(-1).tolist())


def line(case, role, tensor):
    return f"{case},{role},{'x'.join(map(str, tensor.shape))},{numbers(tensor)}\n"


def write(family):
    lines = []
    for case, (function, inputs) in importlib.import_module(family).CASES.items():
        inputs = [x.clone().requires_grad_() for x in inputs]
        value = function(inputs)
        weights = torch.linspace(-1.0, 1.5, max(value.numel(), 1), dtype=torch.float64)[: value.numel()].reshape(value.shape)
        gradients = torch.autograd.grad(value, inputs, weights, allow_unused=True)
        gradients = [torch.zeros_like(x) if g is None else g for x, g in zip(inputs, gradients)]
        lines += [line(case, "input", x) for x in inputs]
        lines += [line(case, "weights", weights), line(case, "value", value)]
        lines += [line(case, "gradient", g) for g in gradients]
    (here / f"../../tests/fixtures/torch_{family}.csv").write_text("".join(lines))
    print(family, len(lines), "lines")


sys.path.insert(0, str(here))
others = ("inputs", "make", "modules")
families = [p.stem for p in here.glob("*.py") if p.stem not in others and "from modules" not in p.read_text()]
for family in sys.argv[1:] or sorted(families):
    write(family)
