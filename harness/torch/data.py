"""Images from IDX files, as harness/train.js reads them, and whether they are those that a checkpoint was trained on.
Nothing is downloaded: `node harness/torch/data.js RUN --out DIR` writes the images of a run as IDX files.
"""
import gzip
import hashlib
import os
import struct
import zlib

import torch

from errors import InputError
from order import SPLIT, permute

NAMED = ["mnist", "fashion-mnist"]
PARTS = ("train", "validation", "test")


class Images:
    """pixels: uint8 [count, height * width]; labels: uint8 [count] or None."""

    def __init__(self, pixels, size, labels):
        self.pixels, self.size, self.labels = pixels, size, labels

    def __len__(self):
        return len(self.pixels)

    def some(self, rows):
        return Images(self.pixels[rows].contiguous(), self.size, None if self.labels is None else self.labels[rows].contiguous())

    def to(self, device):
        return Images(self.pixels.to(device), self.size, None if self.labels is None else self.labels.to(device))

    def identity(self):
        """As src/train/snapshot/identity.ts tells it."""
        told = {"count": len(self), "height": self.size[0], "width": self.size[1], "pixels": _sha256(self.pixels)}
        return told if self.labels is None else {**told, "labels": _sha256(self.labels)}


def _sha256(values):
    import ctypes
    return hashlib.sha256(ctypes.string_at(values.data_ptr(), values.numel())).hexdigest()


def find_folder(choice, run):
    """The folder of IDX files that --data means: one of its own, or a named data set's in the cache or the system's folder."""
    how = f"node harness/torch/data.js {run} --out DIR writes the run's images, then give --data DIR"
    if choice is None:
        raise InputError(f"the checkpoint does not say which data it was trained on; give --data, the folder of its IDX files")
    if choice == "digits":
        raise InputError(f"--data digits: these images are drawn by JavaScript; {how}")
    if choice not in NAMED:
        if os.path.isdir(choice):
            return choice
        what = "is a file" if os.path.exists(choice) else "does not exist"
        raise InputError(f"--data {choice} {what}, must be {', '.join(NAMED)} or a folder of IDX files")
    home = os.path.expanduser("~")
    xdg = os.environ.get("XDG_CACHE_HOME", "")
    cache = os.environ.get("LATENTGPU_DATA_CACHE") or os.path.join(
        xdg if os.path.isabs(xdg) else os.path.join(home, ".cache"), "latentgpu")
    system = os.environ.get("LATENTGPU_DATA_SYSTEM") or "/usr/share/datasets"
    folders = [os.path.join(place, choice) for place in (cache, system)]
    for folder in folders:
        if all(_file(folder, part, kind) for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")):
            return folder
    raise InputError(f"--data {choice}: it is neither in {folders[0]} nor in {folders[1]}; where there is Node, {how}")


def load_folder(folder):
    """Training and test images."""
    train, test = (_images(folder, part) for part in ("train", "t10k"))
    if train.size != test.size:
        raise InputError(f"{folder}: training images are {_by(train.size)} and test images {_by(test.size)}, must have one size")
    return train, test


def choose(train, test, limit=None, validation=None, seed=0):
    """The parts that a run uses: its --limit, and its --validation held out by the seed (src/data/hold-out.ts)."""
    if limit is not None:
        train = train.some(slice(0, limit))
    if validation is None:
        return {"train": train, "test": test}
    count = len(train)
    held = max(1, int(validation * count + 0.5))
    mark = torch.zeros(count, dtype=torch.bool)
    mark[permute(torch.arange(held), count, seed, SPLIT)] = True
    return {"train": train.some(~mark), "validation": train.some(mark), "test": test}


def difference(now, then):
    """What differs between two identities, in words; None if nothing does. Names do not count."""
    for part in PARTS:
        if (part in now) != (part in then):
            return f"{part} images are {'given' if part in now else 'missing'}, and were {'given' if part in then else 'not'} then"
        for field in ("count", "height", "width", "pixels", "labels") if part in now else ():
            is_, was = now[part].get(field), then[part].get(field)
            if is_ != was and field in ("pixels", "labels"):
                return f"the {field} of the {part} images are others (their SHA-256 differs)"
            if is_ != was:
                return f"{part}.{field} is {is_}, was {was}"
    return None


def _file(folder, part, kind):
    for name in (f"{part}-{kind}-ubyte", f"{part}-{kind.replace('-idx', '.idx')}-ubyte"):
        for end in ("", ".gz"):
            path = os.path.join(folder, name + end)
            if os.path.exists(path):
                return path
    return None


def _images(folder, part):
    path = _file(folder, part, "images-idx3")
    if path is None:
        raise InputError(f"{folder} has no file {part}-images-idx3-ubyte or {part}-images-idx3-ubyte.gz; "
                         f"must have the {'training' if part == 'train' else 'test'} images under one of these names")
    (count, height, width), pixels = _idx(path, 3)
    labelled = _file(folder, part, "labels-idx1")
    labels = None
    if labelled is not None:
        (marks,), labels = _idx(labelled, 1)
        if marks != count:
            raise InputError(f"{labelled} has {marks} labels, must have one for each of the {count} images in {path}")
    return Images(pixels.reshape(count, height * width), (height, width), labels)


def _idx(path, rank):
    """Sizes and values of an IDX file of unsigned bytes, plain or gzipped."""
    try:
        with open(path, "rb") as file:
            data = file.read()
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path} cannot be read ({error}); fetch it again") from error
    if len(data) < 4 + 4 * rank or data[:4] != bytes([0, 0, 8, rank]):
        raise InputError(f"{path} begins {data[:4].hex(' ')}, must begin 00 00 08 0{rank}: IDX of unsigned bytes")
    sizes = struct.unpack_from(f">{rank}I", data, 4)
    count = 1
    for size in sizes:
        count *= size
    if len(data) != 4 + 4 * rank + count or count == 0:
        raise InputError(f"{path} has {len(data)} bytes, its sizes {list(sizes)} need {4 + 4 * rank + count}; fetch it again")
    return sizes, torch.frombuffer(bytearray(data[4 + 4 * rank:]), dtype=torch.uint8)


def _by(size):
    return f"{size[0]}x{size[1]}"
