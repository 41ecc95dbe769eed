"""A run that goes on from a checkpoint: epochs, reports, checkpoints, early stopping, what is written when it ends. Every
process trains and evaluates; the first one alone prints and writes.
"""
import math
import time

from checkpoint import encode_checkpoint, read_checkpoint
from errors import InputError
from losses import duration, loss_text, means
from run_folder import BEST

SECONDS_BETWEEN = 30  # without --checkpoint-every: at the ends of epochs, but not more often than this
PLAIN_EVERY_SECONDS = 10
KEEP = 2
POINTS = 300


class Trace:
    """What the loss does within epochs, for the curves (harness/lib/run/trace.ts)."""

    def __init__(self, state, steps):
        self.state = state or {"size": max(1, math.ceil(steps / POINTS)), "points": [], "open": {}}

    def add(self, step, losses):
        open_, size = self.state["open"], self.state["size"]
        for key, value in losses.items():
            open_[key] = open_.get(key, 0) + value
        if step % size == 0:
            self.state["points"].append({"step": step, "losses": {key: total / size for key, total in open_.items()}})
            self.state["open"] = {}


class Best:
    """Which epoch was the best so far by the validation loss (without: test), and whether it is time to stop."""

    def __init__(self, state, patience, min_delta):
        self.state, self.patience, self.min_delta = state, patience, min_delta

    def consider(self, line):
        loss = line.get("validation", line["test"])["loss"]
        better = self.state is None or loss < self.state["loss"] - self.min_delta
        if better:
            self.state = {"epoch": line["epoch"], "step": line["step"], "loss": loss, "waited": 0}
        else:
            self.state = {**self.state, "waited": self.state["waited"] + 1}
        return better

    @property
    def exhausted(self):
        return self.patience is not None and self.state is not None and self.state["waited"] >= self.patience


