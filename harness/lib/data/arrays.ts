// What a file or a folder holds, before it is a data set: arrays for training, validation and testing, of which only the first
// must be there.
import { type Dataset, FormatError, type HostArray, holdOut, type Images, imagesFromArrays } from 'latentgpu/node';

export interface Part {
  images: HostArray;
  labels?: HostArray | undefined;
}

export interface Arrays {
  train: Part;
  validation?: Part;
  test?: Part;
}

/** Of the training images, where there are no others to test with. */
const HELD_OUT = 0.1;
/** Always the same, so that programs agree on which they are. */
const HOLD_OUT_SEED = 0;

/**
 * @param place what they are from, for a line and for errors
 * @param say   told if there are no test images
 * @throws FormatError if arrays are no images, or not of one size
 */
export function datasetOf(name: string, place: string, arrays: Arrays, say: (line: string) => void): Dataset {
  const images = ({ images: values, labels }: Part): Images => imagesFromArrays(values, labels);
  const train = images(arrays.train);
  const validation = arrays.validation && images(arrays.validation);
  const test = arrays.test && images(arrays.test);
  for (const [part, other] of Object.entries({ validation, test }))
    if (other && (other.height !== train.height || other.width !== train.width))
      throw new FormatError(
        `${place}: training images are ${train.height}x${train.width} and ${part} images ${other.height}x${other.width}, must have one size; put files of one data set there`,
      );
  if (test) return { name, train, test, ...(validation && { validation }) };
  if (train.count < 2)
    throw new FormatError(`${place} has ${train.count} image and no test images, must have two at least`);
  const held = holdOut({ name, train, test: train }, HELD_OUT, HOLD_OUT_SEED);
  const { validation: out = train } = held;
  say(
    `no test images in ${place}: ${out.count.toLocaleString('en-US')} of the ${train.count.toLocaleString('en-US')} images, ` +
      `drawn by seed ${HOLD_OUT_SEED}, are held out for testing`,
  );
  return { name, train: held.train, test: out, ...(validation && { validation }) };
}
