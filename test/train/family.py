#!/usr/bin/env python3
"""20 steps of every case of family-cases.json in PyTorch, in float64: each model of the family, each activation, loss,
corruption, optimizer, schedule, clipping.

Writes family.safetensors beside itself, and in the same way convolutions.safetensors from convolutions-cases.json and
importance.safetensors, of several samples of the code, from importance-cases.json; nobody runs this script unless a case is added or a step is defined anew (torch
1.13, as for reference.py):

    /usr/bin/python3 test/train/family.py            make it
    /usr/bin/python3 test/train/family.py --check    compare a fresh run with the committed file

A case is a ModelSpec (by its name in "models"), what createTrainer is told beside batch and seed, and which "data" are trained
on if not the images. The model and its loss
are harness/torch's, here in f64; each term is held to PyTorch's own class of that name (`by_pytorch`). Optimizers, schedules
and clipping are PyTorch's.
Order and noise are those of reference.py, which defines them. What is left is defined here:

  pixels      x = f32(u8) / f32(255), widened; -1..1: 2 x - 1
  corruption  of pixel e = row * 49 + column of the batch, from word e % 4 of counter [e // 4, step, 0, 7]: normal numbers
              by pairs, or chances; masked below the share, salt and pepper: black below half of it, white below the rest
  scaling     (x - offset) / scale, rounded to f32; the spec has the mean and deviation of NumPy
  learned variance  F.gaussian_nll_loss(full=True);  poisson: torch.distributions.Poisson
  classes     the label's one-hot, after the pixels and after the code
  samples K   eps of sample k of row r is row r K + k of [rows K, 6]; gradients are those of -(logsumexp of log w - log K) of
              each image, log w = log p(x|z) + (weight of the KL term) (log p(z) - log q(z|x)), by PyTorch's distributions; a
              variance's constant is left out; while the KL term's weight rises, what samples count does so by its share
  l1          F.l1_loss of the code against 0;  mse: F.mse_loss;  variance: F.gaussian_nll_loss less its constant
  codebook    vector k, if dead, becomes place floor(word / 2^32 * places) of the batch, row by row of each image's map, by word k % 4 of
              counter [k // 4, step, 0, 10]; the perplexity is of a batch, and weighs nothing
  sparsity    KL of two Bernoulli distributions, the second with the batch's mean code, summed over the code
  reduction   an image's loss is a sum over its pixels and its code (the sparsity term is one and the same for all of a
              batch); gradients are those of the batch's mean, or of its sum
  klWarmup N  in step t (from 0) the KL term weighs t / N of its weight, and all of it from step N on

Tensors in the file (SHAPES: the model's kind of code, with "classes" if it has them; PARAMETER as in reference.py):
  images                    U8  [56, 7, 7], the middle of those of reference.py
  colour                    U8  [56, 4, 4, 3], three windows of those, a channel each
  vectors                   F32 [56, 8], correlated, each column in a unit of its own
  counts                    F32 [56, 8], whole numbers >= 0
  labels                    U8  [56], 0 to 2
  initial/SHAPES/PARAMETER  F32 uniform in +-1/sqrt(fan_in), before step 0
  gradient/CASE/PARAMETER   F32 of step 0, before clipping and weight decay; left out where it is that of the case that
                            has the model's name
  final/CASE/PARAMETER      F32 after all 20 steps
  losses/CASE               F64 [20, 1 + terms] of each step before its update, divided by its rows: the loss that is
                            minimised (the KL with all of its weight), then its terms without their weights, those that
                            the model has of reconstruction, kl, importance, l1, sparsity, commitment, perplexity
"""
import copy
import json
import math
import pathlib
import sys

import numpy as np
import torch
from torch import nn
from torch.distributions import Bernoulli, Categorical, Normal, Poisson, kl_divergence
from torch.nn import functional as F

import reference
from optimizers import schedule_of
from reference import COUNT, SEED
from autoencoder import Autoencoder, in_range, loss_weights, one_hot
from layers import as_rows
from optim import optimizer_of

STEPS, SIDE, CLASSES = 20, 7, 3
CORRUPTION, CODEBOOK = 7, 10  # the fourth counter word
HERE = pathlib.Path(__file__)
# Each has its cases in a file of that name and -cases.json.
FILES = ["family", "convolutions", "importance"]


