#!/usr/bin/env python3
"""Goes on training a run of latentgpu in PyTorch: in one process, or in many on as many machines as there are.

    python3 harness/torch/train.py runs/fashion --epochs 40
    torchrun --nproc-per-node 8 harness/torch/train.py runs/fashion --out runs/far --epochs 400 --batch 1024
    node harness/train.js --resume runs/fashion          # and back

It takes the newest checkpoint of the run (weights, what the optimizer keeps, step, schedule, options) and leaves ones that
--resume takes. Every batch is the engine's; several processes deal it out among them, so that their number changes nothing
but rounding and noise. Noise is PyTorch's own, from the seed, the step and the process: losses of VAEs and denoising models
go on as they would, but not to the same bits. Needs PyTorch 1.13 or newer (Debian: apt-get install python3-torch) and nothing
else.
"""
import argparse
import contextlib
import math
import os
import re
import shutil
import signal
import sys

import torch

from checkpoint import FOLDER, find_checkpoint
from data import choose, difference, find_folder, load_folder
from errors import InputError, TrainingError
from job import Job, length_of
from processes import Processes, is_loss_of_a_process
from losses import NAMES
from run_folder import BEST, RunFolder, kept_lines, read_metrics, read_run_json
from training import Trainer

STATUSES = {signal.SIGINT: 130, signal.SIGTERM: 143}


class Stop:
    """A wish to stop: the first signal ends the run in good order, the second at once."""

    def __init__(self, processes):
        self.status, self.processes, self.said = 0, processes, False
        for number in STATUSES:
            signal.signal(number, self._hear)

    def _hear(self, number, _):
        # Only notes it: a signal is heard between any two writes, and what is said here could end up within another line.
        if self.status:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        self.status = STATUSES[number]

    def __call__(self):
        if self.status and not self.said:
            self.said = True
            self.processes.say("stopping after this step, then testing and writing the results (once more stops at once)")
        return self.status != 0


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    whole, positive = _number(int, "a whole number >= 1"), _number(float, "a number above 0")
    add = parser.add_argument
    add("run", metavar="RUN", help="the folder of a run of harness/train.js, or a checkpoint; on the first machine")
    add("--out", metavar="DIR", help="a new folder for what comes of it (default: the run's own)")
    add("--epochs", metavar="N", type=whole, help="of the whole run, those before counted (default: as many as it was to have)")
    add("--steps", metavar="N", type=whole, help="stop after N steps of the whole run, even within an epoch")
    add("--data", metavar="NAME|DIR", help="mnist, fashion-mnist or a folder of IDX files, on each machine (default: the "
        "run's own)")
    add("--batch", metavar="N", type=whole, help="images a step of all processes together (default: the run's; another one "
        "needs --out)")
    add("--lr", metavar="X", type=positive, help="learning rate before the schedule (default: the run's; another one needs "
        "--out)")
    add("--checkpoint-every", metavar="N", type=_interval, help="write one every N steps, or N epochs as in 1e (default: as the "
        "run; each epoch, at most one in 30 s)")
    add("--device", choices=["cpu", "cuda"], help="default: a GPU for each process if there is one, else the CPU")
    return parser.parse_args()


def _number(kind, must):
    def read(text):
        try:
            value = kind(text)
        except ValueError:
            value = 0
        if not 0 < value < float("inf"):
            raise argparse.ArgumentTypeError(f"is {text}, must be {must}")
        return value
    return read


def _interval(text):
    match = re.match(r"^([1-9]\d*)(e?)$", text)
    if not match:
        raise argparse.ArgumentTypeError(f"is {text}, must be a whole number of steps, or of epochs as in 1e")
    return {"epochs" if match[2] else "steps": int(match[1])}


