"""The family of autoencoders in PyTorch, from a ModelSpec as run.json and checkpoints have it. Names and shapes of the
parameters are those of model.safetensors, so `load_state_dict` takes that file. `Autoencoder(spec)` takes every spec of the engine;
`check_trainable` refuses those that harness/torch/train.py does not train.

test/train/family.py trains this class in f64 to make the trajectories that the engine is tested against.
Spec, names and formulas: src/model/spec.ts, src/graph/build.ts.
"""
import math

import torch
from torch import nn
from torch.nn import functional as F

from errors import InputError
from layers import ACTIVATIONS, EXP_MOST, KEYS as LAYER_KEYS, Chain, as_map, as_rows, kind_of, takes_map

# Every key of a spec and what it may be, so that a kind that came later is refused and not trained as something else.
KEYS = {"": ["inputs", "image", "range", "classes", "corruption", "encoder", "code", "decoder", "loss", "initialization"],
        "corruption": ["kind", "amount"],
        "code": ["kind", "units", "activation", "logVarRange"],
        "loss": ["reconstruction", "variance", "klWeight", "freeBits", "capacity", "samples", "l1", "sparsity"], "sparsity": ["target", "weight"]}
# These train.py does not train. A quantised code: processes that share a batch would have to share what their codebook learns of
# it. batchNorm: they would have to share its statistics, too; checkpoints keep running ones.
OF_WHOLE_BATCHES = ["batchNorm", "dropout"]
CODES = ["gaussian", "deterministic"]
RECONSTRUCTIONS = ["bce", "mse", "poisson"]
RANGES = ["0..1", "-1..1"]
CORRUPTIONS = ["gaussian", "mask", "saltpepper"]
LOG_VAR_RANGE = [-30, 20]
LOG_SIGMA_FLOOR = -15  # a learned sigma is exp(log_sigma) + exp(LOG_SIGMA_FLOOR)
RHO_MARGIN = 1e-6  # as shaders/lib/losses/bernoulli.wgsl: a unit that never fires costs much, not infinitely much


def check_trainable(spec):
    """Raises InputError with the path of the first thing in the spec that train.py does not know."""
    def keys(value, path, known):
        for key in value:
            if key not in KEYS[known]:
                _unknown(f"{path}.{key}" if path else key, value[key], KEYS[known])

    def one_of(value, path, choices):
        if value not in choices:
            _unknown(path, value, choices)

    def layers(listed, where):
        for index, layer in enumerate(listed):
            kind, path = kind_of(layer), f"{where}[{index}]"
            one_of(kind, f"{path}.kind", [known for known in LAYER_KEYS if known not in OF_WHOLE_BATCHES])
            for key in layer:
                if key not in LAYER_KEYS[kind]:
                    _unknown(f"{path}.{key}", layer[key], LAYER_KEYS[kind])
            if kind == "linear" or "activation" in layer:
                one_of(layer.get("activation"), f"{path}.activation", ACTIVATIONS)
            layers(layer.get("layers", []), f"{path}.layers")

    keys(spec, "", "")
    one_of(spec.get("range", "0..1"), "range", RANGES)
    for name in ("encoder", "decoder"):
        layers(spec[name], name)
    code, loss = spec["code"], spec["loss"]
    keys(code, "code", "code")
    one_of(code["kind"], "code.kind", CODES)
    if code["kind"] == "deterministic":
        one_of(code["activation"], "code.activation", ACTIVATIONS)
    keys(loss, "loss", "loss")
    one_of(loss["reconstruction"], "loss.reconstruction", RECONSTRUCTIONS)
    if isinstance(loss.get("variance"), str):
        one_of(loss["variance"], "loss.variance", ["learned"])
    keys(loss.get("sparsity", {}), "loss.sparsity", "sparsity")
    if "corruption" in spec:
        keys(spec["corruption"], "corruption", "corruption")
        one_of(spec["corruption"]["kind"], "corruption.kind", CORRUPTIONS)


