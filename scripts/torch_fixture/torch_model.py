"""Writes crates/nn/tests/fixtures/torch_model.safetensors, the state of a PyTorch model as its users save it, and
torch_model_run.safetensors, an input and what the model makes of it. Both in float32.

usage: python scripts/torch_fixture/torch_model.py     needs: pip install torch numpy safetensors"""
import pathlib

import torch
from safetensors.torch import save_file

torch.manual_seed(7)
nn = torch.nn
model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3))
# A little training, so that no parameter and no statistic is as it was made.
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(5):
    optimizer.zero_grad()
    model(torch.randn(16, 4) * 2 + 1).square().mean().backward()
    optimizer.step()
x = torch.randn(5, 4)
with torch.no_grad():
    y = model.eval()(x)

here = pathlib.Path(__file__).parent / "../../crates/nn/tests/fixtures"
save_file(model.state_dict(), here / "torch_model.safetensors")
save_file({"input": x, "output": y}, here / "torch_model_run.safetensors")
for name, tensor in model.state_dict().items():
    print(name, tensor.dtype, tuple(tensor.shape))
