// Which flags of a model go together. One that the chosen model has no use for is refused, never ignored.
import { ArgumentError } from 'latentgpu/node';
import { MODEL_FLAGS, MODELS, type ModelName, type ModelOptions } from './model-flags.js';
import { isConvolutional, presetSpec } from './model-preset.js';

const VAES: readonly ModelName[] = ['vae', 'beta-vae', 'conditional-vae', 'iwae', 'conv-vae'];
/** Whose KL term is the divergence itself, at least by default. */
const OF_DIVERGENCE = VAES.filter((name) => name !== 'iwae');

const OF_CONVOLUTIONS = ['kernel-size', 'norm', 'dropout'] as const;
const MAY_CONVOLVE = MODELS.filter((name) => name !== 'linear' && name !== 'stacked');
const NOT_LINEAR = MODELS.filter((name) => name !== 'linear');
const NOT_QUANTIZED = MODELS.filter((name) => name !== 'vq-vae');
/** What all but one or two take. */
const MOST: readonly (readonly ModelName[])[] = [MAY_CONVOLVE, NOT_LINEAR, NOT_QUANTIZED];

/** Flags that only some models have a use for, and why. Those of training (--warmup, --pretrain) are among them. */
const USES: Record<string, { models: readonly ModelName[]; why: string }> = {
  activation: { models: NOT_LINEAR, why: 'a linear autoencoder has no activations' },
  loss: { models: NOT_LINEAR, why: "a linear autoencoder's loss is the squared error" },
  output: { models: NOT_LINEAR, why: 'a linear autoencoder has no activations' },
  range: { models: NOT_LINEAR, why: 'to scale the pixels changes nothing for a linear autoencoder' },
  hidden: { models: NOT_QUANTIZED, why: 'its code is a feature map, with convolutions alone around it' },
  channels: { models: MAY_CONVOLVE, why: 'its layers are fully connected' },
  'kernel-size': { models: MAY_CONVOLVE, why: 'its layers are fully connected' },
  norm: { models: MAY_CONVOLVE, why: 'its layers are fully connected' },
  dropout: { models: MAY_CONVOLVE, why: 'its layers are fully connected' },
  beta: { models: ['beta-vae', 'conditional-vae'], why: 'only beta-vae and conditional-vae weigh their KL term' },
  variance: { models: VAES, why: "it is the variance of a VAE's pixels" },
  'free-bits': { models: OF_DIVERGENCE, why: 'it is of the KL divergence, which only the ELBO has' },
  capacity: { models: OF_DIVERGENCE, why: 'it is of the KL divergence, which only the ELBO has' },
  iwae: { models: VAES, why: "it is of a VAE's samples" },
  l1: { models: ['sparse'], why: 'only sparse has a penalty on its code' },
  rho: { models: ['sparse'], why: 'only sparse has a penalty on its code' },
  'sparsity-weight': { models: ['sparse'], why: 'only sparse has a penalty on its code' },
  noise: { models: ['denoising', 'conv-denoising'], why: 'only denoising shows the encoder damaged images' },
  codes: { models: ['vq-vae'], why: 'only vq-vae has a codebook' },
  commitment: { models: ['vq-vae'], why: 'only vq-vae has a codebook' },
  warmup: { models: VAES, why: 'it raises the weight of the KL term, which only a VAE has' },
  pretrain: { models: ['stacked'], why: 'only stacked trains its layers one by one first' },
  'pretrain-steps': { models: ['stacked'], why: 'only stacked trains its layers one by one first' },
};

/**
 * Refuses flags that the chosen model has no use for, and combinations that no model has.
 * @param given the options that the command line names
 * @throws ArgumentError in one line
 */
