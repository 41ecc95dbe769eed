"""torch.optim from the options of a checkpoint, what it keeps from step to step, and the schedules.
Options, names and formulas: src/model/optimizer.ts, src/model/learning-rate.ts, src/train/snapshot/snapshot.ts.
"""
import math

import torch

from errors import InputError

KINDS = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "sgd": torch.optim.SGD, "rmsprop": torch.optim.RMSprop}
NUMBERS = {"betas": "betas", "epsilon": "eps", "weightDecay": "weight_decay", "alpha": "alpha", "momentum": "momentum",
           "nesterov": "nesterov"}
SCHEDULES = {"constant": [], "step": ["every", "factor"], "cosine": ["steps", "floor"]}


def optimizer_of(parameters, lr, spec):
    kind = spec["kind"]
    if kind not in KINDS:
        raise InputError(f"the optimizer {kind!r} is not known to harness/torch, must be one of {', '.join(KINDS)}")
    options = {}
    for key, value in spec.items():
        if key != "kind" and key not in NUMBERS:
            raise InputError(f"optimizer.{key} is not known to harness/torch, must be one of {', '.join(NUMBERS)}")
        if key != "kind":
            options[NUMBERS[key]] = tuple(value) if key == "betas" else value
    return KINDS[kind](parameters, lr=lr, **options)


def kept_names(spec):
    """What the optimizer keeps for each parameter, under the names of torch.optim."""
    kind, momentum = spec["kind"], ["momentum_buffer"] if spec.get("momentum", 0) > 0 else []
    return {"adam": ["exp_avg", "exp_avg_sq"], "adamw": ["exp_avg", "exp_avg_sq"], "sgd": momentum,
            "rmsprop": momentum + ["square_avg"]}[kind]


def load_kept(optimizer, parameters, spec, kept, step):
    """
    Sets what the optimizer keeps: `kept` by name of the buffer and of the parameter, after `step` steps.
    `parameters` are pairs of name and parameter, in the optimizer's order.
    """
    state = {}
    for index, (name, _) in enumerate(parameters):
        state[index] = {buffer: kept[buffer][name] for buffer in kept_names(spec)}
        if spec["kind"] != "sgd":
            state[index]["step"] = torch.tensor(float(step))
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def read_kept(optimizer, parameters, spec):
    """The reverse of load_kept; zeros before the first step."""
    return {buffer: {name: optimizer.state[parameter].get(buffer, torch.zeros_like(parameter))
                     for name, parameter in parameters} for buffer in kept_names(spec)}


def set_rate(optimizer, rate):
    for group in optimizer.param_groups:
        group["lr"] = rate


def check_schedule(schedule):
    """Raises InputError for a schedule that this file does not know."""
    kind = schedule.get("kind")
    known = ["kind", "warmup", *SCHEDULES.get(kind, [])]
    if kind not in SCHEDULES:
        raise InputError(f"the schedule {kind!r} is not known to harness/torch, must be one of {', '.join(SCHEDULES)}")
    for key in schedule:
        if key not in known:
            raise InputError(f"schedule.{key} is not known to harness/torch, must be one of {', '.join(known)}")


def rate_factor(schedule, step):
    """
    What lr is multiplied by in step `step`, from 0. torch.optim.lr_scheduler has the same (test/train/optimizers.py holds
    that), but cannot begin in the middle, and its cosine rises again after its end.
    """
    warmup = schedule.get("warmup", 0)
    if step < warmup:
        return (step + 1) / warmup
    t = step - warmup
    if schedule["kind"] == "step":
        return schedule.get("factor", 0.1) ** (t // schedule["every"])
    if schedule["kind"] == "cosine":
        left, floor = max(0, schedule["steps"] - t) / schedule["steps"], schedule.get("floor", 0)
        return floor + (1 - floor) * math.sin(math.pi / 2 * left) ** 2
    return 1.0


def kl_factor(warmup, step):
    """What the KL term's weight is multiplied by in step `step`, from 0."""
    return step / warmup if step < warmup else 1.0
