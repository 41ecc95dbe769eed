#!/usr/bin/env python3
"""The training run that the engine is tested against: 30 steps of a small VAE in PyTorch, everything in float64.

Writes reference.safetensors beside itself. test/train/ reads that file; nobody runs this script unless the definition of
a step changes. To make the file again (Debian 12: apt-get install python3-torch python3-numpy; torch 1.13, numpy 1.24):

    /usr/bin/python3 test/train/reference.py            make it
    /usr/bin/python3 test/train/reference.py --check    compare a fresh run with the committed file

The run has what can go silently wrong in a replayed plan: a short last batch (56 images, 16 a batch: 16 16 16 8), a new
order in each of 7.5 epochs, fresh noise and Adam's bias correction at each step. Measured, as the worst relative change
of (a loss, a final tensor): the same run in float32 (1e-6, 2e-6); lr off by 1% (2e-2, 5e-3); beta2 0.99 (7e-3, 4e-3);
order or noise the same in each epoch (0.3, 5e-2); bias correction stuck at step 1 (1, 0.2). Adam's eps 1e-7 hardly shows
(6e-6, 7e-5): a test of Adam alone has to hold that.

Definitions, the same as src/random.ts (Philox, noise and order are written again here, from the formulas):
  pixels      x = float32(u8) / float32(255), rounded to float32, then widened
  step s      counts from 0 over the whole run; epoch n = s // 4, batch b = s % 4 of that epoch
  rows        batch b has positions 16b .. min(16b + 16, 56) - 1; position p holds image permute(p, 56, seed, n)
  noise       eps[row, col] = word e % 4 of counter [e // 4, s, 0, 2] by Box-Muller, e = row * 6 + col
  loss        sum over the batch of (BCE from logits summed over pixels + KL), in nats; gradients are of that sum,
              NOT divided by the rows of the batch
  Adam        lr 1e-3, betas 0.9 and 0.999, eps 1e-8 (Kingma & Ba 2015, PyTorch's form)

Tensors in the file (PARAMETER: encoder.0.weight [48, 100], ... in PyTorch's layout [out, in]):
  images               U8  [56, 10, 10]
  initial/PARAMETER    F32 uniform in +-1/sqrt(fan_in), before step 0
  gradient/PARAMETER   F64 of step 0, the first
  final/PARAMETER      F64 after all 30 steps
  losses               F64 [30, 3] loss, bce, kl of each step before its update, nats an image (divided by its rows)
"""
import json
import math
import pathlib
import struct
import sys

import numpy as np
import torch

# The family in PyTorch, which users have too; scripts beside this one import it.
sys.path.insert(1, str(pathlib.Path(__file__).parents[2] / "harness" / "torch"))

SEED = 1234
SIDE, COUNT = 10, 56
PIXELS, HIDDEN, LATENT = SIDE * SIDE, [48, 24], 6
BATCH, STEPS = 16, 30
STEPS_PER_EPOCH = math.ceil(COUNT / BATCH)
NOISE, SHUFFLE, DATA = 2, 3, 6  # the fourth counter word: what a number is drawn for
FILE = pathlib.Path(__file__).with_name("reference.safetensors")


# ---- Random numbers: Philox4x32-10 (Salmon et al., SC 2011) ----

def philox(counters, key):
    """[n, 4] counters and two key words to [n, 4] words; u32 values held in uint64, so that products do not wrap."""
    low = np.uint64(0xFFFFFFFF)
    shift = np.uint64(32)
    c = np.asarray(counters, dtype=np.uint64)
    k0, k1 = key
    for _ in range(10):
        p0 = np.uint64(0xD2511F53) * c[:, 0]
        p1 = np.uint64(0xCD9E8D57) * c[:, 2]
        c = np.stack([(p1 >> shift) ^ c[:, 1] ^ np.uint64(k0), p1 & low,
                      (p0 >> shift) ^ c[:, 3] ^ np.uint64(k1), p0 & low], axis=1)
        k0, k1 = (k0 + 0x9E3779B9) % 2**32, (k1 + 0xBB67AE85) % 2**32
    return c