def _unknown(path, value, known):
    raise InputError(f"the model's {path}: {value!r} is not known to harness/torch/train.py, must be one of {', '.join(known)}; "
                     "train it with node harness/train.js")


def learns_variance(spec):
    return spec["loss"].get("variance") == "learned"


def loss_weights(spec):
    """The terms of the loss with their weights, in the order in which they are told."""
    loss = spec["loss"]
    if learns_variance(spec):
        weights = {"gaussian": 1}
    else:
        weights = {loss["reconstruction"]: 1 / (2 * loss["variance"]) if "variance" in loss else 1}
    if spec["code"]["kind"] == "gaussian":
        weights["kl"] = loss.get("klWeight", 1)
    if "samples" in loss:
        weights["importance"] = 1
    if "l1" in loss:
        weights["l1"] = loss["l1"]
    if "sparsity" in loss:
        weights["sparsity"] = loss["sparsity"]["weight"]
    if spec["code"]["kind"] == "quantized":
        weights.update(commitment=loss.get("commitment", 0.25), perplexity=0)
    return weights


def one_hot(labels, spec, dtype=torch.float32):
    """[rows, classes] of a conditional model; [rows, 0] of the others, which any labels do for."""
    return F.one_hot(labels.long(), spec["classes"]).to(dtype) if "classes" in spec else labels.new_zeros(
        (len(labels), 0), dtype=dtype)


def in_range(bytes_, spec, dtype=torch.float32):
    """Pixels of 0..255 as the model takes them, rounded as the engine does it."""
    x = (bytes_.to(torch.float32) / 255).to(dtype)
    return 2 * x - 1 if spec.get("range") == "-1..1" else x