# ---- Data and weights ----

def make_images():
    middle = reference.make_images()[:, 1:1 + SIDE, 1:1 + SIDE]
    assert (middle == 0).any() and (middle == 255).any()
    return np.ascontiguousarray(middle)


def make_data():
    """What a case's "data" may be called. The fourth counter word is beyond those of reference.py and of the engine."""
    images = make_images()
    windows = reference.make_images()
    colour = np.stack([windows[:, at:at + 4, at:at + 4] for at in (1, 3, 5)], axis=3)
    codes = reference.normals(COUNT * 2, 0, 101).reshape(COUNT, 2)
    turns = reference.normals(2 * 8, 1, 101).reshape(2, 8)
    own = codes @ turns + 0.5 * reference.normals(COUNT * 8, 2, 101).reshape(COUNT, 8)
    vectors = (own * 10.0 ** np.arange(-3, 5) + 100 * np.arange(8)).astype(np.float32)
    counts = np.floor(np.exp(0.7 * own + 0.5)).astype(np.float32)
    assert (counts == 0).any() and 9 < counts.max() < 1000
    return {"images": images, "colour": np.ascontiguousarray(colour), "vectors": vectors, "counts": counts}


def pixels_of(data, spec):
    if data.dtype == np.uint8:
        return in_range(torch.from_numpy(data.reshape(COUNT, -1)), spec, torch.float64).numpy()
    x = data.astype(np.float64)
    if "scaling" not in spec:
        return x
    offset, scale = x.mean(0), x.std(0)
    assert np.allclose(spec["scaling"]["offset"], offset, 1e-12) and np.allclose(spec["scaling"]["scale"], scale, 1e-12)
    return ((x - spec["scaling"]["offset"]) / spec["scaling"]["scale"]).astype(np.float32).astype(np.float64)


def corrupted(x, spec, step):
    if "corruption" not in spec:
        return x
    kind, amount = spec["corruption"]["kind"], spec["corruption"]["amount"]
    black, span = (-1, 2) if spec.get("range") == "-1..1" else (0, 1)
    if kind == "gaussian":
        return x + span * amount * reference.normals(x.size, step, CORRUPTION).reshape(x.shape)
    chance = reference.unit(reference.words(math.ceil(x.size / 4), step, CORRUPTION))[:x.size].reshape(x.shape)
    assert kind in ("mask", "saltpepper")
    if kind == "mask":
        return np.where(chance < amount, black, x)
    return np.where(chance < amount / 2, black, np.where(chance < amount, black + span, x))


def drawn_places(places, codes, step):
    """A place for each vector of a codebook: a word as a share of 2^32."""
    words = reference.words(math.ceil(codes / 4), step, CODEBOOK)[:codes]
    return torch.from_numpy(((words * np.uint64(places)) >> np.uint64(32)).astype(np.int64))


def shapes_of(cases, model):
    """Models of one name have weights of the same shapes."""
    spec = cases["models"][model]
    if "image" in spec:
        return model
    size = "" if spec["inputs"] == SIDE * SIDE else f" {spec['inputs']}"
    learned = " learned" if spec["loss"].get("variance") == "learned" else ""
    return spec["code"]["kind"] + (" classes" if "classes" in spec else "") + size + learned


def autoencoder(spec):
    """What scaled numbers are is pixels_of's business."""
    own = {key: value for key, value in spec.items() if key != "scaling"}
    return Autoencoder(own, torch.float64)


NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.LayerNorm, nn.GroupNorm)


def make_weights(model):
    generator = torch.Generator().manual_seed(SEED)
    factors = {f"{name}.weight" for name, module in model.named_modules() if isinstance(module, NORMS)}
    weights, fan_in = {}, 1
    for name, parameter in tensors_of(model).items():
        # A bias has no inputs of its own: those of the weight before it, as in nn.Linear. A norm's numbers are near 1 and 0.
        if parameter.dim() > 1 and name not in factors:
            fan_in = math.prod(parameter.shape[1:])
        uniform = 2 * torch.rand(parameter.shape, generator=generator, dtype=torch.float64) - 1
        near_one = name in factors or name.endswith(("running_var", "codebook.counts"))
        weights[name] = (1 + uniform / 2 if near_one else uniform / math.sqrt(fan_in)).to(torch.float32).numpy()
    return weights


