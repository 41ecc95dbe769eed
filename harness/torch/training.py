"""Training of a checkpoint's model, step by step, in one process or several that share each batch; and its evaluation.
Definitions are the engine's: order of the images, schedule, KL warm-up, clipping, reduction. Only noise is PyTorch's own.
"""
import hashlib
import math

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from autoencoder import Autoencoder, check_trainable, corrupt, in_range, loss_weights, one_hot
from errors import InputError, TrainingError
from optim import check_schedule, kl_factor, load_kept, optimizer_of, rate_factor, read_kept, set_rate
from order import ShardedOrder, rows_of_step

EVALUATION_BATCH = 128  # the sparsity term is of a batch's mean code (src/train/passes/evaluate.ts)
# Steps between two looks at the losses: each look makes a GPU wait.
LOOK_EVERY_ON_GPU = 16


def generator_of(device, *what):
    """Random numbers that follow from `what` alone: the same for the same seed, step and process."""
    digest = hashlib.sha256(" ".join(map(str, what)).encode()).digest()
    return torch.Generator(device=device).manual_seed(int.from_bytes(digest[:8], "little") >> 1)


class Trainer:
    """`parts`: the images by their part. `stop`: whether this process was asked to stop."""

    def __init__(self, checkpoint, parts, processes, stop=lambda: False):
        self.spec, self.processes, self.stop = checkpoint.spec, processes, stop
        self.options = dict(checkpoint.training)
        self.device = processes.device
        check_schedule(self.options["schedule"])
        check_trainable(self.spec)
        self.model = Autoencoder(self.spec)
        self._load(checkpoint.parameters)
        self.model.to(self.device)
        self.optimizer = optimizer_of(self.model.parameters(), self.options["lr"], self.options["optimizer"])
        self.named = list(self.model.named_parameters())
        load_kept(self.optimizer, self.named, self.options["optimizer"], checkpoint.kept, checkpoint.step)
        self.parts = {name: images.to(self.device) for name, images in parts.items()}
        self._check_images()
        self.wrapped = self.model
        if processes.world > 1:
            self.wrapped = DistributedDataParallel(self.model)
        self.weights = loss_weights(self.spec)
        self.step = checkpoint.step
        self.epochs = checkpoint.epochs
        self.epoch = checkpoint.epoch
        self.pending = []

    def _load(self, parameters):
        try:
            self.model.load_state_dict(parameters)
        except RuntimeError as error:
            raise InputError(f"the checkpoint's tensors are not those of its model: {' '.join(str(error).split())}") from error

    def _check_images(self):
        for name, images in self.parts.items():
            pixels = images.pixels.shape[1]
            if pixels != self.spec["inputs"]:
                raise InputError(f"the {name} images have {pixels} pixels, the model takes {self.spec['inputs']}")
            if "classes" in self.spec and images.labels is None:
                raise InputError(f"the {name} images have no labels, and the model is told each image's class")
        if self.options["batch"] > len(self.parts["train"]):
            raise InputError(f"--batch {self.options['batch']} is larger than the data: {len(self.parts['train'])} training "
                             "images")

    @property
    def steps_per_epoch(self):
        return math.ceil(len(self.parts["train"]) / self.options["batch"])

    @property
    def report_due(self):
        """Whether the last step of an epoch is done and its report not yet given."""
        return self.step > 0 and self.step % self.steps_per_epoch == 0 and self.epoch["images"] > 0

    # --- training ---------------------------------------------------------------------------------------------------------

    def train(self, last, on_step=lambda step, losses: None):
        """
        Trains to the end of the epoch, to step `last`, or until some process is asked to stop. `on_step` is told each step,
        from 1, with the sums of its terms over its images.
        Raises TrainingError at the first loss that is not finite; the weights are then those of before that step or, on a
        GPU, of a few steps later.
        """
        end = min(last, (self.step // self.steps_per_epoch + 1) * self.steps_per_epoch)
        if self.step % self.steps_per_epoch == 0 and not self.report_due:
            self._begin_epoch()
        every = LOOK_EVERY_ON_GPU if self.device.type == "cuda" else 1
        world = self.processes.world
        order = ShardedOrder(len(self.parts["train"]), self.options["batch"], self.options["seed"], self.step, end,
                             self.processes.rank, world)
        for rows in order:
            sums = self._backward(rows)
            self.pending.append(torch.cat([sums, sums.new_tensor([float(self.stop())])]))
            looks = (self.step + 1) % every == 0 or self.step + 1 == end
            # Before the update: whatever fails here leaves the state of the step before.
            stopped = self._look(on_step) if looks else False
            self.optimizer.step()
            self.step += 1
            if stopped:
                break
        return self.step < end

    def _begin_epoch(self):
        self.epoch = {"sums": [0.0] * len(self.weights), "images": 0}

    def _backward(self, rows):
        """The gradients of this step; returns this process's sums of the terms."""
        options, step = self.options, self.step
        total = rows_of_step(step, len(self.parts["train"]), options["batch"])
        generator = generator_of(self.device, options["seed"], "training", step, self.processes.rank)
        clean, labels = self._batch(self.parts["train"], rows.to(self.device))
        factors = {"kl": kl_factor(options.get("klWarmup", 0), step)}
        terms = self.wrapped(clean, corrupt(clean, self.spec, generator), labels, self._noise(len(rows), generator),
                             self.processes.mean_code(total), factors["kl"])
        scale = [weight * factors.get(term, 1) for term, weight in self.weights.items()]
        loss = (terms * terms.new_tensor(scale)).sum()
        # DistributedDataParallel takes the mean over processes; what is wanted is the sum, or the mean over images.
        share = self.processes.world / (1 if options["reduction"] == "sum" else total)
        self.optimizer.zero_grad(set_to_none=True)
        (share * loss).backward()
        if options.get("clipNorm") is not None:
            nn.utils.clip_grad_norm_(self.model.parameters(), options["clipNorm"])
        set_rate(self.optimizer, options["lr"] * rate_factor(options["schedule"], step))
        return terms.detach()

    def _look(self, on_step):
        """Adds the losses since the last look to the epoch's; returns whether some process was asked to stop."""
        first = self.step + 1 - len(self.pending)
        table = self.processes.sum(torch.stack(self.pending).double())
        self.pending = []
        rows = table.tolist()
        for index, (*sums, _) in enumerate(rows):
            step = first + index
            if not all(map(math.isfinite, sums)):
                told = ", ".join(f"{term} {value}" for term, value in zip(self.weights, sums))
                raise TrainingError(f"the loss of step {step + 1} is not a finite number ({told})")
            images = rows_of_step(step, len(self.parts["train"]), self.options["batch"])
            self.epoch = {"sums": [a + b for a, b in zip(self.epoch["sums"], sums)], "images": self.epoch["images"] + images}
            on_step(step + 1, {"sums": sums, "images": images})
        return any(stop > 0 for *_, stop in rows)

    def end_epoch(self):
        """Once its report was given."""
        self.epochs = self.step // self.steps_per_epoch
        self._begin_epoch()

    def check_weights(self):
        """Raises TrainingError if a weight is not finite; every process sees the same."""
        if not self.finite():
            raise TrainingError(f"after step {self.step} not all weights are finite numbers")

    def finite(self):
        return all(torch.isfinite(parameter).all() for _, parameter in self.named)

    def kept(self):
        return read_kept(self.optimizer, self.named, self.options["optimizer"])

    def parameters(self):
        return dict(self.named)

    # --- evaluation -------------------------------------------------------------------------------------------------------

    @torch.no_grad()
    def evaluate(self, part):
        """Sums of the terms over all images of a part, one noise sample each, the same every time and however many processes."""
        images = self.parts[part]
        sums = torch.zeros(len(self.weights), dtype=torch.float64, device=self.device)
        batches = range(0, len(images), min(EVALUATION_BATCH, len(images)))
        for index in range(self.processes.rank, len(batches), self.processes.world):
            begin = batches[index]
            rows = torch.arange(begin, min(begin + EVALUATION_BATCH, len(images)), device=self.device)
            generator = generator_of(self.device, self.options["seed"], "evaluation", index)
            clean, labels = self._batch(images, rows)
            sums += self.model(clean, corrupt(clean, self.spec, generator), labels, self._noise(len(rows), generator)).double()
        total = self.processes.sum(sums).tolist()
        if not all(map(math.isfinite, total)):
            told = ", ".join(f"{term} {value}" for term, value in zip(self.weights, total))
            raise TrainingError(f"the {part} loss after step {self.step} is not a finite number ({told})")
        return {"sums": total, "images": len(images)}

    def _batch(self, images, rows):
        clean = in_range(images.pixels[rows], self.spec)
        labels = images.labels[rows] if images.labels is not None else rows
        return clean, one_hot(labels, self.spec)

    def _noise(self, rows, generator):
        """Of a Gaussian code, a row a sample; nothing of the others."""
        code, rows = self.spec["code"], rows * self.spec["loss"].get("samples", 1)
        return torch.randn((rows, code["units"]), generator=generator, device=self.device) if code["kind"] == "gaussian" else None