def key_of(seed):
    return seed % 2**32, seed // 2**32


def words(blocks, step, stream):
    """The 4 * blocks words of counters [0 .. blocks-1, step, 0, stream], in order."""
    counters = [[block, step, 0, stream] for block in range(blocks)]
    return philox(counters, key_of(SEED)).reshape(-1)


def unit(word):
    return (word >> np.uint64(8)).astype(np.float64) / 2**24


def open_unit(word):
    return ((word >> np.uint64(9)).astype(np.float64) + 0.5) / 2**23


def normals(count, step, stream):
    """Standard normals. Words (0, 1) and (2, 3) of a counter are pairs: radius and angle."""
    pairs = words(math.ceil(count / 4), step, stream).reshape(-1, 2)
    radius = np.sqrt(-2 * np.log(open_unit(pairs[:, 0])))
    angle = 2 * np.pi * unit(pairs[:, 1])
    values = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return values.reshape(-1)[:count]


def noise(rows, step):
    """[rows, LATENT] standard normals."""
    return normals(rows * LATENT, step, NOISE).reshape(rows, LATENT)


def permute(position, count, seed, epoch):
    """Eight Feistel rounds over the smallest 4^h >= count, walked until the value is below count."""
    round_keys = philox([[0, epoch, 0, SHUFFLE], [1, epoch, 0, SHUFFLE]], key_of(seed)).reshape(-1)
    half = 3
    while 4**half < count:
        half += 1
    value = position
    while True:
        left, right = divmod(value, 2**half)
        for round_key in round_keys:
            product = 0xD2511F53 * (right ^ int(round_key))
            folded = (product // 2**32) ^ (product % 2**32)
            left, right = right, (left ^ folded) % 2**half
        value = left * 2**half + right
        if value < count:
            return value


def check_random_numbers():
    pi = ["243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"]
    zeros = ["00000000 " * 4, "00000000 " * 2, "6627e8d5 e169c58d bc57ac4c 9b00dbd8"]
    ones = ["ffffffff " * 4, "ffffffff " * 2, "408f276d 41c83b0e a20bc7c6 6d5451fd"]
    for counter, key, want in [zeros, ones, pi]:  # Random123's known answers
        numbers = [[int(word, 16) for word in text.split()] for text in (counter, key, want)]
        assert philox([numbers[0]], numbers[1])[0].tolist() == numbers[2], counter
    for epoch in range(8):
        assert sorted(permute(p, COUNT, SEED, epoch) for p in range(COUNT)) == list(range(COUNT))
    many = np.concatenate([noise(BATCH, step).reshape(-1) for step in range(200)])
    assert abs(many.mean()) < 0.03 and abs(many.std() - 1) < 0.03


# ---- Data and weights ----

def make_images():
    """Three soft blobs an image, some of them clipped, so that pixels of exactly 0 and 255 occur."""
    draws = unit(words(COUNT * 3, 0, DATA)).reshape(COUNT, 3, 4)  # x, y, radius, height of each blob
    at = np.arange(SIDE)
    images = np.zeros((COUNT, SIDE, SIDE))
    for blob in range(3):
        x, y, radius, height = (draws[:, blob, i, None, None] for i in range(4))
        distance = (at[None, None, :] - 9 * x) ** 2 + (at[None, :, None] - 9 * y) ** 2
        images += (0.4 + 0.9 * height) * np.exp(-distance / (1 + 2 * radius) ** 2 / 2)
    return np.floor(255 * np.clip(images - 0.05, 0, 1) + 0.5).astype(np.uint8)


def pixels_of(images):
    x = images.reshape(COUNT, PIXELS).astype(np.float32) / np.float32(255)
    assert x.dtype == np.float32
    return x.astype(np.float64)


def parameter_shapes():
    """Names and [out, in] of the linear layers, as torch.nn.Sequential numbers them (ReLU takes the odd ones)."""
    first, second = HIDDEN
    return {"encoder.0": (first, PIXELS), "encoder.2": (second, first), "mu": (LATENT, second),
            "log_var": (LATENT, second), "decoder.0": (second, LATENT), "decoder.2": (first, second),
            "decoder.4": (PIXELS, first)}


def make_weights():
    generator = torch.Generator().manual_seed(SEED)
    weights = {}
    for layer, (out_size, in_size) in parameter_shapes().items():
        bound = 1 / math.sqrt(in_size)
        for name, shape in ((f"{layer}.weight", (out_size, in_size)), (f"{layer}.bias", (out_size,))):
            uniform = torch.rand(shape, generator=generator, dtype=torch.float64)
            weights[name] = ((2 * uniform - 1) * bound).to(torch.float32).numpy()
    return weights


def batch_of(x, step):
    """Pixels [rows, PIXELS] and noise [rows, LATENT] of one step."""
    epoch, batch = divmod(step, STEPS_PER_EPOCH)
    positions = range(batch * BATCH, min(batch * BATCH + BATCH, COUNT))
    rows = [permute(position, COUNT, SEED, epoch) for position in positions]
    return x[rows], noise(len(rows), step)


# ---- The run ----

def loss_torch(parameters, x, eps):
    """Sums over the batch of BCE and KL."""
    def linear(name, value):
        return torch.nn.functional.linear(value, parameters[f"{name}.weight"], parameters[f"{name}.bias"])

    hidden = torch.relu(linear("encoder.2", torch.relu(linear("encoder.0", x))))
    mu, log_var = linear("mu", hidden), linear("log_var", hidden)
    z = mu + eps * torch.exp(0.5 * log_var)
    logits = linear("decoder.4", torch.relu(linear("decoder.2", torch.relu(linear("decoder.0", z)))))
    bce = torch.nn.functional.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    kl = -0.5 * torch.sum(1 + log_var - mu.pow(2) - log_var.exp())
    return bce, kl


def run(images, weights):
    """All 30 steps. Returns the first gradients, the parameters after the first and the last step, the losses."""
    parameters = {name: torch.tensor(value, dtype=torch.float64, requires_grad=True)
                  for name, value in weights.items()}
    optimizer = torch.optim.Adam(parameters.values(), lr=1e-3, betas=(0.9, 0.999), eps=1e-8)
    copy = lambda: {name: p.detach().numpy().copy() for name, p in parameters.items()}
    x_all = pixels_of(images)
    gradients, first, losses = {}, {}, []
    for step in range(STEPS):
        x, eps = batch_of(x_all, step)
        bce, kl = loss_torch(parameters, torch.from_numpy(x), torch.from_numpy(eps))
        optimizer.zero_grad()
        (bce + kl).backward()
        losses.append([(bce + kl).item() / len(x), bce.item() / len(x), kl.item() / len(x)])
        if step == 0:
            gradients = {name: p.grad.numpy().copy() for name, p in parameters.items()}
        optimizer.step()
        if step == 0:
            first = copy()
    return gradients, first, copy(), np.array(losses)


# ---- Checks that do not lean on torch ----

def loss_numpy(parameters, x, eps):
    """The same two sums in numpy, BCE by its textbook form (fine in float64 at these logits)."""
    def linear(name, value):
        return value @ parameters[f"{name}.weight"].T + parameters[f"{name}.bias"]

    relu = lambda value: np.maximum(value, 0)
    hidden = relu(linear("encoder.2", relu(linear("encoder.0", x))))
    mu, log_var = linear("mu", hidden), linear("log_var", hidden)
    z = mu + eps * np.sqrt(np.exp(log_var))
    s = 1 / (1 + np.exp(-linear("decoder.4", relu(linear("decoder.2", relu(linear("decoder.0", z)))))))
    bce = -np.sum(x * np.log(s) + (1 - x) * np.log(1 - s))
    kl = np.sum((mu**2 + np.exp(log_var) - log_var - 1) / 2)
    return bce, kl


def check_run(images, weights, gradients, first, losses):
    x, eps = batch_of(pixels_of(images), 0)
    wide = {name: value.astype(np.float64) for name, value in weights.items()}
    bce, kl = loss_numpy(wide, x, eps)
    assert np.allclose(losses[0], np.array([bce + kl, bce, kl]) / len(x), rtol=1e-12, atol=0)
    assert abs(losses[0, 1] - PIXELS * math.log(2)) < 3, "an untrained decoder knows nothing: ln 2 a pixel"
    direction = np.random.RandomState(0)
    for name, gradient in gradients.items():
        along = direction.standard_normal(gradient.shape)
        along *= 1e-6 / np.linalg.norm(along)
        plus, minus = (sum(loss_numpy({**wide, name: wide[name] + sign * along}, x, eps)) for sign in (1, -1))
        slope, want = (plus - minus) / 2, np.sum(gradient * along)
        assert abs(slope - want) < 1e-4 * np.linalg.norm(gradient) * 1e-6, (name, slope, want)
        assert np.linalg.norm(gradient) > 1e-3, f"{name} has next to no gradient: a poor test"
        # Bias correction makes Adam's first step lr * g / (|g| + eps), whatever the betas are.
        step = wide[name] - first[name]
        assert np.allclose(step, 1e-3 * gradient / (np.abs(gradient) + 1e-8), rtol=1e-6, atol=1e-15), name


# ---- The file: safetensors (u64 length of the header, JSON header, values) ----

TYPES = {"float64": "F64", "float32": "F32", "uint8": "U8"}


def safetensors(tensors, source="test/train/reference.py"):
    """Widest types first and a header padded to 8 bytes, so that each tensor is aligned to its type."""
    ordered = sorted(tensors.items(), key=lambda item: -item[1].itemsize)
    header, at = {"__metadata__": {"source": source, "seed": str(SEED)}}, 0
    for name, value in ordered:
        header[name] = {"dtype": TYPES[value.dtype.name], "shape": list(value.shape),
                        "data_offsets": [at, at + value.nbytes]}
        at += value.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    body = b"".join(np.ascontiguousarray(value).tobytes() for _, value in ordered)  # little-endian, as x86 and ARM are
    return struct.pack("<Q", len(text)) + text + body


def read_safetensors(data):
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    types = {code: name for name, code in TYPES.items()}
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = (8 + length + offset for offset in entry["data_offsets"])
            tensors[name] = np.frombuffer(data[begin:end], types[entry["dtype"]]).reshape(entry["shape"])
    return tensors


def make():
    images, weights = make_images(), make_weights()
    gradients, first, final, losses = run(images, weights)
    check_run(images, weights, gradients, first, losses)
    tensors = {"images": images, "losses": losses}
    for folder, values in (("initial", weights), ("gradient", gradients), ("final", final)):
        tensors.update({f"{folder}/{name}": value for name, value in values.items()})
    return tensors


def compare(got, want):
    """Exact for what goes in, 1e-9 for what comes out: another CPU's BLAS may round differently."""
    assert sorted(got) == sorted(want), "other tensors"
    for name in got:
        difference = np.linalg.norm(got[name].astype(float) - want[name]) / np.linalg.norm(want[name].astype(float))
        limit = 1e-9 if got[name].dtype == np.float64 else 0
        assert difference <= limit, f"{name} differs by {difference:.1e} (relative L2), at most {limit}"


def main():
    torch.set_num_threads(1)
    check_random_numbers()
    tensors = make()
    data = safetensors(tensors)
    assert data == safetensors(make()), "two runs differ"
    assert len(data) < 600_000
    if sys.argv[1:] == ["--check"]:
        compare(read_safetensors(FILE.read_bytes()), tensors)
        print(f"{FILE.name} agrees with a fresh run")
        return
    FILE.write_bytes(data)
    compare(read_safetensors(FILE.read_bytes()), tensors)
    for step in (0, 3, STEPS - 1):
        print(f"step {step}: loss {tensors['losses'][step, 0]:.4f}, bce {tensors['losses'][step, 1]:.4f}, "
              f"kl {tensors['losses'][step, 2]:.4f} nats an image")
    print(f"wrote {FILE.name}, {len(data)} bytes, torch {torch.__version__}, numpy {np.__version__}")


if __name__ == "__main__":
    main()
