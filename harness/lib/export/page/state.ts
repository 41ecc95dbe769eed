// What an exported page knows: the model on the visitor's GPU, whether it can be asked anything, and who is told of changes.
// Opens the device, and opens it again after a loss. What is asked of the model is the panels' matter.
import {
  createModel,
  type Device,
  decodeSafetensors,
  type Images,
  type Model,
  type ModelSpec,
  openDevice,
} from 'latentgpu';
import { type Contents, fromBase64, readWeights } from './contents.js';

/** lost: the GPU is gone, `open` may bring it back. failed: so it is after another error. unsupported: not in this browser. */
export type Phase = 'opening' | 'ready' | 'lost' | 'failed' | 'unsupported';

/** An image with its class, if the model is told any, and its code. */
export interface Coded {
  /** Of whom the page tells the visitor: 'Test image 3, class 7'. */
  name: string;
  /** [pixels], 0..1 */
  image: Float32Array;
  /** [latent] */
  code: Float32Array;
  label: number | undefined;
}

/** What can change. examples: their codes are known. samples, own: other ones. */
export type Change = 'phase' | 'examples' | 'samples' | 'own';

export class State {
  phase: Phase = 'opening';
  /** For people. */
  message = '';
  readonly spec: ModelSpec;
  readonly examples: Images & { channels: number };
  /** Of all examples, [count, latent]; empty until they are known. */
  exampleCodes: Float32Array = new Float32Array();
  samples: Coded[] = [];
  own: Coded | undefined;
  /** What the decoder makes of `own`, [pixels]. */
  reconstruction: Float32Array = new Float32Array();
  /** The images on the walk, [places, pixels]; empty until they are known. */
  walk: Float32Array = new Float32Array();
  /** Of a quantised code: the vectors that its places may be, [codes, dimensions]; empty until there was a model. */
  codebook: Float32Array = new Float32Array();
  private device: Device | undefined;
  private model: Model | undefined;
  /** Counts openings: what belongs to an older one is no longer wanted. */
  private opening = 0;
  private readonly listeners: [Change, () => void][] = [];

  constructor(readonly contents: Contents) {
    const { spec, height, width, channels = 1, examples } = contents;
    this.spec = spec;
    const { count, pixels, labels } = examples;
    const images = { count, height, width, channels, pixels: fromBase64(pixels) };
    this.examples = labels ? { ...images, labels: Uint8Array.from(labels) } : images;
  }

  /** [pixels], 0..1 */
  exampleImage(index: number): Float32Array {
    const { inputs } = this.spec;
    return Float32Array.from(this.examples.pixels.subarray(index * inputs, (index + 1) * inputs), (byte) => byte / 255);
  }

  on(change: Change, listener: () => void): void {
    this.listeners.push([change, listener]);
  }

  tell(change: Change): void {
    for (const [of, listener] of this.listeners) if (of === change) listener();
  }

  private enter(phase: Phase, message = ''): void {
    this.phase = phase;
    this.message = message;
    this.tell('phase');
  }

  get adapter() {
    return this.device?.adapter;
  }

  get parameterCount(): number {
    return this.model?.parameterCount ?? 0;
  }

  /** A device with the model on it; in place of the last, if there was one. */
  async open(): Promise<void> {
    const mine = ++this.opening;
    this.device?.dispose();
    this.device = this.model = undefined;
    const why = whyUnsupported();
    if (why !== undefined) return this.enter('unsupported', why);
    this.enter('opening', 'Opening the GPU…');
    let device: Device | undefined;
    try {
      device = await openDevice();
      const model = await createModel(device, this.spec);
      model.loadParameters(decodeSafetensors(readWeights()));
      if (this.spec.code.kind === 'quantized')
        this.codebook = (await model.parameters()).get('codebook.weight')?.values ?? new Float32Array();
      this.device = device;
      this.model = model;
    } catch (error) {
      device?.dispose();
      return this.enter('failed', messageOf(error));
    }
    const opened = device;
    void opened.gpu.lost.then(({ message }) => {
      if (mine !== this.opening) return;
      const because = message.trim().replace(/\.$/, '');
      this.enter('lost', `The GPU was lost${because ? ` (${because})` : ''}. Try again opens it anew.`);
    });
    this.enter('ready');
  }

  /**
   * Asks the model something, unless there is none.
   * @returns nothing if there is no answer, or it is about a model that is gone
   */
  async ask<T>(question: (model: Model) => Promise<T>): Promise<T | undefined> {
    const { model, opening } = this;
    const current = () => opening === this.opening && this.phase === 'ready';
    if (!model || !current()) return undefined;
    try {
      const answer = await question(model);
      return current() ? answer : undefined;
    } catch (error) {
      // A lost device is told by itself, in the next task.
      if (current() && !this.device?.lost) this.enter('failed', messageOf(error));
      return undefined;
    }
  }
}

/** Where there is no WebGPU: one sentence, with what to do. */
function whyUnsupported(): string | undefined {
  // `navigator.gpu` is typed as always there; it is not.
  if ((navigator.gpu as unknown) !== undefined) return undefined;
  if (!isSecureContext)
    return location.protocol === 'file:'
      ? 'This page computes with WebGPU, which this browser does not give to files: open it in Chrome or Edge (113 or newer), or from an https:// address.'
      : 'This page computes with WebGPU, which browsers give to secure pages only: open it from an https:// address, or save it and open the file.';
  if (/ Firefox\//.test(navigator.userAgent))
    return 'This page computes with WebGPU, which this Firefox lacks or has switched off: set dom.webgpu.enabled to true in about:config, or open it in Chrome or Edge (113 or newer).';
  return 'This page computes with WebGPU, which this browser lacks or has switched off: open it in Chrome or Edge 113, Firefox 141 or Safari 26, or newer.';
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
