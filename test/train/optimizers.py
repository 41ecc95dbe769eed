#!/usr/bin/env python3
"""PyTorch's optimizers, clipping and schedules in float64.

First on given gradients: what test/support/oracle/optimizer64.ts is held to. Then 20 steps of the model, data and noise of
reference.py, with gradients of the mean over a batch and pixels that are not rounded: what the GPU is held to.

Writes optimizers.json beside itself. Nobody runs this script unless a case is added (torch 1.13):

    /usr/bin/python3 test/train/optimizers.py            make it
    /usr/bin/python3 test/train/optimizers.py --check    compare a fresh run with the committed file

Two parameters, "a" of 3 numbers and "b" of 2, are number i = 0 .. 4 together: first (i - 2) / 4, and the gradient of step t
(from 0) is (i + 1) / 3 sin(1 + 1.7 t + 0.9 i), whatever the parameters are. Each case has the options of createTrainer
that it stands for, the learning rate of each step, and the parameters after the last.

A run has the options too, the losses of each step before its update (nats an image), and some parameters after the last.
"""
import json
import math
import pathlib
import sys

import torch
from torch.optim import lr_scheduler

import reference
from optim import optimizer_of, rate_factor

STEPS = 14
FILE = pathlib.Path(__file__).with_name("optimizers.json")

CASES = [
    {"lr": 0.01},
    {"lr": 0.02, "optimizer": {"kind": "adam", "betas": [0.8, 0.95], "epsilon": 1e-3, "weightDecay": 0.3}},
    {"lr": 0.02, "optimizer": {"kind": "adamw"}},
    {"lr": 0.02, "optimizer": {"kind": "adamw", "betas": [0.8, 0.95], "weightDecay": 0.4}, "clipNorm": 0.5},
    {"lr": 0.1, "optimizer": {"kind": "sgd"}},
    {"lr": 0.1, "optimizer": {"kind": "sgd", "momentum": 0.9, "weightDecay": 0.2}},
    {"lr": 0.1, "optimizer": {"kind": "sgd", "momentum": 0.7, "nesterov": True, "weightDecay": 0.2}, "clipNorm": 1.5},
    {"lr": 0.02, "optimizer": {"kind": "rmsprop"}},
    {"lr": 0.02, "optimizer": {"kind": "rmsprop", "alpha": 0.8, "epsilon": 1e-3, "momentum": 0.6, "weightDecay": 0.2}},
    {"lr": 0.1, "optimizer": {"kind": "sgd"}, "schedule": {"kind": "constant", "warmup": 5}},
    {"lr": 0.1, "optimizer": {"kind": "sgd"}, "schedule": {"kind": "step", "every": 3, "factor": 0.6}},
    {"lr": 0.1, "optimizer": {"kind": "sgd"}, "schedule": {"kind": "step", "every": 4, "warmup": 3}},
    {"lr": 0.1, "optimizer": {"kind": "sgd"}, "schedule": {"kind": "cosine", "steps": 14}},
    {"lr": 0.1, "optimizer": {"kind": "adam"}, "schedule": {"kind": "cosine", "steps": 10, "floor": 0.2, "warmup": 4}},
]

RUN_STEPS = 20
RUNS = [
    {"lr": 1e-3, "optimizer": {"kind": "adam", "weightDecay": 0.1}},
    {"lr": 1e-3, "optimizer": {"kind": "adamw", "weightDecay": 0.5}, "schedule": {"kind": "cosine", "steps": 16, "warmup": 3}},
    {"lr": 1e-2, "optimizer": {"kind": "sgd"}},
    {"lr": 2e-3, "optimizer": {"kind": "sgd", "momentum": 0.9, "nesterov": True, "weightDecay": 0.01}, "clipNorm": 1.5},
    {"lr": 1e-3, "optimizer": {"kind": "rmsprop"}, "schedule": {"kind": "step", "every": 6, "factor": 0.5}},
    {"lr": 5e-4, "optimizer": {"kind": "rmsprop", "momentum": 0.8, "weightDecay": 0.05}, "clipNorm": 1},
]
KEPT = ["encoder.2.bias", "mu.weight", "mu.bias", "log_var.weight", "decoder.0.weight", "decoder.4.bias"]