def tensors_of(model):
    """Parameters and running statistics; the count of batches is of no use to anybody."""
    kept = {name: value for name, value in model.named_buffers() if not name.endswith("num_batches_tracked")}
    return {**dict(model.named_parameters()), **kept}


# ---- The loss, once more ----

def by_pytorch(model, clean, seen, labels, eps, warm):
    """The terms with their weights, by PyTorch's own losses and divergences."""
    if "samples" in model.spec["loss"]:
        return importance_by_pytorch(model, clean, seen, labels, eps, warm)
    loss, weighted = model.spec["loss"], {}
    top, log_var = model.encode(seen, labels)
    code = Normal(top, torch.exp(log_var / 2)) if model.gaussian else None
    z = code.loc + code.scale * eps if code else top
    output = as_rows(model.decoder(model.joined(z, labels)))
    if loss["reconstruction"] == "bce":
        weighted["bce"] = F.binary_cross_entropy(output, clean, reduction="sum")
    elif loss["reconstruction"] == "poisson":
        weighted["poisson"] = -Poisson(output).log_prob(clean).sum()
    elif loss.get("variance") == "learned":
        variance = (torch.exp(model.log_sigma) + math.exp(-15)).square().expand_as(clean)
        weighted["gaussian"] = F.gaussian_nll_loss(output, clean, variance, full=True, eps=1e-20, reduction="sum")
    elif "variance" in loss:
        constant = clean.numel() * math.log(loss["variance"]) / 2
        variance = torch.full_like(clean, loss["variance"])
        weighted["mse"] = F.gaussian_nll_loss(output, clean, variance, reduction="sum") - constant
    else:
        weighted["mse"] = F.mse_loss(output, clean, reduction="sum")
    if code:
        divergence = kl_divergence(code, Normal(0.0, 1.0))
        if "freeBits" in loss:
            divergence = divergence.maximum(torch.full_like(divergence, loss["freeBits"]))
        rows = F.l1_loss(divergence.sum(1), torch.full((len(z),), loss.get("capacity", 0.0), dtype=z.dtype), reduction="sum")
        weighted["kl"] = loss.get("klWeight", 1) * rows
    if model.quantized:
        weighted["commitment"] = loss["commitment"] * F.mse_loss(model.top(seen, labels), z, reduction="sum")
        shares = torch.unique(model.codebook.nearest, return_counts=True)[1].double()
        weighted["perplexity"] = 0 * Categorical(shares).entropy().exp()
    if "l1" in loss:
        weighted["l1"] = loss["l1"] * F.l1_loss(z, torch.zeros_like(z), reduction="sum")
    if "sparsity" in loss:
        wanted = Bernoulli(torch.tensor(loss["sparsity"]["target"], dtype=torch.float64))
        weighted["sparsity"] = loss["sparsity"]["weight"] * len(z) * kl_divergence(wanted, Bernoulli(z.mean(0))).sum()
    return weighted


def log_weights(model, clean, seen, labels, eps, kl_factor=1):
    """Of several samples, [rows, samples]: log p(x|z), less a constant, and log p(z) - log q(z|x) to a power."""
    loss, samples = model.spec["loss"], model.spec["loss"]["samples"]
    mu, log_var = (x.unsqueeze(1) for x in model.encode(seen, labels))
    code = Normal(mu, torch.exp(log_var / 2))
    z = code.loc + code.scale * eps.view(len(mu), samples, -1)
    ratio = (Normal(0.0, 1.0).log_prob(z) - code.log_prob(z)).sum(2)
    rows = torch.cat([z, labels.unsqueeze(1).expand(-1, samples, -1)], 2).flatten(0, 1)
    wanted = clean.unsqueeze(1).expand(-1, samples, -1).flatten(0, 1)
    likelihood = likelihoods(model, loss, rows, wanted).view(len(mu), samples)
    return likelihood, ratio, likelihood + kl_factor * loss.get("klWeight", 1) * ratio


