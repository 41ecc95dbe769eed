# Writes the fixtures of test/unit/pictures/picture-files.test.ts with Pillow: small pictures of every kind, and what is in them.
#   /usr/bin/python3 test/unit/pictures/pictures.py
import base64
import io
import json
import struct
import zlib

import numpy as np
from PIL import Image

H, W = 13, 11
y, x = np.mgrid[:H, :W]
grey = ((17 * x + 23 * y + (x * y) % 7 * 5) % 256).astype(np.uint8)
colour = np.stack([grey, (255 - 3 * x * y) % 256, (40 * x) % 256], 2).astype(np.uint8)
smooth = np.stack([100 + 5 * x + 3 * y, 200 - 6 * x, 60 + 7 * y], 2).astype(np.uint8)
alpha = np.full((H, W), 255, np.uint8)
alpha[::2] = 9
deep = (grey.astype(np.uint16) << 8) | 77

def entry(image, pixels, **options):
    file = io.BytesIO()
    image.save(file, **options)
    channels = 1 if pixels.ndim == 2 else 3
    return {"file": base64.b64encode(file.getvalue()).decode(), "height": pixels.shape[0], "width": pixels.shape[1],
            "channels": channels, "pixels": base64.b64encode(pixels.tobytes()).decode()}

def reread(image, mode, **options):
    """What Pillow itself reads of it, for what is lossy."""
    file = io.BytesIO()
    image.save(file, **options)
    return entry(image, np.asarray(Image.open(io.BytesIO(file.getvalue())).convert(mode)), **options)

def interlaced(values, depth, kind):
    """Pillow reads Adam7 and does not write it. Values of so many bits; 0: grey, 2: colour."""
    lines = b""
    for x0, y0, dx, dy in [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]:
        for line in values[y0::dy, x0::dx]:
            if line.size:
                bits = "".join(f"{v:0{depth}b}" for v in line.reshape(-1))
                lines += b"\0" + bytes(int(bits[i:i + 8].ljust(8, "0"), 2) for i in range(0, len(bits), 8))
    chunk = lambda name, data: struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    file = (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", W, H, depth, kind, 0, 0, 1))
            + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b""))
    pixels = np.asarray(Image.open(io.BytesIO(file)).convert("L" if kind == 0 else "RGB"))
    return {"file": base64.b64encode(file).decode(), "height": H, "width": W, "channels": 1 if kind == 0 else 3,
            "pixels": base64.b64encode(pixels.tobytes()).decode()}

png = {"format": "PNG"}
bits = Image.fromarray(grey).convert("1")
palette = Image.fromarray(colour).quantize(16)
two = Image.fromarray((grey // 64).astype(np.uint8), "P")
two.putpalette([0, 0, 0, 85, 85, 85, 170, 170, 170, 255, 255, 255])
jpeg = {"format": "JPEG", "quality": 90}
made = {
    "grey": entry(Image.fromarray(grey), grey, **png),
    "grey, one bit": entry(bits, np.asarray(bits.convert("L")), **png),
    "grey, 16 bits": entry(Image.fromarray(deep), grey, **png),
    "grey with alpha": entry(Image.merge("LA", [Image.fromarray(grey), Image.fromarray(alpha)]), grey, **png),
    "colour": entry(Image.fromarray(colour), colour, **png),
    "colour with alpha": entry(Image.fromarray(np.dstack([colour, alpha])), colour, **png),
    "palette of colours": entry(palette, np.asarray(palette.convert("RGB")), bits=4, **png),
    "palette of greys, two bits": entry(two, np.asarray(two.convert("L")), bits=2, **png),
    "interlaced, two bits": interlaced(grey // 64, 2, 0),
    "interlaced, colour": interlaced(colour, 8, 2),
    "grey JPEG": reread(Image.fromarray(smooth[:, :, 0].copy()), "L", **jpeg),
    "colour JPEG": reread(Image.fromarray(smooth), "RGB", subsampling=0, **jpeg),
    "progressive JPEG": reread(Image.fromarray(smooth), "RGB", subsampling=0, progressive=True, **jpeg),
    "subsampled JPEG": reread(Image.fromarray(smooth), "RGB", subsampling=2, **jpeg),
    "CMYK JPEG": reread(Image.fromarray(smooth).convert("CMYK"), "RGB", **jpeg),
}
resize = {}
for height, width in [(5, 4), (26, 22), (13, 3), (1, 1), (40, 7)]:
    for name, pixels in {"grey": grey, "colour": colour}.items():
        small = np.asarray(Image.fromarray(pixels).resize((width, height), Image.BILINEAR))
        resize[f"{name} {height}x{width}"] = base64.b64encode(small.tobytes()).decode()
with open("test/unit/pictures/pictures.json", "w", encoding="utf-8") as out:
    json.dump({"pictures": made, "resized": resize}, out, indent=1)
    out.write("\n")
