"""The processes of a job: one of plain python3, or those that torchrun starts on as many machines as there are. Talks to the
others by torch.distributed: gloo on CPUs, nccl on GPUs.
"""
import datetime
import os
import re
import sys

import torch
import torch.distributed as dist

from errors import InputError

# Long enough for one process to evaluate or write while the others wait.
PATIENCE = datetime.timedelta(minutes=10)
LOST = re.compile(r"gloo|nccl|connection|socket|broken pipe|timed? ?out", re.IGNORECASE)


class Processes:
    def __init__(self, device=None):
        self.rank, self.world = (int(os.environ.get(name, default)) for name, default in (("RANK", 0), ("WORLD_SIZE", 1)))
        self.device = self._device(device)
        self.backend = None
        if self.world > 1:
            self.backend = "nccl" if self.device.type == "cuda" else "gloo"
            dist.init_process_group(self.backend, timeout=PATIENCE)

    def _device(self, asked):
        local = int(os.environ.get("LOCAL_RANK", 0))
        if asked == "cuda" and torch.cuda.device_count() <= local:
            raise InputError(f"--device cuda: PyTorch sees {torch.cuda.device_count()} GPUs here, process {local} of this machine "
                             "needs one of its own; start fewer processes, or use --device cpu")
        if asked != "cpu" and torch.cuda.device_count() > local:
            torch.cuda.set_device(local)
            return torch.device("cuda", local)
        return torch.device("cpu")

    @property
    def first(self):
        """Whether this is the one that prints and writes."""
        return self.rank == 0

    def described(self):
        """For run.json."""
        return {"torch": {"version": torch.__version__, "device": str(self.device.type), "processes": self.world,
                          "backend": self.backend}}

    def say(self, line):
        if self.first:
            print(line, flush=True)

    def together(self, work):
        """
        Runs `work` in the first process and gives every process what it returns. An InputError there is raised everywhere.
        """
        if self.world == 1:
            return work()
        told = [None, None]
        if self.first:
            try:
                told = [work(), None]
            except InputError as error:
                told = [None, str(error)]
        dist.broadcast_object_list(told, 0, device=self.device if self.backend == "nccl" else None)
        if told[1] is not None:
            raise InputError(told[1])
        return told[0]

    def all_agree(self, work):
        """Runs `work` in every process; an InputError in one of them is raised everywhere, with the process's number."""
        if self.world == 1:
            return work()
        result, fault = None, None
        try:
            result = work()
        except InputError as error:
            fault = f"{error}"
        faults = [None] * self.world
        dist.all_gather_object(faults, fault)
        for rank, told in enumerate(faults):
            if told is not None:
                raise InputError(told if rank == 0 else f"process {rank} of {self.world}: {told}")
        return result

    def sum(self, numbers):
        """The sum over all processes, in place."""
        if self.world > 1:
            dist.all_reduce(numbers)
        return numbers

    def mean_code(self, rows):
        """
        For Autoencoder.forward: the mean code of the whole batch of `rows`, of which this process has a share. Its gradient
        is that of the share's own mean: times the share's rows and summed over all processes, it is that of the whole.
        """
        def mean(z):
            own = z.sum(0)
            total = self.sum(own.detach().clone())
            return total / rows + (own - own.detach()) / max(1, len(z))

        return mean if self.world > 1 else lambda z: z.mean(0)

    def leave(self, status):
        """
        Ends the program with this status; of a job of several, at once and without taking down the process group. That waits
        for gloo's threads with Python's lock held, and one of them may be waiting for the lock to free its last tensor
        (PyTorch 1.13: one job in some tens hung there); and of a lost job the others may be gone, and leave is not given.
        """
        if self.world > 1:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
        sys.exit(status)


def is_loss_of_a_process(error, world):
    return world > 1 and isinstance(error, RuntimeError) and LOST.search(f"{type(error).__name__} {error}") is not None
