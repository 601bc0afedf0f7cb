"""examples/first_step.rs in PyTorch or JAX: one training step of mlp_iii, and the same line printed at its end.

usage: python scripts/peers/first_step.py torch|jax
"""
import sys
import time

import numpy as np
from data import data, labels

SIZES, BATCH, RATE = [784, 512, 256, 10], 128, 0.01


def parameters():
    """Weights [in, out] and biases, layer by layer."""
    for layer, (inputs, outputs) in enumerate(zip(SIZES, SIZES[1:])):
        scale = 1 / np.sqrt(np.float32(inputs))
        yield data(100 + layer, (inputs, outputs), scale), data(200 + layer, (outputs,), scale)


def torch_step(x, y):
    import torch

    layers = []
    for weight, bias in parameters():
        linear = torch.nn.Linear(*weight.shape)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(weight.T.copy()))
            linear.bias.copy_(torch.from_numpy(bias))
        layers += [linear, torch.nn.ReLU()]
    net = torch.nn.Sequential(*layers[:-1])
    sgd = torch.optim.SGD(net.parameters(), lr=RATE)
    loss = torch.nn.functional.cross_entropy(net(torch.from_numpy(x)), torch.from_numpy(y))
    loss.backward()
    sgd.step()
    return loss.item()


def jax_step(x, y):
    import jax
    import jax.numpy as jnp

    def loss_of(layers, x, y):
        for i, (weight, bias) in enumerate(layers):
            x = x @ weight + bias
            x = jnp.maximum(x, 0) if i + 1 < len(layers) else x
        return -jnp.take_along_axis(jax.nn.log_softmax(x), y[:, None], 1).mean()

    @jax.jit
    def step(layers, x, y):
        loss, gradients = jax.value_and_grad(loss_of)(layers, x, y)
        return jax.tree_util.tree_map(lambda a, g: a - RATE * g, layers, gradients), loss

    layers, loss = jax.block_until_ready(step(list(parameters()), x, y.astype(np.int32)))
    return float(loss)


x, y = data(1, (BATCH, SIZES[0]), 1), labels(2, BATCH, SIZES[-1])
loss = {"torch": torch_step, "jax": jax_step}[sys.argv[1]](x, y)
end = time.time_ns() // 1000
with open("/proc/self/status") as status:
    resident = next(line.split()[1] for line in status if line.startswith("VmHWM:"))
print(end, resident, f"{loss:.6f}")