class Job:
    """
    `folder` is the first process's; None in the others. `length`: epochs and steps of the whole run. `every`: how often a
    checkpoint is written, {"steps": N} or {"epochs": N} or None.
    """

    def __init__(self, checkpoint, trainer, processes, folder, length, options, fresh, every=None):
        self.checkpoint, self.trainer, self.processes, self.folder = checkpoint, trainer, processes, folder
        self.length, self.options, self.every = length, options, every
        run = checkpoint.run or {}
        self.trace = Trace(None if fresh else run.get("trace"), length["steps"])
        self.best = Best(None if fresh else run.get("best"), options.get("patience"), options.get("min-delta", 0))
        self.exact = options.get("patience") is not None or options.get("validation") is not None
        self.before, self.began = (0 if fresh else run.get("seconds", 0)), time.monotonic()
        self.last_time, self.epochs_since = time.monotonic(), 0
        self.written = None  # the step of the newest checkpoint in the folder, and its path
        self.last_line = time.monotonic()
        self.unwritten = []

    # --- the run ----------------------------------------------------------------------------------------------------------

    def run(self):
        """Returns why it ended: done, stopped, early (nothing got better)."""
        trainer, last = self.trainer, self.length["steps"]
        if trainer.step >= last and not trainer.report_due or self.best.exhausted:
            self.processes.say("there is nothing left to train; with a larger --epochs it goes on")
            return "early" if self.best.exhausted else "done"
        while trainer.step < last or trainer.report_due:
            started, first = time.monotonic(), trainer.step
            stopped = False if trainer.report_due else self._train_epoch(last, started)
            seconds = time.monotonic() - started
            self._report(seconds, (trainer.step - first) / seconds if trainer.step > first else 0)
            complete = trainer.step % trainer.steps_per_epoch == 0
            if stopped:
                return "stopped"
            if complete and self.best.exhausted:
                return "early"
        return "done"

    def _train_epoch(self, last, started):
        """To the epoch's end, with stops for checkpoints; returns whether some process was asked to stop."""
        trainer, every = self.trainer, (self.every or {}).get("steps")
        first, epoch = trainer.step, trainer.step // trainer.steps_per_epoch + 1
        while True:
            until = last if every is None else min(last, (trainer.step // every + 1) * every)
            stopped = trainer.train(until, lambda step, sums: self._heard(step, sums, first, started))
            ended = trainer.step >= min(last, epoch * trainer.steps_per_epoch)
            if every is not None and trainer.step % every == 0 and not stopped:
                trainer.check_weights()
                self.write()
            if ended or stopped:
                return stopped

    def _heard(self, step, sums, first, started):
        if not self.processes.first:
            return
        self.trace.add(step, means(sums, self.trainer.spec))
        now = time.monotonic()
        if now - self.last_line >= PLAIN_EVERY_SECONDS:
            self.last_line = now
            speed = (step - first) / (now - started)
            left = duration((self.length["steps"] - step) / speed)
            epoch = (step - 1) // self.trainer.steps_per_epoch + 1
            losses = loss_text(means(self.trainer.epoch, self.trainer.spec), self.trainer.spec)
            print(f"  epoch {epoch}/{self.length['epochs']}  step {step}/{self.length['steps']} loss {losses} {_speed(speed)} "
                  f"{left} left", flush=True)

    def _report(self, seconds, speed):
        trainer = self.trainer
        complete = trainer.step % trainer.steps_per_epoch == 0
        trainer.check_weights()
        epoch = math.ceil(trainer.step / trainer.steps_per_epoch)
        tested = {part: means(trainer.evaluate(part), trainer.spec) for part in ("validation", "test") if part in trainer.parts}
        line = {"epoch": epoch, "step": trainer.step, "train": means(trainer.epoch, trainer.spec), **tested,
                "seconds": seconds, "stepsPerSecond": speed}
        if self.processes.first:
            self._keep(line)
            train, test = (loss_text(line[part], trainer.spec) for part in ("train", "test"))
            print(f"epoch {epoch}/{self.length['epochs']}{'' if complete else ' (part)'}  step {trainer.step}  train {train}  "
                  f"test {test}  {duration(seconds)}, {_speed(speed)}", flush=True)
            self.last_line = time.monotonic()
        if not complete:
            return
        trainer.end_epoch()
        better = self.best.consider(line)
        self.epochs_since += 1
        if self.processes.first and self.exact and better:
            self.folder.write_best(self.encoded())
        if self._due():
            self.write()

    def _keep(self, line):
        """Adds a line to metrics.jsonl; one that could not be written comes with the next."""
        self.unwritten.append(line)
        try:
            self.folder.append_metrics(self.unwritten)
            self.unwritten = []
        except OSError as error:
            print(f"warning: metrics.jsonl cannot be written ({error.strerror}); training goes on, and the line comes with the "
                  "next that can be", flush=True)

    def _due(self):
        if self.every is None:
            return time.monotonic() - self.last_time >= SECONDS_BETWEEN
        return "epochs" in self.every and self.epochs_since % self.every["epochs"] == 0

    # --- what is written --------------------------------------------------------------------------------------------------

    def encoded(self):
        trainer, run = self.trainer, None
        if self.checkpoint.run is not None:
            run = {**self.checkpoint.run, "options": self.options, "length": self.length, "trace": self.trace.state,
                   "seconds": self.seconds}
            run.pop("best", None)
            if self.best.state is not None:
                run["best"] = self.best.state
        return encode_checkpoint(self.checkpoint, training=trainer.options, step=trainer.step, epochs=trainer.epochs,
                                 epoch=trainer.epoch, run=run, parameters=trainer.parameters(), kept=trainer.kept())

    @property
    def seconds(self):
        return self.before + time.monotonic() - self.began

    def write(self):
        """A checkpoint of this moment, if the newest is of another step."""
        if not self.processes.first or (self.written and self.written[0] == self.trainer.step):
            return
        self.last_time = time.monotonic()
        step, keep = self.trainer.step, self.options.get("keep", KEEP)
        try:
            self.written = (step, self.folder.write_checkpoint(step, self.encoded(), keep))
        except OSError as error:
            print(f"warning: the checkpoint of step {step} cannot be written ({error.strerror}); training goes on, and the one "
                  "before stays", flush=True)

    def chosen_parameters(self):
        """What model.safetensors gets: the last weights; with --patience those of the best epoch."""
        if self.options.get("patience") is None or self.best.state is None:
            return self.trainer.parameters()
        try:
            best = read_checkpoint(self.folder.at(BEST))
        except InputError as error:
            print(f"warning: {error}; the model has the weights of the last epoch", flush=True)
            return self.trainer.parameters()
        print(f"the best epoch was {self.best.state['epoch']} ({self.best.state['loss']:.4g}): its weights are the model's")
        return best.parameters

    def last_good(self):
        """The step and the weights of the last moment at which all were finite."""
        if self.trainer.finite():
            return self.trainer.step, self.trainer.parameters()
        newest = read_checkpoint(self.written[1]) if self.written else self.checkpoint
        return newest.step, newest.parameters

    def write_run_json(self, state, source, **more):
        if not self.processes.first:
            return
        run, processes = dict(source), self.processes
        config = {**run.get("config", {}), "epochs": self.length["epochs"], "batch": self.trainer.options["batch"],
                  "lr": self.trainer.options["lr"], "out": self.folder.path}
        for key in ("error", "stoppedAt", "stoppedEarly", "step", "firstStepSeconds"):
            run.pop(key, None)
        self.folder.write_run_json({**run, "config": config, "spec": self.trainer.spec, **processes.described(),
                                    "seconds": self.seconds, "state": state, **more})


def length_of(checkpoint, options, steps_per_epoch, epochs=None, steps=None):
    """The run's length: as it was, but for what is asked for now. `options` are changed to say the same."""
    then = (checkpoint.run or {}).get("length", {})
    if epochs is None and steps is None and "epochs" not in then:
        raise InputError("the checkpoint does not say how long its run is; give --epochs, the total")
    if epochs is not None and steps is None:
        options.pop("steps", None)
    if steps is not None:
        options["steps"] = steps
    if epochs is None:
        epochs = then.get("epochs") if steps is None else max(then.get("epochs", 1), math.ceil(steps / steps_per_epoch))
    options["epochs"] = epochs
    most = min(epochs * steps_per_epoch, options.get("steps", math.inf))
    batch = options.get("batch", then.get("batch"))
    return {"pretraining": None, "why": "", **then, "batch": batch, "epochs": epochs, "stepsPerEpoch": steps_per_epoch,
            "steps": most}


def _speed(steps):
    return f"{steps:.0f} steps/s" if steps >= 100 else f"{_figures(steps)} steps/s"


def _figures(value):
    return f"{value:.3g}" if value else "0.00"
