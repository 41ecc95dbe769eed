"""safetensors files for PyTorch: a u64 length, a JSON header { name: { dtype, shape, data_offsets } }, then the values,
row-major and little-endian. PyTorch and the standard library are enough. Source: github.com/huggingface/safetensors.

    from tensor_file import load, save
    save(model.state_dict(), "model.safetensors")
    model.load_state_dict(load("model.safetensors"))
"""
import ctypes
import json
import os
import struct
import sys

import torch

from errors import InputError

DTYPES = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16, "I64": torch.int64,
          "I32": torch.int32, "I16": torch.int16, "I8": torch.int8, "U8": torch.uint8, "BOOL": torch.bool}
METADATA = "__metadata__"
ALIGNMENT = 8  # of the data, as in files of the reference implementation


def load(path):
    """The tensors by name."""
    return load_with_metadata(path)[0]


def load_with_metadata(path):
    """The tensors by name, and the texts by key under __metadata__. Raises InputError naming the file and what is wrong."""
    assert sys.byteorder == "little", "tensors are stored little-endian, and this machine is not"
    try:
        with open(path, "rb") as file:
            data = bytearray(file.read())
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}), must be a safetensors file; name another") from error
    try:
        return _decode(data)
    except ValueError as error:
        raise InputError(f"{path} is no whole safetensors file: {error}") from error


def _decode(data):
    if len(data) < 8:
        raise ValueError(f"it has {len(data)} bytes, its header's length alone takes 8")
    (length,) = struct.unpack_from("<Q", data)
    if not 2 <= length <= len(data) - 8:
        raise ValueError(f"its header's length is {length}, must be 2 to {len(data) - 8} in a file of {len(data)} bytes")
    header = json.loads(data[8:8 + length].decode())
    metadata = header.pop(METADATA, {})
    start, end = 8 + length, 0
    tensors = {}
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        if entry["dtype"] not in DTYPES:
            raise ValueError(f'tensor "{name}" has dtype {entry["dtype"]}, must be one of {", ".join(DTYPES)}')
        begin, after = entry["data_offsets"]
        kind = torch.empty(0, dtype=DTYPES[entry["dtype"]])
        count = 1
        for size in entry["shape"]:
            count *= size
        if begin != end or after - begin != count * kind.element_size() or start + after > len(data):
            raise ValueError(f'tensor "{name}" of shape {entry["shape"]} has bytes {begin} to {after} of {len(data) - start}')
        # A copy, so that values are aligned wherever they lie in the file.
        values = torch.empty(count, dtype=kind.dtype)
        if count:
            ctypes.memmove(values.data_ptr(), bytes(data[start + begin:start + after]), after - begin)
        tensors[name] = values.reshape(entry["shape"])
        end = after
    if start + end != len(data):
        raise ValueError(f"it has {len(data) - start} bytes of data, its header describes {end}")
    return tensors, metadata


def encode(tensors, metadata=None):
    """The bytes of a file with these tensors, in their order."""
    names = {dtype: name for name, dtype in DTYPES.items()}
    header, parts, end = {}, [], 0
    if metadata:
        header[METADATA] = metadata
    for name, tensor in tensors.items():
        values = tensor.detach().cpu().contiguous()
        size = values.numel() * values.element_size()
        header[name] = {"dtype": names[values.dtype], "shape": list(values.shape), "data_offsets": [end, end + size]}
        parts.append(ctypes.string_at(values.data_ptr(), size) if size else b"")
        end += size
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % ALIGNMENT)
    return b"".join([struct.pack("<Q", len(text)), text, *parts])


def save(tensors, path, metadata=None):
    """Writes the file as a whole: under another name first, flushed, then renamed."""
    write_whole(path, encode(tensors, metadata))


def write_whole(path, contents):
    """Replaces the file as a whole; it is on the disk when this returns."""
    part = f"{path}.part"
    try:
        with open(part, "wb") as file:
            file.write(contents)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError:
        if os.path.exists(part):
            os.remove(part)
        raise