def read_start(args):
    """In the first process: the checkpoint with what is asked for now, and whether its batches are others from now on."""
    checkpoint = find_checkpoint(args.run)
    training = checkpoint.training
    changed = [key for key in ("batch", "lr") if getattr(args, key) not in (None, training[key])]
    if changed and args.out is None:
        raise InputError(f"--{changed[0]} is {getattr(args, changed[0])}, but the run in {args.run} has {training[changed[0]]}; "
                         f"leave --{changed[0]} out, or begin a new run with --out DIR")
    if os.path.isfile(args.run) and args.out is None:
        raise InputError(f"{args.run} is a file: where are the results to go? Give --out DIR, or name the run's folder")
    for key in changed:
        training[key] = getattr(args, key)
    fresh = "batch" in changed
    if fresh:
        checkpoint.epoch = {"sums": [0.0] * len(checkpoint.epoch["sums"]), "images": 0}
        checkpoint.epochs = checkpoint.step // math.ceil(checkpoint.data["train"]["count"] / training["batch"])
    return checkpoint, fresh, {key: training[key] for key in changed}


def load_parts(args, checkpoint):
    """The images by their part, which must be those of the checkpoint; in every process."""
    run = checkpoint.run or {}
    options = run.get("options", {})
    folder = find_folder(args.data if args.data is not None else run.get("data"), args.run)
    train, test = load_folder(folder)
    parts = choose(train, test, options.get("limit"), options.get("validation"), options.get("seed", 0))
    other = difference({name: images.identity() for name, images in parts.items()}, checkpoint.data)
    if other:
        raise InputError(f"the images in {folder} are not those of the checkpoint: {other}; name those with --data")
    return folder, parts


def open_folder(args, checkpoint, fresh):
    """In the first process: the folder of the results, and run.json of where the run comes from."""
    source = args.run if os.path.isdir(args.run) else os.path.dirname(os.path.abspath(args.run))
    if os.path.basename(source) == FOLDER:
        source = os.path.dirname(source)
    folder = RunFolder(args.run) if args.out is None else RunFolder.create(args.out)
    if args.out is not None and not fresh and os.path.exists(os.path.join(source, BEST)):
        shutil.copyfile(os.path.join(source, BEST), folder.at(BEST))
    folder.write_metrics([] if fresh else kept_lines(read_metrics(source), checkpoint))
    return folder, read_run_json(source)


def describe(args, checkpoint, trainer, job, processes, folder):
    spec, training, length = checkpoint.spec, trainer.options, job.length
    encoder, decoder = trainer.model.encoder.sizes, trainer.model.decoder.sizes
    code = [str(spec["code"]["units"])] if spec["code"]["kind"] == "gaussian" else []
    first = encoder[0] if trainer.model.image else str(spec["inputs"])  # without a conditional model's labels
    sizes = [first, *encoder[1:], *code, *decoder[1:]]
    counts = ", ".join(f"{len(images):,} {'training' if name == 'train' else name}" for name, images in trainer.parts.items())
    share = "" if processes.world == 1 else f", {training['batch'] / processes.world:.4g} of them in each"
    terms = " + ".join(f"{'' if weight == 1 else f'{weight:.4g} x '}{NAMES[term]}" for term, weight in trainer.weights.items())
    yield f"run       {args.run}, from step {checkpoint.step} of {length['steps']} ({checkpoint.path})"
    yield f"data      {checkpoint.data['name']} ({folder}): {counts} images, {checkpoint.data['train']['height']}x" \
          f"{checkpoint.data['train']['width']}"
    yield f"processes {processes.world} on {processes.device.type}{f' ({processes.backend})' if processes.backend else ''}, " \
          f"PyTorch {torch.__version__}"
    yield f"model     {'-'.join(sizes)}: {sum(p.numel() for _, p in trainer.named):,} parameters; loss {terms}"
    if training.get("precision") == "f16":
        yield "precision float32: the run is in f16, which here is left to torch.autocast; --resume goes on in f16"
    yield f"training  {length['epochs']} epochs of {length['stepsPerEpoch']:,} steps; batch {training['batch']}{share}, " \
          f"{training['optimizer']['kind']}, lr {training['lr']}, seed {training['seed']}"


