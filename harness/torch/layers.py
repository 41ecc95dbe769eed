"""The layers of an encoder or a decoder as a Sequential whose parameters have the names and shapes of model.safetensors.

Kinds: src/model/layers.ts; names and shape rules: src/model/places.ts. Rows of numbers have the channels innermost, as the engine's data have;
feature maps inside the Sequential have them first, as PyTorch's.
"""
import torch
from torch import nn

ACTIVATIONS = {"identity": nn.Identity, "relu": nn.ReLU, "sigmoid": nn.Sigmoid, "leaky-relu": nn.LeakyReLU,
               "elu": nn.ELU, "gelu": lambda: nn.GELU(approximate="tanh"), "silu": nn.SiLU, "softplus": nn.Softplus,
               "tanh": nn.Tanh, "exp": lambda: Rate()}
EXP_MOST = 20  # the largest x whose exp counts
WINDOW = ["kernel", "stride", "padding", "dilation"]
# Every key of a layer, by its kind.
KEYS = {"linear": ["kind", "units", "activation"],
        "conv": ["kind", "channels", "groups", "bias", "activation", *WINDOW],
        "convTranspose": ["kind", "channels", "groups", "bias", "activation", "outputPadding", *WINDOW],
        "flatten": ["kind"],
        "reshape": ["kind", "height", "width", "channels"],
        "batchNorm": ["kind", "activation"],
        "layerNorm": ["kind", "activation"],
        "groupNorm": ["kind", "groups", "activation"],
        "dropout": ["kind", "probability"],
        "maxPool": ["kind", "kernel", "stride", "padding"],
        "avgPool": ["kind", "kernel", "stride", "padding"],
        "upsample": ["kind", "factor", "mode"],
        "residual": ["kind", "layers", "activation"]}
# What keeps the shape of what it gets.
KEEPING = ["batchNorm", "layerNorm", "groupNorm", "dropout"]


class Rate(nn.Module):
    """exp of at most EXP_MOST: the rates of counts."""
    def forward(self, log_rates):
        return log_rates.clamp(max=EXP_MOST).exp()


def kind_of(layer):
    return layer.get("kind", "linear")


def takes_map(layers):
    """Whether a list takes an image's places, not all of its numbers: the first layer that looks at the shape says it."""
    kinds = [kind_of(layer) for layer in unwrapped(layers) if kind_of(layer) not in KEEPING]
    return bool(kinds) and kinds[0] != "linear"


def unwrapped(layers):
    """With the layers inside a residual, however deep, in its place."""
    return [inner for layer in layers for inner in (unwrapped(layer["layers"]) if "layers" in layer else [layer])]


def pair(value):
    return tuple(value) if isinstance(value, list) else (value, value)


def as_map(rows, image):
    """[n, height * width * channels] -> [n, channels, height, width]"""
    return rows.reshape(len(rows), image["height"], image["width"], image["channels"]).permute(0, 3, 1, 2)


def as_rows(value):
    """The reverse; what are rows already stay as they are."""
    return value.permute(0, 2, 3, 1).reshape(len(value), -1) if value.dim() == 4 else value


class Residual(nn.Module):
    """x + f(x)"""
    def __init__(self, layers):
        super().__init__()
        self.layers = layers

    def forward(self, x):
        return x + self.layers(x)


class Chain(nn.Sequential):
    """`labels` [n, classes] join where a feature map is flattened; `start` is a row's width, or an image's sizes."""

    def __init__(self, layers, start, classes, dtype):
        # Linear layers alone count a module for each activation, even where it is none.
        modules, always = [], all(kind_of(layer) == "linear" for layer in layers)
        sizes = (start,) if isinstance(start, int) else (start["channels"], start["height"], start["width"])
        value = torch.zeros(1, *sizes, dtype=dtype)
        joined = torch.zeros(1, classes, dtype=dtype)
        # What people are told of, as the engine tells it (layerSizes of src/model/places.ts).
        told = [_size_text(value)]
        for layer in layers:
            module = _module(layer, value).to(dtype)
            value = module.eval()(value)  # running statistics stay as they are
            if kind_of(layer) not in [*KEEPING, "flatten", "reshape", "residual"]:
                told.append(_size_text(value))
            if isinstance(module, nn.Flatten):
                value = torch.cat([value, joined], 1)
            modules.append(module)
            activation = layer.get("activation", "identity")
            if always or activation != "identity":
                modules.append(ACTIVATIONS[activation]())
        super().__init__(*modules)
        self.train()
        self.width = value.shape[1]
        # Of a feature map its sizes, as a Chain that begins with it takes them.
        self.end = value.shape[1] if value.dim() == 2 else dict(zip(("channels", "height", "width"), value.shape[1:]))
        self.sizes = told

    def forward(self, value, labels=None, last_activation=True):
        modules = list(self)
        if not last_activation and isinstance(modules[-1], ACTIVATION_CLASSES):
            modules = modules[:-1]
        for module in modules:
            value = module(value)
            if isinstance(module, nn.Flatten) and labels is not None:
                value = torch.cat([value, labels], 1)
        return value


ACTIVATION_CLASSES = tuple(type(make()) for make in ACTIVATIONS.values())


def _size_text(value):
    if value.dim() == 2:
        return str(value.shape[1])
    channels, height, width = value.shape[1:]
    return f"{height}x{width}x{channels}"


def _module(layer, value):
    kind, width = kind_of(layer), value.shape[1]
    if kind == "residual":
        start = width if value.dim() == 2 else dict(zip(("channels", "height", "width"), value.shape[1:]))
        return Residual(Chain(layer["layers"], start, 0, value.dtype))
    if kind == "linear":
        return nn.Linear(width, layer["units"])
    if kind == "flatten":
        return nn.Flatten()
    if kind == "reshape":
        return nn.Unflatten(1, (layer["channels"], layer["height"], layer["width"]))
    if kind == "batchNorm":
        return nn.BatchNorm2d(width) if value.dim() == 4 else nn.BatchNorm1d(width)
    if kind == "layerNorm":
        return nn.LayerNorm(value.shape[1:])
    if kind == "groupNorm":
        return nn.GroupNorm(layer["groups"], width)
    if kind == "dropout":
        return nn.Dropout(layer["probability"])
    if kind in ("maxPool", "avgPool"):
        pool = nn.MaxPool2d if kind == "maxPool" else nn.AvgPool2d
        return pool(layer["kernel"], layer.get("stride"), layer.get("padding", 0))
    if kind == "upsample":
        mode = layer.get("mode", "nearest")
        return nn.Upsample(scale_factor=layer["factor"], mode=mode, **({"align_corners": False} if mode == "bilinear" else {}))
    window = {"stride": pair(layer.get("stride", 1)), "padding": pair(layer.get("padding", 0)),
              "dilation": pair(layer.get("dilation", 1)), "groups": layer.get("groups", 1),
              "bias": layer.get("bias", True)}
    if kind == "conv":
        return nn.Conv2d(width, layer["channels"], pair(layer["kernel"]), **window)
    return nn.ConvTranspose2d(width, layer["channels"], pair(layer["kernel"]), **window,
                              output_padding=pair(layer.get("outputPadding", 0)))
