"""The case conv1d of the group `peers` in PyTorch on one CPU; lines in the format that scripts/table.sh reads.

usage: python scripts/peers/conv1d.py >> PEERS_FILE      THREADS=2 for two threads
"""
import os
import time

THREADS = int(os.environ.get("THREADS", "1"))
for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = str(THREADS)

import torch
from data import data

PEER, CASE = "torch-eager", "conv1d"

torch.set_num_threads(THREADS)
x = torch.from_numpy(data(1, (64, 128, 150), 1.0)).requires_grad_()
w = torch.from_numpy(data(2, (256, 128, 5), 0.1)).requires_grad_()
c = torch.from_numpy(data(3, (64, 256, 146), 1.0))


def step():
    x.grad = w.grad = None
    loss = (torch.nn.functional.conv1d(x, w) * c).sum()
    loss.backward()
    return loss


loss = step()
for name, value in (("l", loss), ("gx", x.grad.abs().sum()), ("gw", w.grad.abs().sum())):
    print(f"V|{PEER}|{CASE}|{THREADS}|{name}|{value.item():.6f}")
for _ in range(5):
    step()
times = []
begin = time.perf_counter()
while time.perf_counter() - begin < 4:
    start = time.perf_counter_ns()
    step()
    times.append(time.perf_counter_ns() - start)
times.sort()
print(f"R|{PEER}|{CASE}|{THREADS}|{times[len(times) // 2]}|{times[0]}|{len(times)}")
