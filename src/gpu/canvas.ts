// Where a picture goes: straight to a canvas, or, in Firefox, to a texture whose pixels are then put on the canvas; and pixels
// of the host that are put on one. It knows nothing of images; draw.ts draws them.
import { ArgumentError } from '../errors.js';
import { type Device, inFirefox } from './device.js';
import { watched } from './faults.js';
import type { Memory } from './memory.js';
import type { Machine } from './program.js';
import { mapForReading, mappedBytes } from './transfer.js';

/** What is drawn on. */
export interface Surface {
  readonly view: GPUTextureView;
  /** After what was drawn is submitted: resolves when the canvas shows it. */
  show(): Promise<void>;
  /** Gives back what only this picture needed. */
  dispose(): void;
}

export interface Size {
  width: number;
  height: number;
}

/**
 * Firefox 153 ends, all of it, some hundred pictures after canvases began to show what WebGPU drew ("Cannot remove a vacant
 * resource" in wgpu: showing a canvas gives numbers of command encoders back too early, and the next encoders get them).
 */
const throughHost = inFirefox;

/** Bytes of a row of pixels in a buffer are a multiple of this. */
const ROW_ALIGNMENT = 256;
const PIXEL_BYTES = 4;

export const canvasFormat = (): GPUTextureFormat =>
  throughHost() ? 'rgba8unorm' : navigator.gpu.getPreferredCanvasFormat();

/**
 * Gives the canvas its size, now or when the picture is shown.
 * @throws ArgumentError if the canvas was drawn on by other means
 */
export function surfaceOf(machine: Machine, canvas: OffscreenCanvas, size: Size): Surface {
  return throughHost() ? readBack(machine, canvas, size) : presented(machine, canvas, size);
}

/**
 * Puts pixels of the host on a canvas, which is given the size of the image.
 * @throws ArgumentError as surfaceOf
 */
export async function putImage({ device }: Machine, canvas: OffscreenCanvas, image: ImageData): Promise<void> {
  const { width, height, data } = image;
  if (throughHost()) {
    const context = contextOf(canvas, () => canvas.getContext('2d'), 'webgpu');
    resize(canvas, image);
    context.putImageData(image, 0, 0);
    return;
  }
  const context = configuredContext(device, canvas, image);
  const pixels = canvasFormat() === 'bgra8unorm' ? blueFirst(data) : new Uint8Array(data);
  await watched(device, 'a picture', () => {
    const texture = context.getCurrentTexture();
    device.gpu.queue.writeTexture({ texture }, pixels, { bytesPerRow: width * PIXEL_BYTES }, { width, height });
  });
}

/** RGBA -> BGRA */
function blueFirst(data: ArrayLike<number>): Uint8Array<ArrayBuffer> {
  const turned = Uint8Array.from(data);
  for (let at = 0; at < turned.length; at += PIXEL_BYTES) {
    turned[at] = data[at + 2] ?? 0;
    turned[at + 2] = data[at] ?? 0;
  }
  return turned;
}

// --- a context a canvas ----------------------------------------------------------------------------------------------

type Context = GPUCanvasContext | OffscreenCanvasRenderingContext2D;

const contexts = new WeakMap<OffscreenCanvas, Context>();

/** Asked for once a canvas: in a worker of Firefox, `getContext('webgpu')` throws the second time. */
function contextOf<T extends Context>(canvas: OffscreenCanvas, make: () => T | null, other: string): T {
  const context = (contexts.get(canvas) as T | undefined) ?? make();
  if (!context)
    throw new ArgumentError(`the canvas was drawn on by other means (a "${other}" context?); draw on one of its own`);
  contexts.set(canvas, context);
  return context;
}

function resize(canvas: OffscreenCanvas, { width, height }: Size): void {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
}

// --- straight to the canvas ------------------------------------------------------------------------------------------

/** Of each context: a device that was lost is replaced by another. */
const configured = new WeakMap<GPUCanvasContext, GPUDevice>();

function configuredContext({ gpu }: Device, canvas: OffscreenCanvas, size: Size): GPUCanvasContext {
  const context = contextOf(canvas, () => canvas.getContext('webgpu'), '2d');
  resize(canvas, size);
  const usage = GPUTextureUsage.RENDER_ATTACHMENT | GPUTextureUsage.COPY_DST;
  if (configured.get(context) !== gpu)
    context.configure({ device: gpu, format: canvasFormat(), alphaMode: 'opaque', usage });
  configured.set(context, gpu);
  return context;
}

function presented({ device }: Machine, canvas: OffscreenCanvas, size: Size): Surface {
  const context = configuredContext(device, canvas, size);
  return {
    view: context.getCurrentTexture().createView(),
    show: async () => undefined, // the browser does, when the task ends that drew
    dispose: () => undefined,
  };
}

// --- by way of the host ----------------------------------------------------------------------------------------------

function readBack({ device, memory }: Machine, canvas: OffscreenCanvas, size: Size): Surface {
  const context = contextOf(canvas, () => canvas.getContext('2d'), 'webgpu');
  const own = memory.part();
  const usage = GPUTextureUsage.RENDER_ATTACHMENT | GPUTextureUsage.COPY_SRC;
  const descriptor = { label: 'picture', size, format: canvasFormat(), usage };
  const texture = own.watch('a picture', () => device.gpu.createTexture(descriptor));
  return {
    view: texture.createView(),
    async show() {
      const image = await readPixels(device, own, texture);
      resize(canvas, size);
      context.putImageData(image, 0, 0);
    },
    dispose() {
      texture.destroy();
      own.dispose();
    },
  };
}

async function readPixels(device: Device, memory: Memory, texture: GPUTexture): Promise<ImageData> {
  const { width, height } = texture;
  const bytesPerRow = Math.ceil((width * PIXEL_BYTES) / ROW_ALIGNMENT) * ROW_ALIGNMENT;
  const usage = GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ;
  const bytes = bytesPerRow * height;
  const staging = memory.create({ label: 'picture', bytes, usage, remedy: 'Draw fewer images at a time.' });
  memory.watch('a copy of a picture', () => {
    const encoder = device.gpu.createCommandEncoder({ label: 'picture' });
    encoder.copyTextureToBuffer({ texture }, { buffer: staging, bytesPerRow }, { width, height });
    device.gpu.queue.submit([encoder.finish()]);
  });
  await memory.settled();
  await mapForReading(device, staging);
  const rows = new Uint8ClampedArray(mappedBytes(device, staging));
  const image = new ImageData(width, height);
  const rowBytes = width * PIXEL_BYTES;
  for (let row = 0; row < height; row++)
    image.data.set(rows.subarray(row * bytesPerRow, row * bytesPerRow + rowBytes), row * rowBytes);
  return image;
}