def schedule_of(optimizer, lr, spec):
    warmup = spec.get("warmup", 0)
    if spec["kind"] == "step":
        after = lr_scheduler.StepLR(optimizer, spec["every"], **({"gamma": spec["factor"]} if "factor" in spec else {}))
    elif spec["kind"] == "cosine":
        after = lr_scheduler.CosineAnnealingLR(optimizer, spec["steps"], eta_min=lr * spec.get("floor", 0))
    else:
        after = lr_scheduler.LambdaLR(optimizer, lambda _: 1.0)
    if warmup == 0:
        return after
    before = lr_scheduler.LinearLR(optimizer, start_factor=1 / warmup, total_iters=warmup - 1)
    return lr_scheduler.SequentialLR(optimizer, [before, after], milestones=[warmup])


def run(case):
    numbers = torch.arange(5, dtype=torch.float64)
    first = (numbers - 2) / 4
    parameters = [torch.nn.Parameter(first[:3].clone()), torch.nn.Parameter(first[3:].clone())]
    optimizer = optimizer_of(parameters, case["lr"], case.get("optimizer", {"kind": "adam"}))
    schedule = schedule_of(optimizer, case["lr"], case.get("schedule", {"kind": "constant"}))
    rates = []
    for t in range(STEPS):
        gradient = (numbers + 1) / 3 * torch.sin(1 + 1.7 * t + 0.9 * numbers)
        parameters[0].grad, parameters[1].grad = gradient[:3].clone(), gradient[3:].clone()
        if "clipNorm" in case:
            torch.nn.utils.clip_grad_norm_(parameters, case["clipNorm"])
        rates.append(optimizer.param_groups[0]["lr"])
        own = case["lr"] * rate_factor(case.get("schedule", {"kind": "constant"}), t)
        assert math.isclose(own, rates[-1], rel_tol=1e-12, abs_tol=1e-15), f"step {t}: {own}, PyTorch has {rates[-1]}"
        optimizer.step()
        schedule.step()
    return {"options": case, "rates": rates, "final": torch.cat([p.detach() for p in parameters]).tolist()}


def train(case):
    x_all = reference.make_images().reshape(reference.COUNT, reference.PIXELS) / 255.0
    parameters = {name: torch.tensor(value, dtype=torch.float64, requires_grad=True)
                  for name, value in reference.make_weights().items()}
    optimizer = optimizer_of(parameters.values(), case["lr"], case["optimizer"])
    schedule = schedule_of(optimizer, case["lr"], case.get("schedule", {"kind": "constant"}))
    losses = []
    for step in range(RUN_STEPS):
        x, eps = reference.batch_of(x_all, step)
        bce, kl = (term / len(x) for term in reference.loss_torch(parameters, torch.from_numpy(x), torch.from_numpy(eps)))
        optimizer.zero_grad()
        (bce + kl).backward()
        losses.append([(bce + kl).item(), bce.item(), kl.item()])
        if "clipNorm" in case:
            norm = torch.nn.utils.clip_grad_norm_(parameters.values(), case["clipNorm"]).item()
            assert norm > 1.2 * case["clipNorm"], f"step {step} is hardly clipped: {norm}"
        optimizer.step()
        schedule.step()
    final = {name: [float(f"{value:.9g}") for value in parameters[name].detach().reshape(-1).tolist()] for name in KEPT}
    return {"options": case, "losses": losses, "final": final}


def main():
    torch.set_num_threads(1)
    results = {"cases": [run(case) for case in CASES], "runs": [train(case) for case in RUNS]}
    if sys.argv[1:] == ["--check"]:
        compare(results, json.loads(FILE.read_text()), "")
        print(f"{FILE.name} agrees with a fresh run")
        return
    lists = [f'"{name}": [\n' + ",\n".join(json.dumps(each) for each in results[name]) + "\n]" for name in results]
    FILE.write_text("{\n" + ",\n".join(lists) + "\n}\n")
    print(f"wrote {FILE.name}, torch {torch.__version__}")


def compare(got, want, path):
    """Another CPU's BLAS may round differently; 1e-8 is what the digits in the file allow."""
    if isinstance(want, (dict, list)):
        assert len(got) == len(want), path
        for key in want if isinstance(want, dict) else range(len(want)):
            compare(got[key], want[key], f"{path}/{key}")
    else:
        assert got == want or math.isclose(got, want, rel_tol=1e-8, abs_tol=1e-12), (path, got, want)


if __name__ == "__main__":
    main()