def train(args, processes, opened):
    """Returns the exit status. What must be released or told when it fails is put into `opened`."""
    stop = Stop(processes)
    checkpoint, fresh, changed = processes.together(lambda: read_start(args))
    folder, parts = processes.all_agree(lambda: load_parts(args, checkpoint))
    trainer = processes.all_agree(lambda: Trainer(checkpoint, parts, processes, stop))
    options = {**(checkpoint.run or {}).get("options", {}), **changed}
    length = length_of(checkpoint, options, trainer.steps_per_epoch, args.epochs, args.steps)
    every = args.checkpoint_every or options.get("checkpoint-every")

    def begin():
        opened["folder"], opened["source"] = open_folder(args, checkpoint, fresh)

    processes.together(begin)
    job = opened["job"] = Job(checkpoint, trainer, processes, opened.get("folder"), length, options, fresh, every)
    for line in describe(args, checkpoint, trainer, job, processes, folder) if processes.first else ():
        processes.say(line)
    source = opened.get("source", {})
    job.write_run_json("running", source)
    if args.out is not None:
        job.write()
    ended = job.run()
    end(job, opened, "stopped" if ended == "stopped" else "done", **({"stoppedAt": trainer.step} if ended == "stopped" else {}),
        **({"stoppedEarly": True} if ended == "early" else {}))
    return stop.status if ended == "stopped" else 0


def end(job, opened, state, **more):
    """What a run leaves, in the first process."""
    if not job.processes.first:
        return
    job.folder.write_model(job.chosen_parameters())
    job.write()
    job.write_run_json(state, opened["source"], **more)
    path = job.folder.path
    job.processes.say(f"written to {path}: model.safetensors, checkpoints, metrics.jsonl, run.json; node harness/train.js --resume "
                      f"{path} goes on from there, or draws the curves and pictures if nothing is left to train")


def lost(error, job, processes, opened):
    """Another process is gone: keeps what there is, and says how to go on."""
    reason = " ".join(str(error).split())[:200]
    if job is None:
        processes.say(f"error: another process of the job was lost before the first step ({reason}); start it again")
        return
    step, told = job.trainer.step, f"another process of the job was lost after step {job.trainer.step} ({reason})"
    if not processes.first:
        print(f"error in process {processes.rank} of {processes.world}: {told}; the newest checkpoint of the run is what it goes "
              "on from: start it again", file=sys.stderr, flush=True)
        return
    job.write()
    job.write_run_json("failed", opened["source"], error=told, step=step)
    newest = job.written[1] if job.written else job.checkpoint.path
    how = job.folder.path
    print(f"error: {told}; {newest} is what the run goes on from: start it again as train.py {how}, or node harness/train.js "
          f"--resume {how}", file=sys.stderr, flush=True)


def diverged(error, job, opened):
    """What is good of a run whose loss or weights are not numbers any more, in the first process."""
    if not job.processes.first:
        return
    step, parameters = job.last_good()
    job.folder.write_model(parameters)
    newest = job.written[1] if job.written else job.checkpoint.path
    told = f"{error}; model.safetensors has the weights of step {step}, the last that were good. Go on from {newest} with a " \
           f"lower rate: train.py {newest} --lr X --out DIR"
    job.write_run_json("failed", opened["source"], error=told, step=job.trainer.step)
    print(f"error: {told}", file=sys.stderr, flush=True)


def main():
    first = os.environ.get("RANK", "0") == "0"
    with open(os.devnull, "w") as nothing, contextlib.redirect_stderr(sys.stderr if first else nothing):
        args = arguments()
    try:
        processes = Processes(args.device)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    opened = {}  # alive until the process has left: in it are PyTorch's objects of the job
    processes.leave(status_of(args, processes, opened))


def status_of(args, processes, opened):
    """Runs the job and says what there is to say if it fails; returns the program's status."""
    try:
        return train(args, processes, opened)
    except InputError as error:
        if processes.first:
            print(f"error: {error}", file=sys.stderr)
        return 2
    except TrainingError as error:
        diverged(error, opened["job"], opened)
        return 1
    except RuntimeError as error:
        if not is_loss_of_a_process(error, processes.world):
            raise
        lost(error, opened.get("job"), processes, opened)
        return 1
    finally:
        if "folder" in opened:
            opened["folder"].release()


if __name__ == "__main__":
    sys.exit(main())
