#!/usr/bin/env python3
"""What PyTorch's modules for feature maps make of some numbers, there and back, in float64: the meaning of the operations in
src/graph/operations/map-operations.ts.

Writes map-operations.safetensors beside itself; nobody runs this script unless a case is added (torch 1.13):

    /usr/bin/python3 test/train/map-operations.py            make it
    /usr/bin/python3 test/train/map-operations.py --check    compare a fresh run with the committed file

Maps are [examples * height * width, channels] in the file, as the engine has them; dense inputs are [examples, units].
Tensors of each case, F64; F32 what goes in, which is exact:
  CASE/x, CASE/dy    the input, and the gradient with respect to the output
  CASE/y, CASE/dx    the output, and the gradient with respect to the input
  CASE/affine        [2, n] weight and bias, in the engine's order, where there are such;  CASE/daffine their gradients
  CASE/running       [2, n] running_mean and running_var before, CASE/after after a training step, CASE/evaluated the
                     output of x by those after it, where there are such
"""
import pathlib
import sys

import torch
from torch import nn

from reference import compare, read_safetensors, safetensors

FILE = pathlib.Path(__file__).with_name("map-operations.safetensors")
EXAMPLES, HEIGHT, WIDTH, CHANNELS, UNITS = 3, 5, 4, 2, 5
MAP, DENSE = (EXAMPLES, CHANNELS, HEIGHT, WIDTH), (EXAMPLES, UNITS)

CASES = {
    "batch_norm/dense": (nn.BatchNorm1d(UNITS), DENSE),
    "batch_norm/map": (nn.BatchNorm2d(CHANNELS), MAP),
    "layer_norm/dense": (nn.LayerNorm(UNITS), DENSE),
    "layer_norm/map": (nn.LayerNorm(MAP[1:]), MAP),
    "group_norm/1": (nn.GroupNorm(1, CHANNELS), MAP),
    "group_norm/2": (nn.GroupNorm(2, CHANNELS), MAP),
    "max_pool2d/2 2 0": (nn.MaxPool2d(2, 2, 0), MAP),
    "max_pool2d/3 2 1": (nn.MaxPool2d(3, 2, 1), MAP),
    "avg_pool2d/2 2 0": (nn.AvgPool2d(2, 2, 0), MAP),
    "avg_pool2d/3 2 1": (nn.AvgPool2d(3, 2, 1), MAP),
    "upsample/nearest 2": (nn.Upsample(scale_factor=2, mode="nearest"), MAP),
    "upsample/nearest 3": (nn.Upsample(scale_factor=3, mode="nearest"), MAP),
    "upsample/bilinear 2": (nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False), MAP),
    "upsample/bilinear 3": (nn.Upsample(scale_factor=3, mode="bilinear", align_corners=False), MAP),
}


def numbers(generator, shape, low=-1.0, high=1.0):
    """Multiples of 1/8, so that some windows have equal numbers; the file is small then, too."""
    eighths = torch.randint(int(8 * low), int(8 * high) + 1, shape, generator=generator)
    return eighths.double() / 8


def inside(tensor):
    """[examples, channels, height, width] as the engine has it."""
    if tensor.dim() == 4:
        return tensor.permute(0, 2, 3, 1).reshape(-1, tensor.shape[1])
    return tensor


def affine_of(weight, bias):
    """Of a LayerNorm over maps [channels, height, width]: in the order of a map."""
    flat = [each.permute(1, 2, 0).reshape(-1) if each.dim() == 3 else each for each in (weight, bias)]
    return torch.stack(flat)


def run(module, shape, seed):
    generator = torch.Generator().manual_seed(seed)
    module = module.double().train()
    x = numbers(generator, shape).requires_grad_()
    found = {"x": inside(x)}
    if hasattr(module, "weight"):
        for parameter, low, high in ((module.weight, 0.5, 2), (module.bias, -1, 1)):
            parameter.data = numbers(generator, parameter.shape, low, high)
        found["affine"] = affine_of(module.weight, module.bias)
    if hasattr(module, "running_mean"):
        module.running_mean.copy_(numbers(generator, module.running_mean.shape))
        module.running_var.copy_(numbers(generator, module.running_var.shape, 0.5, 2))
        found["running"] = torch.stack([module.running_mean, module.running_var])
    y = module(x)
    dy = numbers(generator, y.shape)
    y.backward(dy)
    found |= {"dy": inside(dy), "y": inside(y), "dx": inside(x.grad)}
    if "affine" in found:
        found["daffine"] = affine_of(module.weight.grad, module.bias.grad)
    if "running" in found:
        found["after"] = torch.stack([module.running_mean, module.running_var])
        found["evaluated"] = inside(module.eval()(x))
    given = ("x", "dy", "affine", "running")
    return {
        name: tensor.detach().numpy().astype("float32" if name in given else "float64") for name, tensor in found.items()
    }


def make():
    return {
        f"{case}/{name}": values
        for seed, (case, (module, shape)) in enumerate(CASES.items())
        for name, values in run(module, shape, seed).items()
    }


def main():
    tensors = make()
    if sys.argv[1:] == ["--check"]:
        compare(read_safetensors(FILE.read_bytes()), tensors)
        print(f"{FILE.name} is what PyTorch makes: {len(tensors)} tensors")
        return
    data = safetensors(tensors, source="test/train/map-operations.py")
    FILE.write_bytes(data)
    print(f"{FILE.name}: {len(tensors)} tensors, {len(data)} bytes")


if __name__ == "__main__":
    main()
