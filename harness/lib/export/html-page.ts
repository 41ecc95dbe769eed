// A trained model as a page in one file: the built page (dist/export-page.json) with the model's description, example images
// and weights written into it. Text only: nothing here reads a run or computes with a model.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import {
  ArgumentError,
  type CheckedExamples,
  countOf,
  encodeSafetensors,
  type LayerSpec,
  lossWeights,
  type ModelSpec,
  type NamedTensors,
} from 'latentgpu/node';
import type { ImageSize } from '../data/examples.js';
import { CONTENTS_ID, type Contents, WEIGHTS_ID } from './page/contents.js';

/** What the build makes of export/page/. */
export interface PageParts {
  html: string;
  style: string;
  script: string;
}

/** Beside the bundle that this is in. */
const PARTS_FILE = new URL('./export-page.json', import.meta.url);

/** @throws ArgumentError if the build left no page */
export function readPageParts(): PageParts {
  if (!fs.existsSync(PARTS_FILE))
    throw new ArgumentError(
      `--html: ${PARTS_FILE.pathname} is missing, must be there after a build; run npm run build`,
    );
  return JSON.parse(fs.readFileSync(PARTS_FILE, 'utf8'));
}

/** What the page is told of a model. @param examples images of bytes */
export function pageContents(given: {
  spec: ModelSpec;
  size: ImageSize;
  examples: CheckedExamples | undefined;
  data: string | undefined;
  version: string;
}): Contents {
  const { spec, size, examples, data, version } = given;
  const { height, width, channels } = size;
  const count = examples ? countOf(examples) : 0;
  return {
    title: titleOf(spec),
    spec,
    height,
    width,
    ...(channels !== undefined && { channels }),
    ...(data !== undefined && count > 0 && { data }),
    examples: {
      count,
      pixels: base64((examples?.values as Uint8Array | undefined) ?? new Uint8Array()),
      ...(examples?.labels && count > 0 && { labels: [...examples.labels] }),
    },
    version,
  };
}

/** Which member of the family a model is, for people. */
export function titleOf(spec: ModelSpec): string {
  const { code, classes, corruption, encoder, decoder, loss } = spec;
  const [kind, ...more] = [
    classes === undefined ? '' : 'conditional',
    code.kind !== 'quantized' && [...encoder, ...decoder].some(convolves) ? 'convolutional' : '',
    corruption ? 'denoising' : '',
    code.kind === 'gaussian' ? 'variational' : '',
    code.kind === 'quantized' ? 'vector-quantised' : '',
    loss.l1 || loss.sparsity ? 'sparse' : '',
    [...encoder, code, ...decoder].every((layer) => 'activation' in layer && layer.activation === 'identity')
      ? 'linear'
      : '',
    'autoencoder',
  ].filter(Boolean);
  const beta = lossWeights(spec).get('kl') ?? 1;
  const name = [capital(kind ?? ''), ...more].join(' ');
  return code.kind === 'gaussian' && beta !== 1 ? `${name}, beta ${beta}` : name;
}

/** A convolution, or a residual layer around one. */
const convolves = (layer: LayerSpec): boolean =>
  layer.kind === 'conv' ||
  layer.kind === 'convTranspose' ||
  (layer.kind === 'residual' && layer.layers.some(convolves));

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

const base64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');

/**
 * The whole page. Its policy lets the browser run this one script and load nothing.
 * @param weights of the model, as `weightsFor` gives them
 */
export function encodePage(parts: PageParts, contents: Contents, weights: NamedTensors): string {
  const { title, spec, version } = contents;
  const script = scriptText(parts.script);
  const style = styleText(parts.style);
  const file = encodeSafetensors(weights, { spec: JSON.stringify(spec), version });
  const policy = [
    "default-src 'none'",
    `script-src '${hashOf(script)}'`,
    `style-src '${hashOf(style)}'`,
    'img-src data: blob:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const elements: Record<string, string> = {
    policy: `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    title: `<title>${escaped(title)}</title>`,
    heading: `<h1>${escaped(title)}</h1>`,
    style: `<style>${style}</style>`,
    contents: `<script type="application/json" id="${CONTENTS_ID}">${jsonText(contents)}</script>`,
    weights: `<script type="text/plain" id="${WEIGHTS_ID}">${base64(file)}</script>`,
    script: `<script type="module">${script}</script>`,
  };
  // In one go: what is put in is not looked through again.
  return parts.html.replace(/<!--(\w+)-->/g, (comment, name: string) => elements[name] ?? comment);
}

/** As the browser hashes an element's text. */
const hashOf = (text: string): string => `sha256-${createHash('sha256').update(text).digest('base64')}`;

const escaped = (text: string): string => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

/** JSON in which no tag can be: a browser looks for the end of a script element before it knows of strings. */
export const jsonText = (value: unknown): string => JSON.stringify(value).replaceAll('<', '\\u003c');

/**
 * A program as the text of a script element. `</script` would end it, and after `<!--` and `<script` its own end would not:
 * in strings, templates and regular expressions a backslash after `<` changes nothing else.
 */
export const scriptText = (code: string): string => code.replace(/<(?=\/script|script|!--)/gi, '<\\');

/** A style sheet as the text of a style element. */
export const styleText = (css: string): string => css.replace(/<(?=\/style)/gi, '<\\');
