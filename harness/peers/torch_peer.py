"""The seed step in PyTorch: eager, torch.compile, or the whole step as one CUDA graph. Asked like peer.js beside it."""
import argparse
import json
import os
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

PIXELS, HIDDEN, LATENT = 784, (512, 256), 64
CHECKED_STEPS = 8

arguments = argparse.ArgumentParser()
arguments.add_argument('--batch', type=int, required=True)
arguments.add_argument('--images', required=True, help='bytes [n, 784]')
arguments.add_argument('--mode', choices=['eager', 'compile', 'graph'], default='eager')
args = arguments.parse_args()
cuda = torch.cuda.is_available()
device = 'cuda' if cuda else 'cpu'
torch.manual_seed(0)
if not cuda:
    torch.set_num_threads(os.cpu_count() or 1)  # a software adapter uses all of them, too


def chain(sizes, activate_last):
    layers = []
    for inputs, units in zip(sizes, sizes[1:]):
        layers += [nn.Linear(inputs, units), nn.ReLU()]
    return nn.Sequential(*(layers if activate_last else layers[:-1]))


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = chain([PIXELS, *HIDDEN], True)
        self.mean, self.log_var = nn.Linear(HIDDEN[-1], LATENT), nn.Linear(HIDDEN[-1], LATENT)
        self.decoder = chain([LATENT, *HIDDEN[::-1], PIXELS], False)

    def forward(self, x):
        h = self.encoder(x)
        mean, log_var = self.mean(h), self.log_var(h)
        return self.decoder(mean + torch.randn_like(mean) * torch.exp(0.5 * log_var)), mean, log_var


model = VAE().to(device)
options = {'fused': True} if cuda else {}
if cuda and args.mode != 'eager':
    options['capturable'] = True
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, **options)
with open(args.images, 'rb') as file:
    pixels = torch.frombuffer(bytearray(file.read()), dtype=torch.uint8).to(device).float() / 255
data = pixels[: len(pixels) // (args.batch * PIXELS) * args.batch * PIXELS].view(-1, args.batch, PIXELS)


def loss_of(x):
    logits, mean, log_var = model(x)
    bce = F.binary_cross_entropy_with_logits(logits, x, reduction='sum')
    return bce - 0.5 * torch.sum(1 + log_var - mean.pow(2) - log_var.exp())


if args.mode == 'compile':
    loss_of = torch.compile(loss_of, mode='max-autotune')


def eager_step(x):
    optimizer.zero_grad(set_to_none=True)
    loss = loss_of(x)
    loss.backward()
    optimizer.step()
    return loss


def captured_step():
    """Warms up, which trains three steps, and captures the fourth; every replay is a step with fresh noise."""
    static = data[0].clone()
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            eager_step(static)
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    optimizer.zero_grad(set_to_none=True)
    with torch.cuda.graph(graph):
        loss = loss_of(static)
        loss.backward()
        optimizer.step()

    def step(x):
        static.copy_(x)
        graph.replay()
        return loss

    return step


def synchronize():
    if cuda:
        torch.cuda.synchronize()


def tell(**message):
    print(json.dumps(message), flush=True)


losses, done, ms = [], 0, 0.0
untrained = [loss_of(data[0]).item() / args.batch] if args.mode == 'graph' else []
step = captured_step() if args.mode == 'graph' else eager_step
for _ in range(CHECKED_STEPS):
    start = time.perf_counter()
    losses.append(step(data[done % len(data)]).item() / args.batch)
    done += 1
    ms = (time.perf_counter() - start) * 1e3
name = torch.cuda.get_device_name() if cuda else f'CPU ({torch.get_num_threads()} threads)'
tell(bench='ready', version=torch.__version__, device=name, losses=untrained + losses, ms=ms)
for line in sys.stdin:
    steps = int(line.removeprefix('time '))
    synchronize()
    start = time.perf_counter()
    for _ in range(steps):
        loss = step(data[done % len(data)])
        done += 1
    synchronize()
    took = (time.perf_counter() - start) / steps * 1e3
    tell(bench='timed', ms=took, loss=loss.item() / args.batch)