export function checkModelOptions(given: ModelOptions & Record<string, unknown>): void {
  if (given.spec !== undefined) {
    const flag = Object.keys(MODEL_FLAGS).find((name) => name !== 'spec' && given[name] !== undefined);
    if (flag !== undefined)
      throw new ArgumentError(
        `--${flag} with --spec ${given.spec}: the file alone says what the model is; leave --${flag} out, or change the file`,
      );
    return;
  }
  const model = given.model ?? 'vae';
  for (const [flag, { models, why }] of Object.entries(USES))
    if (given[flag] !== undefined && !models.includes(model)) {
      const others = MOST.includes(models) ? 'another model' : models.map((name) => `--model ${name}`).join(' or ');
      throw new ArgumentError(
        `--${flag} with --model ${model}${given.model ? '' : ' (the default)'}: ${why}; use ${others}, or leave --${flag} out`,
      );
    }
  for (const flag of ['free-bits', 'capacity'] as const)
    if (given[flag] !== undefined && given.iwae !== undefined)
      throw new ArgumentError(
        `--${flag} with --iwae ${given.iwae}: it is of the KL divergence, in whose place each sample has log q(z|x) - log p(z); leave one out`,
      );
  if (!isConvolutional(given))
    for (const flag of OF_CONVOLUTIONS)
      if (given[flag] !== undefined)
        throw new ArgumentError(
          `--${flag} ${given[flag]} with --model ${model}: its layers are fully connected; give --channels 32,64, or leave --${flag} out`,
        );
  // A file may hold numbers whose loss is another by default; then it is checked once they are there.
  if (given.loss === undefined && isPath(given.data)) return;
  checkCombinations(given);
  // Whatever is left is refused before any image is loaded, but for what depends on how large they are.
  if (!isPath(given.data) || !isConvolutional(given)) presetSpec(given, {});
}

const isPath = (data: unknown): boolean =>
  typeof data === 'string' && !['mnist', 'fashion-mnist', 'digits'].includes(data);

export function checkCombinations(given: ModelOptions): void {
  const { loss, output, range, l1, rho, variance, iwae: samples, 'sparsity-weight': weight } = given;
  if ((samples !== undefined || given.model === 'iwae') && loss === 'mse' && variance === undefined)
    throw new ArgumentError(
      `${samples === undefined ? '--model iwae' : `--iwae ${samples}`} with --loss mse: the squared error is no likelihood without a variance; give --variance learned, or use --loss bce`,
    );
  if (loss === 'poisson') checkPoisson(given);
  const bce = `--loss ${loss ?? 'bce'}${loss === undefined ? ' (the default)' : ''}`;
  if (loss !== 'mse' && loss !== 'poisson' && given.model !== 'linear') {
    if (range === '-1..1')
      throw new ArgumentError(
        `--range -1..1 with ${bce}: cross entropy compares probabilities; use --loss mse, or leave --range out`,
      );
    if (output !== undefined && output !== 'sigmoid')
      throw new ArgumentError(
        `--output ${output} with ${bce}: cross entropy compares probabilities; use --loss mse, or --output sigmoid`,
      );
    if (variance !== undefined)
      throw new ArgumentError(
        `--variance with ${bce}: only the squared error has a variance; use --loss mse, or leave --variance out`,
      );
  }
  if (range === '-1..1' && output === 'sigmoid')
    throw new ArgumentError(
      '--output sigmoid with --range -1..1: it cannot give pixels below 0; use --output tanh or identity, or leave --range out',
    );
  if (l1 !== undefined && rho !== undefined)
    throw new ArgumentError('--l1 with --rho: a code is kept sparse by one of them; leave one out');
  if (weight !== undefined && rho === undefined)
    throw new ArgumentError(
      '--sparsity-weight without --rho: it is the weight of the divergence from --rho; give --rho 0.05 too',
    );
}

/** Counts are not scaled, and their rates are the exp of what the last layer computes. */
function checkPoisson({ range, output, variance, scale }: ModelOptions): void {
  if (range !== undefined)
    throw new ArgumentError(`--range ${range} with --loss poisson: it is of pixels, not of counts; leave --range out`);
  if (output !== undefined)
    throw new ArgumentError(
      `--output ${output} with --loss poisson: rates are exp of the last layer's sums; use --loss mse, or leave --output out`,
    );
  if (variance !== undefined)
    throw new ArgumentError(
      `--variance with --loss poisson: the variance of counts is their rate; use --loss mse, or leave --variance out`,
    );
  if (scale !== undefined && scale !== 'none')
    throw new ArgumentError(
      `--scale ${scale} with --loss poisson: scaled counts are none; use --scale none, --loss mse, or leave --scale out`,
    );
}
