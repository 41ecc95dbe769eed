"""The step in PyTorch: eager, torch.compile, or the whole step as one CUDA graph. Asked like peer.js beside it."""
import argparse
import json
import math
import os
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

CHECKED_STEPS = 8
QUIET_LOG_VAR = -20.0  # as in peer.js

arguments = argparse.ArgumentParser()
arguments.add_argument('--batch', type=int, required=True)
arguments.add_argument('--images', required=True, help='bytes [n, pixels]')
arguments.add_argument('--spec', required=True, help='the model, as JSON')
arguments.add_argument('--weights', required=True, help='its first weights, safetensors')
arguments.add_argument('--mode', choices=['eager', 'compile', 'graph'], default='eager')
args = arguments.parse_args()
cuda = torch.cuda.is_available()
device = 'cuda' if cuda else 'cpu'
torch.manual_seed(0)
if not cuda:
    torch.set_num_threads(os.cpu_count() or 1)  # a software adapter uses all of them, too


with open(args.spec, encoding='utf-8') as file:
    spec = json.load(file)
PIXELS, IMAGE = spec['inputs'], spec.get('image')


def read_weights(path):
    with open(path, 'rb') as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), 'little')))
        data = bytearray(file.read())
    header.pop('__metadata__', None)
    return {name: torch.frombuffer(data, dtype=torch.float32, offset=entry['data_offsets'][0],
                                   count=math.prod(entry['shape'])).reshape(entry['shape']).clone()
            for name, entry in header.items()}


class Part(nn.Sequential):
    """Layers of a spec. The parameters' names are the file's, the shapes, too."""

    def __init__(self, part, layers, weights):
        super().__init__()
        names = iter([name for name in weights if name.startswith(part + '.') and name.endswith('.weight')])
        for at, layer in enumerate(layers):
            kind = layer.get('kind', 'dense')
            if kind == 'flatten':
                self.append(nn.Flatten())
            elif kind == 'reshape':
                self.append(nn.Unflatten(1, (layer['channels'], layer['height'], layer['width'])))
            else:
                a, b = weights[next(names)].shape[:2]
                window = [layer[key] for key in ('kernel', 'stride', 'padding')] if kind != 'dense' else []
                self.append(nn.Conv2d(b, a, *window) if kind == 'conv' else
                            nn.ConvTranspose2d(a, b, *window) if kind == 'convTranspose' else nn.Linear(b, a))
                if part == 'encoder' or at < len(layers) - 1:  # the loss takes logits
                    self.append(nn.ReLU())


class VAE(nn.Module):
    def __init__(self, weights):
        super().__init__()
        self.encoder = Part('encoder', spec['encoder'], weights)
        units, inputs = weights['mu.weight'].shape
        self.mu, self.log_var = nn.Linear(inputs, units), nn.Linear(inputs, units)
        self.decoder = Part('decoder', spec['decoder'], weights)
        self.convolutional = spec['encoder'][0].get('kind') == 'conv'

    def forward(self, x):
        if self.convolutional:
            x = x.view(-1, IMAGE['channels'], IMAGE['height'], IMAGE['width'])
        h = self.encoder(x)
        mean, log_var = self.mu(h), self.log_var(h)
        return self.decoder(mean + torch.randn_like(mean) * torch.exp(0.5 * log_var)).flatten(1), mean, log_var


weights = read_weights(args.weights)
model = VAE(weights).to(device)
options = {'fused': True} if cuda else {}
if cuda and args.mode != 'eager':
    options['capturable'] = True


def begin(values):
    """At step 0, with these weights and a new optimizer."""
    global optimizer
    model.load_state_dict(values)
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


begin({**weights, 'log_var.bias': torch.full_like(weights['log_var.bias'], QUIET_LOG_VAR)})
agreed = [eager_step(data[0]).item() / args.batch for _ in range(CHECKED_STEPS)]
begin(weights)
losses, done, ms = [], 0, 0.0
untrained = [loss_of(data[0]).item() / args.batch] if args.mode == 'graph' else []
step = captured_step() if args.mode == 'graph' else eager_step
for _ in range(CHECKED_STEPS):
    start = time.perf_counter()
    losses.append(step(data[done % len(data)]).item() / args.batch)
    done += 1
    ms = (time.perf_counter() - start) * 1e3
name = torch.cuda.get_device_name() if cuda else f'CPU ({torch.get_num_threads()} threads)'
tell(bench='ready', version=torch.__version__, device=name, agreed=agreed, losses=untrained + losses, ms=ms)
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
