"""The folder of a run: locked while a program works in it, and its files (harness/lib/run-folder/run-folder.ts, claim.ts)."""
import json
import os
import socket
import time
import uuid

from checkpoint import FOLDER, checkpoint_name, checkpoint_names
from errors import InputError
from tensor_file import save, write_whole

METRICS, RUN, MODEL, BEST, LOCK = "metrics.jsonl", "run.json", "model.safetensors", "best.safetensors", ".lock"
WRITING_SECONDS = 10


class RunFolder:
    def __init__(self, path):
        self.path = path
        self.own = self._lock()
        for folder in (path, self.at(FOLDER)):  # of a program that was killed
            for name in os.listdir(folder) if os.path.isdir(folder) else []:
                if name.endswith(".part"):
                    os.remove(os.path.join(folder, name))

    @staticmethod
    def create(path):
        """A new folder with the parents it lacks, or an empty one."""
        try:
            os.makedirs(path, exist_ok=True)
            holds = [name for name in os.listdir(path) if name != LOCK]
        except OSError as error:
            raise InputError(f"--out {path} cannot be used ({error.strerror}), must be a folder you may write; name another"
                             ) from error
        if holds:
            raise InputError(f"--out {path} is not empty ({len(holds)} entries), must be a new or empty folder; name another")
        return RunFolder(path)

    def at(self, *names):
        return os.path.join(self.path, *names)

    # --- the lock ---------------------------------------------------------------------------------------------------------

    def _lock(self):
        own = json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "claim": str(uuid.uuid4()),
                          **_began(os.getpid())})
        for tries in range(2):
            try:
                with open(self.at(LOCK), "x") as file:
                    file.write(own)
                return own
            except FileExistsError:
                other = _owner(self.at(LOCK))
                if tries or (_at_work(other) if other else _fresh(self.at(LOCK))):
                    who = other or {"pid": "unknown", "host": "unknown"}
                    raise InputError(f"{self.path} is in use by another program (process {who['pid']} on {who['host']}); name "
                                     "another folder, or wait for it. If it is gone for certain, remove "
                                     f"{self.at(LOCK)}") from None
                os.remove(self.at(LOCK))
            except OSError as error:
                raise InputError(f"{self.path} cannot be written to ({error.strerror}); name another folder with --out"
                                 ) from error
        raise AssertionError("unreachable")

    def release(self):
        if _text(self.at(LOCK)) == self.own:
            os.remove(self.at(LOCK))

    # --- files ------------------------------------------------------------------------------------------------------------

    def write_metrics(self, lines):
        write_whole(self.at(METRICS), "".join(_line(line) for line in lines).encode())

    def append_metrics(self, lines):
        with open(self.at(METRICS), "a") as file:
            file.write("".join(_line(line) for line in lines))

    def write_checkpoint(self, step, contents, keep):
        """Returns its path. The oldest of more than `keep` are removed once it is there."""
        os.makedirs(self.at(FOLDER), exist_ok=True)
        path = self.at(FOLDER, checkpoint_name(step))
        write_whole(path, contents)
        for old in checkpoint_names(self.at(FOLDER))[:-keep]:
            os.remove(self.at(FOLDER, old))
        return path

    def write_best(self, contents):
        write_whole(self.at(BEST), contents)

    def write_model(self, parameters):
        save(parameters, self.at(MODEL))

    def write_run_json(self, run):
        write_whole(self.at(RUN), f"{json.dumps(run, indent=2, ensure_ascii=False)}\n".encode())


def read_metrics(folder):
    """The lines of metrics.jsonl that can be read: the last one of a run that was killed may be half of one."""
    lines = []
    for line in (_text(os.path.join(folder, METRICS)) or "").split("\n"):
        try:
            lines += [json.loads(line)] if line else []
        except ValueError:
            break
    return lines


def read_run_json(folder):
    try:
        return json.loads(_text(os.path.join(folder, RUN)) or "{}")
    except ValueError:
        return {}


def kept_lines(lines, checkpoint):
    """Those of what was done by the checkpoint; layers are pretrained before the whole."""
    return [line for line in lines if "layer" in line or (
        line["step"] <= checkpoint.step and line["epoch"] <= checkpoint.epochs)]


def _line(line):
    return f"{json.dumps(line, separators=(',', ':'))}\n"


def _began(pid):
    """Linux's word for when a process began, field 22 of its stat: numbers of processes are used again."""
    stat = _text(f"/proc/{pid}/stat")
    return {} if stat is None else {"began": stat.rpartition(") ")[2].split(" ")[19]}


def _owner(path):
    try:
        owner = json.loads(_text(path) or "")
        return owner if "pid" in owner and "host" in owner else None
    except ValueError:
        return None  # it is being written, or its writer was killed


def _at_work(owner):
    if owner["host"] != socket.gethostname():
        return True  # nobody here can tell
    try:
        os.kill(owner["pid"], 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return "began" not in owner or {"began": owner["began"]} == _began(owner["pid"])


def _fresh(path):
    return os.path.exists(path) and time.time() - os.path.getmtime(path) < WRITING_SECONDS


def _text(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return None
