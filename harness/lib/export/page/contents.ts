// What an exported page holds besides its script: the model's description, example images, and the weights as a safetensors
// file in base64. html-page.ts writes them into two script elements that no browser runs; here they are read back.
import type { ModelSpec } from 'latentgpu';

/** Example images; none if the exporter had none. */
export interface Examples {
  count: number;
  /** Bytes 0 (black) to 255 (white), [count, height, width, channels], in base64. */
  pixels: string;
  /** [count], the class of each. */
  labels?: number[];
}

/** As JSON in the page. */
export interface Contents {
  /** The model's name, for people. */
  title: string;
  spec: ModelSpec;
  height: number;
  width: number;
  /** 3 of colour; 1 if absent. */
  channels?: number;
  /** Name of the data that the examples are from. */
  data?: string;
  examples: Examples;
  /** Of latentgpu. */
  version: string;
}

/** The ids of the elements. */
export const CONTENTS_ID = 'contents';
export const WEIGHTS_ID = 'weights';

const textOf = (id: string): string => document.getElementById(id)?.textContent ?? '';

/** @throws SyntaxError if the file is damaged */
export const readContents = (): Contents => JSON.parse(textOf(CONTENTS_ID));

/** The bytes of the safetensors file. @throws DOMException if the file is damaged */
export const readWeights = (): Uint8Array<ArrayBuffer> => fromBase64(textOf(WEIGHTS_ID));

export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = characters.charCodeAt(i);
  return bytes;
}
