// Names that people type: of options, of flags, of choices. One that nobody knows is refused with the known one that was
// probably meant: by its spelling, or because other libraries call the same thing so. For the options of the library, and
// through latentgpu/node for the flags of programs.
import { ArgumentError } from './errors.js';
import { cut, show } from './show.js';

/** A line is one thing, by all its names: written as `plain` writes them. What is known decides which of them is meant. */
const SAME = `
lr learningrate eta stepsize
batch batchsize bs minibatch
epochs nepochs numepochs maxepochs
steps iterations iters maxsteps numsteps
seed randomseed randomstate
optimizer optim
weightdecay wd decay l2
clip clipnorm clipgradnorm gradclip maxgradnorm maxnorm
schedule scheduler lrscheduler lrschedule
lrwarmup warmupsteps
warmup klwarmup klannealing annealing
model arch architecture
hidden layers hiddenlayers hiddensizes hiddendims
latent latentdim latentsize zdim codesize bottleneck
units neurons width size
activation act nonlinearity
loss criterion objective reconstruction
out outdir outputdir savedir logdir
data dataset datadir datapath
limit maximages numimages subset
adapter device gpu backend
init initialization initializer
beta klweight kldweight
noise corruption
rho target
validation validationsplit valsplit val
patience earlystopping
resume continue
inputs pixels inputsize inputdim
classes numclasses nclasses
silu swish
identity linear none
leakyrelu lrelu
bce crossentropy binarycrossentropy
mse squarederror meansquarederror l2
sgd gradientdescent
cosine cosineannealing
step steplr
saltpepper saltandpepper
mask masking dropout
gaussian normal
he kaiming
xavier glorot
vae variational
conditionalvae cvae
ae autoencoder
denoising dae
stacked deep
fashionmnist fashion fmnist
`
  .trim()
  .split('\n')
  .map((line) => line.split(' '));

const plain = (name: string) => name.toLowerCase().replace(/[^a-z0-9.]/g, '');

/** The one of `known` that someone meant who typed `typed`, if that can be told. */
export function nearest(typed: string, known: readonly string[]): string | undefined {
  const word = plain(typed);
  let [best, least]: [string | undefined, number] = [undefined, Number.POSITIVE_INFINITY];
  for (const name of known) {
    const own = plain(name);
    const others = SAME.filter((line) => line.includes(own)).flat();
    const begun = word.length > 1 && own.startsWith(word) ? 0.5 : Number.POSITIVE_INFINITY;
    const spelt = within(word, own, Math.max(1, own.length / 3));
    const distance = Math.min(begun, spelt, ...others.map((other) => within(word, other, other.length / 5)));
    if (distance < least) [best, least] = [name, distance];
  }
  return best;
}

/** ; did you mean NAME? - or nothing. */
export function didYouMean(typed: string, known: readonly string[]): string {
  const name = nearest(typed, known);
  return name === undefined ? '' : `; did you mean ${name}?`;
}

/**
 * Refuses an object with keys that are not known.
 * @param path what the object is; '' for a description itself
 * @throws ArgumentError for what is no object, or has a key that `known` lacks: a slip of the pen would else be a default
 */
export function requireKnownKeys(value: object, known: readonly string[], path: string): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ArgumentError(`${path || 'options'}: ${show(value)}, must be an object with some of ${known.join(', ')}`);
  for (const key of Object.keys(value))
    if (!known.includes(key))
      throw new ArgumentError(
        `${path && `${path}.`}${cut(key)}: unknown, must be one of ${known.join(', ')}${didYouMean(key, known)}`,
      );
}

/** The distance of two words if it is at most `most` and leaves a letter of `word`, else infinite. */
function within(typed: string, word: string, most: number): number {
  if (Math.abs(typed.length - word.length) > most) return Number.POSITIVE_INFINITY;
  const distance = editDistance(typed, word);
  return distance <= Math.min(most, word.length - 1) ? distance : Number.POSITIVE_INFINITY;
}

/** Letters inserted, deleted, replaced, or swapped with a neighbour. Source: Damerau 1964 (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let [before, row]: number[][] = [[], Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row?.[j - 1] ?? 0) + Number(a[i - 1] !== b[j - 1]);
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (before?.[j - 2] ?? 0) + 1 : replaced;
      next.push(Math.min(replaced, swapped, (row?.[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    [before, row] = [row, next];
  }
  return row?.[b.length] ?? 0;
}