def likelihoods(model, loss, code, clean):
    """log p(x|z) of each row, by PyTorch's distributions."""
    output = as_rows(model.decoder(code))
    if loss["reconstruction"] == "bce":
        return -F.binary_cross_entropy(output, clean, reduction="none").sum(1)
    if loss["variance"] == "learned":
        return Normal(output, torch.exp(model.log_sigma) + math.exp(-15)).log_prob(clean).sum(1)
    deviation = math.sqrt(loss["variance"])
    return (Normal(output, deviation).log_prob(clean) - Normal(clean, deviation).log_prob(clean)).sum(1)


def importance_by_pytorch(model, *batch):
    """The terms with their weights."""
    likelihood, ratio, log_w = log_weights(model, *batch)
    shares, loss = Categorical(logits=log_w), model.spec["loss"]
    name = next(iter(loss_weights(model.spec)))
    return {name: -(shares.probs * likelihood).sum(), "kl": -loss.get("klWeight", 1) * (shares.probs * ratio).sum(),
            "importance": kl_divergence(shares, Categorical(logits=torch.zeros_like(log_w))).sum()}


# ---- The runs ----

def run(cases, case, data, labels, weights):
    """All 20 steps: the first gradients, the parameters after the last, the losses, the gradients' norms if clipped."""
    spec, options = cases["models"][case["model"]], case["options"]
    model = autoencoder(spec)
    first = weights[shapes_of(cases, case["model"])]
    with torch.no_grad():
        for name, tensor in tensors_of(model).items():
            tensor.copy_(torch.from_numpy(first[name]))
    optimizer = optimizer_of(model.parameters(), options["lr"], options.get("optimizer", {"kind": "adam"}))
    schedule = schedule_of(optimizer, options["lr"], options.get("schedule", {"kind": "constant"}))
    x_all = pixels_of(data[case.get("data", "images")], spec)
    one_hots = one_hot(torch.from_numpy(labels), spec, torch.float64)
    gradients, losses, norms = {}, [], []
    for step in range(STEPS):
        rows, eps = reference.batch_of(np.arange(COUNT), step)
        if "samples" in spec["loss"]:
            eps = reference.noise(len(rows) * spec["loss"]["samples"], step)
        clean, seen = x_all[rows], corrupted(x_all[rows], spec, step)
        clean, seen, eps = map(torch.from_numpy, (clean, seen, eps))
        batch = clean, seen, one_hots[rows], eps
        # Of several samples what is minimised is the bound by PyTorch alone; running statistics are told once.
        own = copy.deepcopy(model) if "samples" in spec["loss"] else model
        warm = min(1, step / options["klWarmup"]) if "klWarmup" in options else 1
        terms = dict(zip(loss_weights(spec), own(*batch, kl_factor=warm)))
        weighted = {name: weight * terms[name] for name, weight in loss_weights(spec).items()}
        for name, value in by_pytorch(copy.deepcopy(model), *batch, warm).items():  # a copy: running statistics are told once
            assert math.isclose(value.item(), weighted[name].item(), rel_tol=1e-11, abs_tol=1e-11), f"{case['name']}: {name}"
        losses.append([value.item() / len(rows) for value in [sum(weighted.values()), *terms.values()]])
        if "samples" in spec["loss"]:
            log_w = log_weights(model, *batch, warm)[-1]
            minimised = (math.log(log_w.shape[1]) - log_w.logsumexp(1)).sum()
            assert warm < 1 or math.isclose(minimised.item(), sum(weighted.values()).item(), rel_tol=1e-11), case["name"]
        else:
            if warm < 1:
                weighted["kl"] = warm * weighted["kl"]
            minimised = sum(weighted.values())
        optimizer.zero_grad()
        (minimised / (1 if options.get("reduction") == "sum" else len(rows))).backward()
        if step == 0:
            gradients = {name: p.grad.numpy().copy() for name, p in model.named_parameters()}
        if "clipNorm" in options:
            norms.append(nn.utils.clip_grad_norm_(model.parameters(), options["clipNorm"]).item())
        if model.quantized:
            model.codebook.update(lambda places: drawn_places(places, len(model.codebook.counts), step))
        optimizer.step()
        schedule.step()
    final = {name: p.detach().numpy().copy() for name, p in tensors_of(model).items()}
    return gradients, final, np.array(losses), norms


