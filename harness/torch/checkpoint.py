"""Checkpoints of latentgpu: read, and written so that `node harness/train.js --resume` takes them back.
Format: src/train/snapshot/snapshot.ts (tensors, spec, training, step, epochs, epoch, data) and
harness/lib/run-folder/checkpoints.ts (run).
"""
import json
import os
import re

import torch

from errors import InputError
from tensor_file import encode, load_with_metadata

VERSION = "1"
OPTIMIZER = "optimizer."
NAME = re.compile(r"^(?:layer-(\d+)-)?step-(\d+)\.safetensors$")
FOLDER = "checkpoints"


class Checkpoint:
    """
    spec, training, step, epochs, epoch, data: as in src/train/snapshot/snapshot.ts. run: what harness/train.js adds, or None.
    parameters: tensors by name. kept: tensors by buffer and name.
    """

    def __init__(self, path, metadata, parameters, kept):
        self.path, self.metadata, self.parameters, self.kept = path, metadata, parameters, kept
        read = lambda key: json.loads(metadata[key])
        self.spec, self.training, self.data = read("spec"), read("training"), read("data")
        self.step, self.epochs, self.epoch = read("step"), read("epochs"), read("epoch")
        self.run = read("run") if "run" in metadata else None


def read_checkpoint(path):
    """Raises InputError if the file is no checkpoint of this version."""
    tensors, metadata = load_with_metadata(path)
    if "checkpoint" not in metadata:
        raise InputError(f'{path} is no checkpoint: its metadata has no "checkpoint". Begin a run with these weights: '
                         f"node harness/train.js --init {path}, and come back with its folder")
    if metadata["checkpoint"] != VERSION:
        raise InputError(f"{path}: the checkpoint's format is version {metadata['checkpoint']}, must be {VERSION}")
    parameters, kept = {}, {}
    for name, tensor in tensors.items():
        if tensor.dtype != torch.float32:
            raise InputError(f'{path}: tensor "{name}" is {tensor.dtype}, must be F32')
        match = re.match(r"^optimizer\.([^.]+)\.(.+)$", name)
        if match:
            kept.setdefault(match[1], {})[match[2]] = tensor
        else:
            parameters[name] = tensor
    try:
        checkpoint = Checkpoint(path, metadata, parameters, kept)
    except (KeyError, ValueError) as error:
        raise InputError(f"{path}: its metadata are not those of a checkpoint ({error!r}); take another one") from error
    if "layer" in checkpoint.training:
        raise InputError(f"{path} is of the pretraining of layer {checkpoint.training['layer'] + 1}, which harness/torch does "
                         "not do; node harness/train.js --resume goes on to the training of the whole, then come back")
    return checkpoint


def find_checkpoint(place):
    """The newest whole checkpoint in a run's folder, or the file itself."""
    if os.path.isfile(place):
        return read_checkpoint(place)
    if not os.path.isdir(place):
        raise InputError(f"{place} does not exist, must be the folder of a run of harness/train.js, or a checkpoint")
    folder = os.path.join(place, FOLDER)
    names = checkpoint_names(folder)
    if not names:
        raise InputError(f"{place} has no checkpoint in {FOLDER}/, must be the folder of a run that wrote one")
    first = None
    for name in reversed(names):
        try:
            return read_checkpoint(os.path.join(folder, name))
        except InputError as error:
            first = first or error  # an older one may be whole
    raise first


def checkpoint_names(folder):
    """Names of the checkpoints in a folder, the earliest of the run first: layers are trained before the whole."""
    found = []
    for name in os.listdir(folder) if os.path.isdir(folder) else []:
        match = NAME.match(name)
        if match:
            found.append((float(match[1] or "inf"), int(match[2]), name))
    return [name for _, _, name in sorted(found)]


def checkpoint_name(step):
    return f"step-{step:06d}.safetensors"


def encode_checkpoint(checkpoint, *, training, step, epochs, epoch, run, parameters, kept):
    """The bytes of a checkpoint that goes on from `checkpoint`: its model and data, and this state."""
    metadata = {**checkpoint.metadata, "training": _json(training), "step": _json(step), "epochs": _json(epochs),
                "epoch": _json(epoch)}
    if run is not None:
        metadata["run"] = _json(run)
    tensors = dict(parameters)
    for buffer, by_name in kept.items():
        for name, tensor in by_name.items():
            tensors[f"{OPTIMIZER}{buffer}.{name}"] = tensor
    return encode(tensors, metadata)


def _json(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