class Autoencoder(nn.Module):
    def __init__(self, spec, dtype=torch.float32):
        super().__init__()
        self.spec = spec
        classes, code = spec.get("classes", 0), spec["code"]
        self.gaussian, self.quantized = (code["kind"] == kind for kind in ("gaussian", "quantized"))
        plain = code["kind"] == "deterministic"
        lower = spec["encoder"] + ([{"units": code["units"], "activation": code["activation"]}] if plain else [])
        # A list that begins with another kind of layer sees an image, not all of its numbers.
        self.image = spec["image"] if takes_map(spec["encoder"]) else None
        if learns_variance(spec):
            self.log_sigma = nn.Parameter(torch.zeros(1, dtype=dtype))
        self.encoder = Chain(lower, self.image or spec["inputs"] + classes, classes, dtype)
        if self.gaussian:
            self.mu, self.log_var = (nn.Linear(self.encoder.width, code["units"], dtype=dtype) for _ in range(2))
            self.log_var_range = code.get("logVarRange", LOG_VAR_RANGE)
        if self.quantized:
            self.codebook = Codebook(code["codes"], code["dimensions"], code.get("decay", 0.99), dtype)
        self.decoder = Chain(spec["decoder"], self.encoder.end if self.quantized else code["units"] + classes, 0, dtype)

    def encode(self, seen, labels):
        """mu and log_var of a Gaussian code, or the code and None; of a quantised one its vectors. `labels`: one_hot."""
        top = self.top(seen, labels)
        if not self.gaussian:
            return self.codebook(top) if self.quantized else top, None
        log_var = self.log_var(top)
        return self.mu(top), log_var if self.log_var_range is None else log_var.clamp(*self.log_var_range)

    def top(self, seen, labels):
        """What the encoder ends in."""
        return self.encoder(as_map(seen, self.image), labels) if self.image else self.encoder(torch.cat([seen, labels], 1))

    def joined(self, z, labels):
        """A code as the decoder takes it; a quantised one has no labels."""
        return z if self.quantized else torch.cat([z, labels], 1)

    def reconstruct(self, images, labels):
        """What the model makes of images, in its range; of a Gaussian code by its mean."""
        return as_rows(self.decoder(self.joined(self.encode(images, labels)[0], labels)))

    def forward(self, clean, seen, labels, eps, code_mean=lambda z: z.mean(0), kl_factor=1):
        """
        The terms of the loss, each summed over the rows and without its weight, in the order of loss_weights.
        `seen` is what the encoder is shown of the `clean` images; `eps` are standard normal numbers for a Gaussian code, a row for
        each sample; `code_mean` gives the mean code of the batch, of which these rows may be a part. `kl_factor` is the share of the
        KL term's weight that counts in this step: several samples must know.
        """
        loss, terms = self.spec["loss"], {}
        if "samples" in loss:
            return self._importance(clean, *self.encode(seen, labels), labels, eps, kl_factor)
        if self.quantized:
            top = self.top(seen, labels)
            vectors = self.codebook(top)
            terms["commitment"] = (top - vectors).square().sum()
            terms["perplexity"] = len(top) * self.codebook.perplexity()
            z = top + (vectors - top).detach()  # the straight-through estimator
        else:
            z, log_var = self.encode(seen, labels)
        if self.gaussian:
            # KL(N(mu, exp(log_var)) || N(0, I)); Kingma & Welling 2014, appendix B.
            divergence = 0.5 * (z.square() + log_var.exp() - 1 - log_var)
            if "freeBits" in loss:
                divergence = divergence.clamp(min=loss["freeBits"])
            terms["kl"] = (divergence.sum(1) - loss.get("capacity", 0)).abs().sum()
            z = z + torch.exp(log_var / 2) * eps
        terms[next(iter(loss_weights(self.spec)))] = self._distances(z, labels, clean).sum()
        if "l1" in loss:
            terms["l1"] = z.abs().sum()
        if "sparsity" in loss:
            target = loss["sparsity"]["target"]
            rho = code_mean(z).clamp(RHO_MARGIN, 1 - RHO_MARGIN)
            distance = target * torch.log(target / rho) + (1 - target) * torch.log((1 - target) / (1 - rho))
            terms["sparsity"] = len(z) * distance.sum()
        return torch.stack([terms[name] for name in loss_weights(self.spec)])

    def _importance(self, clean, mu, log_var, labels, eps, kl_factor):
        """The terms of several samples, whose sum is minus the importance-weighted bound; src/graph/operations/importance.ts."""
        samples, weights = self.spec["loss"]["samples"], loss_weights(self.spec)
        mu, log_var, labels, clean = (x.repeat_interleave(samples, 0) for x in (mu, log_var, labels, clean))
        z = mu + torch.exp(log_var / 2) * eps
        ratio = 0.5 * (log_var + eps.square() - z.square()).sum(1)  # log p(z) - log q(z|x)
        distance = self._distances(z, labels, clean)
        log_w = kl_factor * weights["kl"] * ratio - next(iter(weights.values())) * distance
        # The loss is least for these shares, so it has no gradient through them.
        log_share = F.log_softmax(log_w.detach().view(-1, samples), 1).flatten()
        share = log_share.exp()
        return torch.stack([(share * distance).sum(), -(share * ratio).sum(), (share * (log_share + math.log(samples))).sum()])

    def _distances(self, z, labels, clean):
        """The reconstruction term of each row."""
        loss = self.spec["loss"]
        # Cross entropy takes logits, Poisson log rates: what comes before the last activation.
        likelihood = loss["reconstruction"] in ("bce", "poisson")
        output = as_rows(self.decoder(self.joined(z, labels), last_activation=not likelihood))
        if loss["reconstruction"] == "bce":
            each = F.binary_cross_entropy_with_logits(output, clean, reduction="none")
        elif loss["reconstruction"] == "poisson":
            each = poisson_nll(output, clean)
        elif learns_variance(self.spec):
            each = gaussian_nll(output - clean, self.log_sigma)
        else:
            each = F.mse_loss(output, clean, reduction="none")
        return each.sum(1)