# ---- Whether the cases test what they are there for ----

def distance(got, want):
    """The largest relative L2 distance of a tensor; infinite between models of other shapes."""
    if {name: value.shape for name, value in got.items()} != {name: value.shape for name, value in want.items()}:
        return math.inf
    return max(np.linalg.norm(got[name] - want[name]) / np.linalg.norm(want[name]) for name in want)


def check_runs(cases, runs, weights):
    finals = {name: final for name, (_, final, _, _) in runs.items()}
    names = list(finals)
    least = min((distance(finals[a], finals[b]), a, b) for i, a in enumerate(names) for b in names[:i])
    assert least[0] > 1e-4, f"two cases come to nearly the same: {least}"
    for case in cases["cases"]:
        gradients, final, losses, norms = runs[case["name"]]
        limit = case["options"].get("clipNorm")
        if limit is not None:
            clipped = sum(norm > limit for norm in norms)
            assert clipped >= 4, f"{case['name']}: {clipped} steps of {STEPS} are clipped"
            assert ("not every" in case["name"]) == (clipped <= STEPS - 4), f"{case['name']}: {clipped} steps are clipped"
        first = weights[shapes_of(cases, case["model"])]
        moved = distance(*({name: values[name] for name in gradients} for values in (final, first)))
        assert 0.01 < moved < 1, f"{case['name']} moved by {moved}"
        assert losses[16:, 0].mean() < losses[:4, 0].mean(), f"{case['name']} does not learn"
        for name, gradient in gradients.items():
            assert np.linalg.norm(gradient) > 1e-3, f"{case['name']}: {name} has next to no gradient"
    print(f"nearest two cases: {least}")


# ---- The file ----

def make(cases):
    data = make_data()
    labels = (np.arange(COUNT) % CLASSES).astype(np.uint8)
    specs = {shapes_of(cases, model): spec for model, spec in cases["models"].items()}
    weights = {shapes: make_weights(autoencoder(spec)) for shapes, spec in specs.items()}
    runs = {case["name"]: run(cases, case, data, labels, weights) for case in cases["cases"]}
    check_runs(cases, runs, weights)
    used = {"images", *(case["data"] for case in cases["cases"] if "data" in case)}
    tensors = {**{name: values for name, values in data.items() if name in used}, "labels": labels}

    def put(folder, values):
        tensors.update({f"{folder}/{name}": value.astype(np.float32) for name, value in values.items()})

    for shapes, values in weights.items():
        put(f"initial/{shapes}", values)
    for case in cases["cases"]:
        name, model = case["name"], case["model"]
        gradients, final, losses, _ = runs[name]
        if name == model or distance(gradients, runs[model][0]) > 0:
            put(f"gradient/{name}", gradients)
        put(f"final/{name}", final)
        tensors[f"losses/{name}"] = losses
    return tensors


def compare(got, want):
    """Exact for what goes in; 1e-9 for losses, two ulps of f32 for the rest: another CPU's BLAS may round differently."""
    assert sorted(got) == sorted(want), "other tensors"
    for name in got:
        difference = np.linalg.norm(got[name].astype(float) - want[name]) / np.linalg.norm(want[name].astype(float))
        limit = {"losses": 1e-9, "gradient": 2**-22, "final": 2**-22}.get(name.split("/")[0], 0)
        assert difference <= limit, f"{name} differs by {difference:.1e} (relative L2), at most {limit}"


def main():
    torch.set_num_threads(1)
    for name in FILES:
        file = HERE.with_name(f"{name}.safetensors")
        cases = json.loads(HERE.with_name(f"{name}-cases.json").read_text())
        tensors = make(cases)
        data = reference.safetensors(tensors, "test/train/family.py")
        assert len(data) < 700_000
        if sys.argv[1:] == ["--check"]:
            compare(reference.read_safetensors(file.read_bytes()), tensors)
            print(f"{file.name} agrees with a fresh run")
            continue
        file.write_bytes(data)
        compare(reference.read_safetensors(file.read_bytes()), tensors)
        print(f"wrote {file.name}, {len(cases['cases'])} cases, {len(data)} bytes, torch {torch.__version__}")


if __name__ == "__main__":
    main()
