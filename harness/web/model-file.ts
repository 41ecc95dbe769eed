// What a model's file says beside its weights: the set-up, and what its numbers are; and whether it is for the data that there
// are, which is told before anything is given up for it. Nothing of the page.
import {
  decodeSafetensors,
  encodeSafetensors,
  isMap,
  type ModelSpec,
  placedLayers,
  type ScalingSpec,
  safetensorsMetadata,
  shapeOfOne,
  sizeOf,
  validateSpec,
} from 'latentgpu';

const SETUP = 'latentgpu.setup';
const NUMBERS = 'latentgpu.numbers';

/** What a model sees. */
export interface Numbers {
  /** Whether they are of 0..1, as pixels are; else any. */
  pixels: boolean;
  scaling?: ScalingSpec | undefined;
}

/** @param setup as an address has it */
export const withSaid = (weights: Uint8Array, setup: string, numbers: Numbers): Uint8Array<ArrayBuffer> =>
  encodeSafetensors(decodeSafetensors(weights), { [SETUP]: setup, [NUMBERS]: JSON.stringify(numbers) });

/** What a file says; nothing of it that other programs, or older pages, wrote. @throws Error for what is no such text */
export function saidIn(file: Uint8Array): { setup?: string; numbers?: Numbers } {
  const { [SETUP]: setup, [NUMBERS]: text } = safetensorsMetadata(file);
  return { ...(setup !== undefined && { setup }), ...(text !== undefined && { numbers: numbersIn(text) }) };
}

function numbersIn(text: string): Numbers {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const { pixels, scaling } = (value ?? {}) as Partial<Numbers>;
  if (typeof pixels !== 'boolean')
    throw new Error(`${NUMBERS} is ${text.slice(0, 40)}, must be as this page writes it: save the model anew`);
  return { pixels, ...(scaling && { scaling }) };
}

/** The data that there are. */
export interface Here {
  /** Of the examples, their count first. */
  shape: readonly number[];
  /** What a model of theirs would see; absent where other fields of the file's set-up may change that. */
  pixels?: boolean | undefined;
}

/**
 * @param model of the file's set-up, with its numbers, for the data that there are
 * @throws Error if the file's model is for images of another size or colour, for rows of other features, or for other numbers
 */
export function checkFits(file: Uint8Array, model: ModelSpec, numbers: Numbers | undefined, here: Here): void {
  const tensors = decodeSafetensors(file);
  const isImage = here.shape.length > 2;
  const data = isImage ? 'images' : 'rows';
  const sizes = shapeOfOne(here).join('x');
  const { shape = [] } = tensors.get('encoder.0.weight') ?? tensors.get('mu.weight') ?? {};
  const columns = shape[1] ?? 0;
  if (shape.length === 4) {
    const channels = here.shape[3] ?? 1;
    if (columns !== channels)
      throw new Error(
        `a model for ${coloured(columns)} images; the ${data} here are ${!isImage ? 'no images' : channels === 1 ? 'grey' : 'in colour'}. Choose its images first.`,
      );
  } else if (shape.length === 2) {
    const own = columns - (model.classes ?? 0);
    if (own !== model.inputs)
      throw new Error(
        isImage
          ? `a model for images of ${own} pixels; the images here have ${sizes} = ${sizeOf(here)}. Choose its images first.`
          : `a model of ${own} numbers; the rows here have ${model.inputs}. Choose its data first.`,
      );
  }
  checkMaps(tensors, model, sizes);
  if (numbers && here.pixels !== undefined && numbers.pixels !== here.pixels)
    throw new Error(
      numbers.pixels
        ? `a model of pixels, which are from 0 to 1; the ${data} here are of any numbers. Choose its data first.`
        : `a model of any numbers${numbers.scaling ? `, scaled by ${numbers.scaling.kind}` : ''}; the ${data} here are of pixels, from 0 to 1. Choose its data first.`,
    );
  try {
    validateSpec(model);
  } catch (cause) {
    throw new Error(`it does not fit the ${data} here: ${(cause as Error).message}`, { cause });
  }
}

const coloured = (channels: number): string => (channels === 1 ? 'grey' : 'colour');

/** The kernels of a convolution fit images of any size; the layer after the last of them does not. */
function checkMaps(tensors: ReturnType<typeof decodeSafetensors>, model: ModelSpec, sizes: string): void {
  const { encoder, top } = placedLayers(model);
  if (!encoder.some(({ from }) => isMap(from))) return;
  const dense = encoder.find(({ from, spec }) => !isMap(from) && 'units' in spec);
  const place = dense?.from ?? top;
  const has = tensors.get(`${dense?.name ?? 'mu'}.weight`)?.shape[1];
  if (isMap(place) || has === undefined || has === place.units) return;
  throw new Error(
    `a model for images of another size: it makes ${has} numbers of one before its code, and ${place.units} of the images here, which are ${sizes}. Choose its images first.`,
  );
}
