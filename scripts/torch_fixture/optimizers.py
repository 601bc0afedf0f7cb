"""Writes crates/nn/tests/fixtures/optimizers.safetensors: where PyTorch's optimizers and schedules go, in float64.

usage: python scripts/torch_fixture/optimizers.py     needs: pip install torch numpy safetensors

All optimizers minimise the same loss, the mean square of tanh(x w + b) - y, from the same `weight` and `bias`.
`NAME.weights` holds both after every step, row by row. `schedule_NAME.rates` holds the rate of every step."""
import pathlib

import torch
from modules import numbers
from safetensors.torch import save_file

STEPS = 50
optim, lr = torch.optim, torch.optim.lr_scheduler

X, Y = numbers(5, 2, seed=1, low=-2.0, high=2.0), numbers(5, 2, seed=2)
WEIGHT, BIAS = numbers(2, 2, seed=3, low=-0.6, high=0.6), numbers(2, seed=4, low=-0.6, high=0.6)

OPTIMIZERS = {
    "sgd": lambda p: optim.SGD(p, lr=0.3),
    "sgd_decay": lambda p: optim.SGD(p, lr=0.3, weight_decay=0.1),
    "sgd_momentum": lambda p: optim.SGD(p, lr=0.1, momentum=0.9),
    "sgd_dampening": lambda p: optim.SGD(p, lr=0.2, momentum=0.8, dampening=0.5, weight_decay=0.02),
    "sgd_nesterov": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.05),
    "adam": lambda p: optim.Adam(p, lr=0.05),
    "adam_decay": lambda p: optim.Adam(p, lr=0.05, weight_decay=0.1),
    "adam_amsgrad": lambda p: optim.Adam(p, lr=0.1, betas=(0.8, 0.9), weight_decay=0.01, amsgrad=True),
    "adam_betas": lambda p: optim.Adam(p, lr=0.05, betas=(0.5, 0.9), eps=1e-3),
    "adamw": lambda p: optim.AdamW(p, lr=0.05, weight_decay=0.1),
    "adamw_amsgrad": lambda p: optim.AdamW(p, lr=0.1, betas=(0.8, 0.9), weight_decay=0.2, amsgrad=True),
    "rms_prop": lambda p: optim.RMSprop(p, lr=0.01),
    "rms_prop_momentum": lambda p: optim.RMSprop(p, lr=0.01, alpha=0.9, momentum=0.5),
    "rms_prop_centered": lambda p: optim.RMSprop(p, lr=0.01, alpha=0.9, eps=1e-3, centered=True),
    "rms_prop_all": lambda p: optim.RMSprop(p, lr=0.01, alpha=0.8, eps=1e-4, momentum=0.6, centered=True, weight_decay=0.1),
}


def minimise(make, groups=lambda weight, bias: [weight, bias], schedule=None, skip=lambda step: False, average=None):
    """The parameters after every step; `skip` says at which steps the bias has no gradient."""
    weight, bias = (torch.nn.Parameter(start.clone()) for start in (WEIGHT, BIAS))
    optimizer = make(groups(weight, bias))
    schedule = schedule and schedule(optimizer)
    holder = torch.nn.ParameterList([weight, bias])
    ema = average and optim.swa_utils.AveragedModel(holder, multi_avg_fn=optim.swa_utils.get_ema_multi_avg_fn(average))
    if ema:
        ema.update_parameters(holder)
    rows = []
    for step in range(STEPS):
        optimizer.zero_grad()
        ((torch.tanh(X @ weight + bias) - Y) ** 2).mean().backward()
        if skip(step):
            bias.grad = None
        optimizer.step()
        if schedule:
            schedule.step()
        if ema:
            ema.update_parameters(holder)
        rows.append(torch.cat([p.detach().reshape(-1) for p in (ema.parameters() if ema else (weight, bias))]))
    return torch.stack(rows)


def rates(base, make, metrics=None):
    """The rate of every step, read before it; a schedule that listens gets a metric after every step."""
    optimizer = optim.SGD([torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))], lr=base)
    schedule = make(optimizer)
    found = []
    for step in range(STEPS):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step(*([] if metrics is None else [metrics[step]]))
    return torch.tensor(found, dtype=torch.float64)