class Codebook(nn.Module):
    """
    The vectors of a quantised code. They are the running means of what is nearest to each, which `update` brings up to date.
    van den Oord et al. 2017, appendix A.1; src/graph/operations/quantization.ts.
    """
    EPSILON, LEAST_SHARE = 1e-5, 0.05

    def __init__(self, codes, dimensions, decay, dtype):
        super().__init__()
        self.decay = decay
        self.register_buffer("weight", (2 * torch.rand(codes, dimensions, dtype=dtype) - 1) / codes)
        self.register_buffer("counts", torch.zeros(codes, dtype=dtype))
        self.register_buffer("sums", torch.zeros(codes, dimensions, dtype=dtype))

    def forward(self, top):
        """The nearest vector of each place; of rows, each `dimensions` numbers are a place."""
        self.z = as_rows(top).detach().reshape(-1, self.weight.shape[1])
        self.nearest = torch.stack([(self.weight - row).square().sum(1).argmin() for row in self.z])
        vectors = self.weight[self.nearest]
        return vectors.reshape(top.shape) if top.dim() == 2 else as_map(vectors.reshape(len(top), -1), _sizes(top))

    def used(self):
        """For how many places of the last rows each vector was the nearest."""
        return torch.bincount(self.nearest, minlength=len(self.counts)).to(self.counts.dtype)

    def perplexity(self):
        shares = self.used() / len(self.nearest)
        return torch.exp(-torch.special.xlogy(shares, shares).sum())

    @torch.no_grad()
    def update(self, draw):
        """With the last rows; `draw`: from how many places there are to one for each vector, which a dead one becomes."""
        self.counts.mul_(self.decay).add_((1 - self.decay) * self.used())
        total, codes = self.counts.sum(), len(self.counts)
        own = torch.zeros_like(self.sums).index_add_(0, self.nearest, self.z)
        dead = self.counts < self.LEAST_SHARE * total / codes
        self.counts[dead] = self.LEAST_SHARE * total / codes
        sizes = (self.counts + self.EPSILON) / (total + codes * self.EPSILON) * total
        drawn = self.z[draw(len(self.z))] * sizes[:, None]
        self.sums.copy_(torch.where(dead[:, None], drawn, self.decay * self.sums + (1 - self.decay) * own))
        self.weight.copy_(self.sums / sizes[:, None])


def _sizes(top):
    return dict(zip(("channels", "height", "width"), top.shape[1:]))


def gaussian_nll(errors, log_sigma):
    """-log p of each number, its deviation exp(log_sigma) and never 0."""
    log_sigma = torch.logaddexp(log_sigma, log_sigma.new_tensor(LOG_SIGMA_FLOOR))
    return 0.5 * (errors * torch.exp(-log_sigma)).square() + log_sigma + 0.5 * math.log(2 * math.pi)


def poisson_nll(log_rates, counts):
    """-log p of each count; past EXP_MOST the straight line that touches it there."""
    bounded = log_rates.clamp(max=EXP_MOST)
    rates = bounded.exp()
    return rates - counts * bounded + torch.lgamma(counts + 1) + (log_rates - bounded) * (rates - counts)


def corrupt(clean, spec, generator):
    """The damage of a denoising model, drawn from the generator; other models see the clean images."""
    if "corruption" not in spec:
        return clean
    kind, amount = spec["corruption"]["kind"], spec["corruption"]["amount"]
    black, span = (-1.0, 2.0) if spec.get("range") == "-1..1" else (0.0, 1.0)
    if kind == "gaussian":
        return clean + span * amount * torch.randn(clean.shape, generator=generator, device=clean.device)
    chance = torch.rand(clean.shape, generator=generator, device=clean.device)
    if kind == "mask":
        return clean.masked_fill(chance < amount, black)
    return clean.masked_fill(chance < amount, black + span).masked_fill(chance < amount / 2, black)
