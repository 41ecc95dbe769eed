"""The order of the images: the same keyed permutation as the engine's (src/random.ts, shaders/lib/random/permutation.wgsl), so
that one process sees exactly its batches; and the sampler that gives each process its share of them.
"""
import torch
from torch.utils.data import Sampler

SHUFFLE = 3  # the fourth counter word: what a number is drawn for
SPLIT = 0xFFFFFFFF  # the order by which images are held out (src/data/hold-out.ts)
ROUNDS = 8
WORD = 0xFFFFFFFF


def philox(counter, key):
    """Philox4x32-10 (Salmon et al., SC 2011): four words and a key of two to four words."""
    x0, x1, x2, x3 = counter
    k0, k1 = key
    for _ in range(10):
        p0, p1 = 0xD2511F53 * x0, 0xCD9E8D57 * x2
        x0, x1, x2, x3 = (p1 >> 32) ^ x1 ^ k0, p1 & WORD, (p0 >> 32) ^ x3 ^ k1, p0 & WORD
        k0, k1 = (k0 + 0x9E3779B9) & WORD, (k1 + 0xBB67AE85) & WORD
    return [x0, x1, x2, x3]


def permute(positions, count, seed, epoch):
    """
    Where the permutation of 0..count-1 of this seed and epoch sends each of `positions` (int64): a Feistel network over
    the next even power of two, walked until the result is below count.
    """
    key = (seed & WORD, seed >> 32)
    keys = philox([0, epoch, 0, SHUFFLE], key) + philox([1, epoch, 0, SHUFFLE], key)
    half = 3
    while 4 ** half < count:
        half += 1
    mask = 2 ** half - 1
    result = positions.clone()
    walking = torch.arange(len(positions))
    while len(walking):
        at = result[walking]
        left, right = at >> half, at & mask
        for round_key in keys[:ROUNDS]:
            left, right = right, (left ^ _mixed(right ^ round_key)) & mask
        at = (left << half) | right
        result[walking] = at
        walking = walking[at >= count]
    return result


def _mixed(word):
    """High 32 bits xor low 32 bits of a product of two u32. By halves: the product does not fit into an int64."""
    low = 0xD2511F53 * (word & 0xFFFF)
    high = 0xD2511F53 * (word >> 16) + (low >> 16)
    return (high >> 16) ^ (((high & 0xFFFF) << 16) | (low & 0xFFFF))


def rows_of_step(step, count, batch):
    """Rows of step `step` (from 0): the last batch of an epoch may be smaller."""
    return min(batch, count - step % -(-count // batch) * batch)


class ShardedOrder(Sampler):
    """
    The rows of each step from `first` to before `last`, as far as they are this process's: of a batch, every `world`-th
    from its `rank`-th on, as torch.utils.data.DistributedSampler deals them. All processes together see the engine's batch.
    """

    def __init__(self, count, batch, seed, first, last, rank=0, world=1):
        self.count, self.batch, self.seed, self.first, self.last = count, batch, seed, first, last
        self.rank, self.world = rank, world

    def __len__(self):
        return self.last - self.first

    def __iter__(self):
        steps_per_epoch = -(-self.count // self.batch)
        order, of = None, None
        for step in range(self.first, self.last):
            epoch, batch = divmod(step, steps_per_epoch)
            if epoch != of:
                order, of = permute(torch.arange(self.count), self.count, self.seed, epoch), epoch
            begin = batch * self.batch
            yield order[begin:begin + self.batch][self.rank::self.world]
