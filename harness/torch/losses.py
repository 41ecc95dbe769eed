"""A loss in words, as harness/train.js prints it (harness/lib/report/losses.ts)."""
import math

from autoencoder import loss_weights

NAMES = {"bce": "BCE", "mse": "squared error", "gaussian": "Gaussian NLL", "poisson": "Poisson NLL", "kl": "KL", "importance": "importance", "l1": "L1",
         "sparsity": "sparsity"}
UNITS = {"bce": "nats", "mse": "squared error", "gaussian": "nats", "poisson": "nats", "kl": "nats", "importance": "nats", "l1": "sum of |z|",
         "sparsity": "nats"}


def means(sums, spec):
    """What metrics.jsonl tells of sums over images: the loss, then its terms without their weights."""
    weights = loss_weights(spec)
    each = {term: total / sums["images"] for term, total in zip(weights, sums["sums"])}
    return {"loss": sum(weight * each[term] for term, weight in weights.items()), **each}


def loss_text(losses, spec):
    """306.1 nats (BCE 294.5 + KL 11.60)"""
    weights = loss_weights(spec)
    weighted_units = {"nats" if term == "mse" and "variance" in spec["loss"] else UNITS[term] for term in weights}
    total = weighted_units.pop() if len(weighted_units) == 1 else "weighted sum"
    same = all(UNITS[term] == total for term in weights)
    plain = list(weights.values()) == [1]

    def each(told):
        return [f"{'' if weight == 1 else f'{weight:.4g} x '}{NAMES[term]} {figures(losses[term])}"
                f"{' nats' if told and UNITS[term] == 'nats' else ''}" for term, weight in weights.items()]

    if plain:
        return each(True)[0]
    return f"{figures(losses['loss'])}{' nats' if total == 'nats' else ''} ({' + '.join(each(not same))})"


def figures(value):
    """Four significant figures at any scale; of larger numbers all whole digits."""
    size = abs(value)
    if 1e4 <= size < 1e7:
        return f"{value:.0f}"
    if value == 0:
        return "0.000"
    exponent = math.floor(math.log10(float(f"{size:.3e}")))
    if -7 <= exponent < 4:
        return f"{value:.{3 - exponent}f}"
    digits, power = f"{value:.3e}".split("e")
    return f"{digits}e{int(power):+d}"


def duration(seconds):
    """8.3 s, 45 s, 1m46s, 2h03m"""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    return f"{round(whole / 60) // 60}h{round(whole / 60) % 60:02d}m"
