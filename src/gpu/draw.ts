// Images onto a canvas, as tiles: grey ones from the GPU's memory, colour ones from the host's, as the shader knows one channel.
// It does not know where the images come from, nor how pixels reach the canvas (canvas.ts). Not part of latentgpu.js: latentgpu/worker carries it.
import { ArgumentError } from '../errors.js';
import { tilesSource } from '../kernels/tiles.js';
import { canvasFormat, putImage, type Size, type Surface, surfaceOf } from './canvas.js';
import type { Device } from './device.js';
import { watched } from './faults.js';
import { pipelineError } from './pipelines.js';
import type { Machine } from './program.js';

/** How images lie on a canvas. */
export interface TileLayout {
  /** Of one image, in pixels. */
  height: number;
  width: number;
  /** Images in all. */
  count: number;
  /** Images side by side. */
  columns: number;
  /** What is black, and what is white. */
  low: number;
  high: number;
}

/** Some of the images, [count, height, width]. */
export interface TileRows {
  buffer: GPUBuffer;
  first: number;
  count: number;
}

/** What is drawn in one task. */
export interface Picture extends Pick<Surface, 'show' | 'dispose'> {
  add(encoder: GPUCommandEncoder, rows: TileRows): void;
}

/** struct Tiles of shaders/tiles.wgsl, in bytes, padded as a uniform is. */
const TILES_BYTES = 32;

export class Painter {
  private constructor(
    private readonly machine: Machine,
    private readonly layout: GPUBindGroupLayout,
    private readonly pipeline: GPURenderPipeline,
    private readonly tiles: GPUBuffer,
  ) {}

  /** Its memory is the machine's, and goes with that. */
  static async create(machine: Machine): Promise<Painter> {
    const { device } = machine;
    const layout = await watched(device, 'the layout of tiles', () => tilesLayout(device));
    const pipeline = await tilesPipeline(device, layout);
    const memory = machine.memory.part();
    try {
      const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
      const tiles = memory.create({ label: 'tiles', bytes: TILES_BYTES, usage, remedy: 'Close other programs.' });
      await memory.settled();
      return new Painter(machine, layout, pipeline, tiles);
    } catch (error) {
      memory.dispose();
      throw error;
    }
  }

  /**
   * Gives the canvas the size of the picture, a pixel for each of the images'.
   * @throws ArgumentError if the canvas cannot have that size, or was drawn on by other means
   */
  begin(canvas: OffscreenCanvas, layout: TileLayout): Picture {
    const { gpu } = this.machine.device;
    const surface = surfaceOf(this.machine, canvas, this.sizeOf(layout));
    let loadOp: GPULoadOp = 'clear';
    return {
      show: () => surface.show(),
      dispose: () => surface.dispose(),
      add: (encoder, rows) => {
        gpu.queue.writeBuffer(this.tiles, 0, tilesBytes(layout, rows));
        const pass = encoder.beginRenderPass({
          label: 'tiles',
          colorAttachments: [{ view: surface.view, loadOp, storeOp: 'store' }],
        });
        loadOp = 'load';
        pass.setPipeline(this.pipeline);
        const entries = [rows.buffer, this.tiles].map((buffer, binding) => ({ binding, resource: { buffer } }));
        const group = { label: 'tiles', layout: this.layout, entries };
        pass.setBindGroup(0, gpu.createBindGroup(group));
        pass.draw(3);
        pass.end();
      },
    };
  }

  /**
   * Colour images, from the host.
   * @param values [count, height, width, 3]
   * @throws ArgumentError as `begin`
   */
  putColours(canvas: OffscreenCanvas, layout: TileLayout, values: Float32Array): Promise<void> {
    const size = this.sizeOf(layout);
    return putImage(this.machine, canvas, colourTiles(layout, size, values));
  }

  private sizeOf(layout: TileLayout): Size {
    return pictureSize(layout, this.machine.device.limits.maxTextureDimension2D);
  }
}

/** As shaders/tiles.wgsl has them, with a value for each channel. */
function colourTiles({ height, width, count, columns, low, high }: TileLayout, size: Size, values: Float32Array) {
  const image = new ImageData(size.width, size.height);
  for (let pixel = 0; pixel < count * height * width; pixel++) {
    const tile = Math.floor(pixel / (height * width));
    const x = (tile % columns) * width + (pixel % width);
    const y = Math.floor(tile / columns) * height + (Math.floor(pixel / width) % height);
    const at = 4 * (y * size.width + x);
    for (let channel = 0; channel < 3; channel++)
      image.data[at + channel] = (255 * ((values[3 * pixel + channel] ?? 0) - low)) / (high - low); // the array clamps
    image.data[at + 3] = 255;
  }
  return image;
}

function tilesLayout({ gpu }: Device): GPUBindGroupLayout {
  const { FRAGMENT } = GPUShaderStage;
  const types: GPUBufferBindingType[] = ['read-only-storage', 'uniform'];
  const entries = types.map((type, binding) => ({ binding, visibility: FRAGMENT, buffer: { type } }));
  return gpu.createBindGroupLayout({ label: 'tiles', entries });
}

async function tilesPipeline(device: Device, group: GPUBindGroupLayout): Promise<GPURenderPipeline> {
  const { gpu } = device;
  const { code } = tilesSource;
  const module = await watched(device, 'shader tiles', () => gpu.createShaderModule({ label: 'tiles', code }));
  const layout = gpu.createPipelineLayout({ label: 'tiles', bindGroupLayouts: [group] });
  try {
    return await gpu.createRenderPipelineAsync({
      label: 'tiles',
      layout,
      vertex: { module, entryPoint: 'cover' },
      fragment: { module, entryPoint: 'tile', targets: [{ format: canvasFormat() }] },
    });
  } catch (error) {
    throw await pipelineError(device, 'shader tiles', error);
  }
}

function pictureSize({ height, width, count, columns }: TileLayout, limit: number): Size {
  if (!Number.isInteger(columns) || columns < 1)
    throw new ArgumentError(`columns: ${columns}, must be a positive integer`);
  const size = { width: columns * width, height: Math.ceil(count / columns) * height };
  if (Math.max(size.width, size.height) > limit)
    throw new ArgumentError(
      `${count} images of ${height}x${width} in ${columns} columns make a picture of ${size.height}x${size.width} pixels; this device ` +
        `draws at most ${limit}x${limit}. Draw fewer images, or in other columns`,
    );
  return size;
}

function tilesBytes({ height, width, columns, low, high }: TileLayout, { first, count }: TileRows): ArrayBuffer {
  const bytes = new ArrayBuffer(TILES_BYTES);
  new Uint32Array(bytes).set([height, width, columns, first, count]);
  new Float32Array(bytes, 20).set([low, high]);
  return bytes;
}
