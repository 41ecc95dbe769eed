# Writes the fixtures of test/unit/data/npy-read.test.ts: arrays of every dtype, order and version, as NumPy itself writes them.
#   /usr/bin/python3 test/unit/data/npy-fixtures.py      (NumPy 1.24; the file is committed)
# One .npz archive holds them all: each .npy file as an array of its bytes, under a name that says what it is.
import io
import warnings

import numpy as np

warnings.simplefilter("ignore")
values = np.arange(24).reshape(2, 3, 4)
files = {}


def add(name, array, version=None):
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, version=version, allow_pickle=True)
    files[name] = np.frombuffer(buffer.getvalue(), np.uint8)


for dtype in ["|u1", "|i1", "<u2", ">u2", "<i2", ">i2", "<u4", ">u4", "<i4", ">i4", "<u8", ">u8", "<i8", ">i8",
              "<f2", ">f2", "<f4", ">f4", "<f8", ">f8"]:
    add(dtype, values.astype(dtype))
    add(f"{dtype} F", np.asfortranarray(values.astype(dtype)))
add("|b1", values % 3 == 0)
add("halves", np.array([0, 1, -2, 65504, 2**-14, 2**-24, np.inf, -np.inf, np.nan, 1 / 3], "<f2"))
add("negative", np.array([-1, -128, 127], "<i8"))
add("scalar", np.array(7, "<i4"))
add("empty", np.zeros((0, 5), "<f4"))
add("version 2", values.astype("<f4"), (2, 0))
add("version 3", values.astype("<f4"), (3, 0))
add("complex", values.astype("<c8"))
add("text", np.array(["a", "b"]))
add("bytes", np.array([b"a", b"b"]))
add("objects", np.array([None, 1], object))
add("records", np.array([(1, 2.0)], [("a", "<i4"), ("b", "<f4")]))
add("dates", np.array(["2020-01-01"], "<M8[D]"))
add("large", np.array([2**60], "<i8"))
np.savez_compressed("test/unit/data/numpy-arrays.npz", **files)
np.savez("test/unit/data/numpy-stored.npz", x_train=values[:, :, :2].astype("u1"), y_train=np.array([1, 0]))