def plateau(mode, **settings):
    return lambda o: lr.ReduceLROnPlateau(o, mode=mode, **settings)


def warm_cosine(o):
    parts = [lr.LinearLR(o, start_factor=0.1, total_iters=8), lr.CosineAnnealingLR(o, T_max=42, eta_min=0.01)]
    return lr.SequentialLR(o, parts, milestones=[8])


def three(o):
    parts = [lr.LinearLR(o, start_factor=0.25, total_iters=5), lr.ConstantLR(o, factor=1.0), lr.ExponentialLR(o, gamma=0.9)]
    return lr.SequentialLR(o, parts, milestones=[5, 20])


SCHEDULES = {
    "step": (0.5, lambda o: lr.StepLR(o, step_size=7, gamma=0.3)),
    "multi_step": (0.5, lambda o: lr.MultiStepLR(o, milestones=[3, 10, 40], gamma=0.2)),
    "exponential": (0.5, lambda o: lr.ExponentialLR(o, gamma=0.95)),
    "cosine": (0.5, lambda o: lr.CosineAnnealingLR(o, T_max=49, eta_min=0.05)),
    "warmup": (0.5, lambda o: lr.LinearLR(o, start_factor=0.1, total_iters=20)),
    "linear_decay": (0.5, lambda o: lr.LinearLR(o, start_factor=1.0, end_factor=0.2, total_iters=30)),
    "one_cycle": (0.5, lambda o: lr.OneCycleLR(o, max_lr=0.5, total_steps=51, pct_start=0.3)),
    "warm_cosine": (0.5, warm_cosine),
    "three": (0.5, three),
}

# A loss that falls, stalls and falls a little.
LOSSES = [1.0 / (1 + min(i, 12)) + 1e-5 * (i % 3) - (0.01 if i > 35 else 0.0) for i in range(STEPS)]
PLATEAUS = {
    "plateau_min": (LOSSES, plateau("min", factor=0.5, patience=3, cooldown=2, min_lr=0.04)),
    "plateau_absolute": (LOSSES, plateau("min", factor=0.3, patience=1, threshold=0.02, threshold_mode="abs")),
    "plateau_max": ([1 - x for x in LOSSES], plateau("max", factor=0.1, patience=2, threshold=1e-3, min_lr=1e-9)),
}

out = {"start.x": X, "start.y": Y, "start.weight": WEIGHT, "start.bias": BIAS}
for name, make in OPTIMIZERS.items():
    out[f"{name}.weights"] = minimise(make)
apart = lambda weight, bias: [{"params": [weight]}, {"params": [bias], "lr": 0.005, "weight_decay": 0.0}]
out["groups.weights"] = minimise(lambda p: optim.AdamW(p, lr=0.05, weight_decay=0.1), groups=apart)
out["scheduled.weights"] = minimise(
    lambda p: optim.SGD(p, lr=0.5, momentum=0.9), schedule=lambda o: lr.CosineAnnealingLR(o, T_max=50, eta_min=0.05)
)
out["skipped.weights"] = minimise(lambda p: optim.Adam(p, lr=0.05, weight_decay=0.1), skip=lambda step: step % 3 != 1)
out["ema.weights"] = minimise(lambda p: optim.SGD(p, lr=0.3), average=0.9)
for name, (base, make) in SCHEDULES.items():
    out[f"schedule_{name}.rates"] = rates(base, make)
for name, (metrics, make) in PLATEAUS.items():
    out[f"schedule_{name}.metrics"] = torch.tensor(metrics, dtype=torch.float64)
    out[f"schedule_{name}.rates"] = rates(0.5, make, metrics)

path = pathlib.Path(__file__).parent / "../../crates/nn/tests/fixtures/optimizers.safetensors"
save_file({name: tensor.contiguous() for name, tensor in out.items()}, path)
print(len(out), "tensors,", path.stat().st_size, "bytes")
