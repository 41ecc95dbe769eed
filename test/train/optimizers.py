#!/usr/bin/env python3
"""PyTorch's optimizers, clipping and schedules on given gradients, in float64: what test/support/optimizer64.ts is held to.

Writes optimizers.json beside itself. Nobody runs this script unless a case is added (torch 1.13):

    /usr/bin/python3 test/train/optimizers.py            make it
    /usr/bin/python3 test/train/optimizers.py --check    compare a fresh run with the committed file

Two parameters, "a" of 3 numbers and "b" of 2, are number i = 0 .. 4 together: first (i - 2) / 4, and the gradient of step t
(from 0) is (i + 1) / 3 sin(1 + 1.7 t + 0.9 i), whatever the parameters are. Each case has the options of createTrainer
that it stands for, the learning rate of each step, and the parameters after the last.
"""
import json
import math
import pathlib
import sys

import torch
from torch.optim import lr_scheduler

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


def optimizer_of(parameters, lr, spec):
    spec = dict(spec)
    kind = spec.pop("kind")
    names = {"betas": "betas", "epsilon": "eps", "weightDecay": "weight_decay", "alpha": "alpha", "momentum": "momentum",
             "nesterov": "nesterov"}
    options = {names[key]: tuple(value) if key == "betas" else value for key, value in spec.items()}
    made = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "sgd": torch.optim.SGD, "rmsprop": torch.optim.RMSprop}
    return made[kind](parameters, lr=lr, **options)


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
        optimizer.step()
        schedule.step()
    return {"options": case, "rates": rates, "final": torch.cat([p.detach() for p in parameters]).tolist()}


def main():
    results = [run(case) for case in CASES]
    if sys.argv[1:] == ["--check"]:
        for got, want in zip(results, json.loads(FILE.read_text()), strict=True):
            assert got["options"] == want["options"]
            for key in ("rates", "final"):
                assert all(math.isclose(a, b, rel_tol=1e-12) for a, b in zip(got[key], want[key], strict=True)), got["options"]
        print(f"{FILE.name} agrees with a fresh run")
        return
    FILE.write_text("[\n" + ",\n".join("  " + json.dumps(result) for result in results) + "\n]\n")
    print(f"wrote {FILE.name}, torch {torch.__version__}")


if __name__ == "__main__":
    main()
