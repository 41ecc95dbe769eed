// The model that weights belong to, from their names and shapes alone: for weights that came without a description, such as
// a state_dict of PyTorch.
import { FormatError } from '../errors.js';
import { validateSpec } from './check-spec.js';
import type { DenseSpec } from './layers.js';
import { LEARNED, type ModelSpec } from './spec.js';

/** Shapes of a file's tensors, by name. */
export type Shapes = ReadonlyMap<
  string,
  {
    /** Sizes, slowest axis first. */
    readonly shape: readonly number[];
  }
>;

/** A model told from weights. */
export interface InferredSpec {
  /** The model. */
  spec: ModelSpec;
  /** What shapes cannot tell and was taken as the presets have it, for a person to check. */
  assumed: string;
}

const REMEDY = 'describe the model with a spec';
const NAMES = 'encoder.0.weight, encoder.2.weight, ..., mu.weight and log_var.weight, decoder.0.weight, ...';

/**
 * Tells the model of a preset from its weights' names and shapes.
 * @param tensors weights by PyTorch's names, as `weightsOf` gives them
 * @throws FormatError if they are not those of an autoencoder of fully connected layers
 * @example
 * ```ts
 * const { spec, assumed } = inferSpec(decodeSafetensors(bytes));
 * ```
 */
export function inferSpec(tensors: Shapes): InferredSpec {
  const encoder = chain(tensors, 'encoder');
  const decoder = chain(tensors, 'decoder');
  const head = tensors.has('mu.weight') ? matrix(tensors, 'mu') : undefined;
  const deepest = encoder.at(-1);
  const [first, last] = [decoder[0], decoder.at(-1)];
  if (!first || !last || (!head && !deepest))
    throw new FormatError(
      `the weights are not those of an autoencoder of fully connected layers (named ${NAMES}); ${REMEDY}`,
    );
  const latent = (head ?? (deepest as Matrix)).units;
  const inputs = last.units;
  const classes = (encoder[0] ?? (head as Matrix)).inputs - inputs;
  if (classes < 0 || first.inputs !== latent + classes)
    throw new FormatError(
      `the decoder takes ${first.inputs} numbers and gives ${inputs}, but the encoder takes ${inputs + classes} and gives a code of ${latent}: ` +
        `these do not go together; ${REMEDY}`,
    );
  const relu = ({ units }: Matrix): DenseSpec => ({ units, activation: 'relu' });
  const hidden = head ? encoder : encoder.slice(0, -1);
  const learned = tensors.has('log_sigma');
  const spec: ModelSpec = {
    inputs,
    ...(classes > 0 && { classes }),
    encoder: hidden.map(relu),
    code: head ? { kind: 'gaussian', units: latent } : { kind: 'deterministic', units: latent, activation: 'identity' },
    decoder: [...decoder.slice(0, -1).map(relu), { units: inputs, activation: 'sigmoid' }],
    loss: learned ? { reconstruction: 'mse', variance: LEARNED } : { reconstruction: 'bce' },
  };
  validateSpec(spec);
  const code = head ? '' : ', a code without activation';
  const loss = learned ? 'squared error with the learned variance' : 'binary cross entropy';
  return { spec, assumed: `relu in the hidden layers${code}, sigmoid pixels of 0..1, ${loss}` };
}

interface Matrix {
  units: number;
  inputs: number;
}

function matrix(tensors: Shapes, layer: string): Matrix {
  const { shape = [] } = tensors.get(`${layer}.weight`) ?? {};
  const [units, inputs, ...more] = shape;
  if (units === undefined || inputs === undefined || more.length > 0)
    throw new FormatError(
      `${layer}.weight is [${shape}], must be [units, inputs] of a fully connected layer; ${REMEDY}`,
    );
  return { units, inputs };
}

/** The layers of a Sequential: every other of its modules is an activation. */
function chain(tensors: Shapes, part: string): Matrix[] {
  const layers: Matrix[] = [];
  for (let index = 0; tensors.has(`${part}.${index}.weight`); index += 2)
    layers.push(matrix(tensors, `${part}.${index}`));
  return layers;
}
