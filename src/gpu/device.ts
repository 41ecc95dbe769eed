// One open WebGPU device: what it is, what it can do, whether it still works, and how it is given back. The same file
// serves browsers (openDevice below) and Node (src/node/adapters.ts finds the adapter and calls deviceFromAdapter).
// It does not choose between adapters and makes no buffers or pipelines.
import { DeviceError } from '../errors.js';
import { requireKnownKeys } from '../names.js';

/** What stands behind an adapter. Everything but `hardware` computes on the CPU. */
export type AdapterKind = 'hardware' | 'lavapipe' | 'swiftshader' | 'other software';

/** A plain, printable description of an adapter. Browsers hide most of it; what is hidden is an empty string. */
export interface AdapterSummary {
  /** For people: the GPU's name, or the driver's where the GPU is software. Never empty. */
  name: string;
  /** GPUAdapterInfo.vendor. */
  vendor: string;
  /** GPUAdapterInfo.architecture. */
  architecture: string;
  /** GPUAdapterInfo.description. */
  description: string;
  /** 'vulkan', 'metal', 'd3d12', ... in Node; 'browser' in a browser. */
  backend: string;
  /** Whether it is a GPU, or which software. */
  kind: AdapterKind;
  /** True when the "GPU" is the CPU. */
  software: boolean;
  /** Smallest and largest subgroup (4 on SwiftShader, 8 on lavapipe, 32 on NVIDIA); absent where subgroups are. */
  subgroupSizes?: {
    /** Invocations of the smallest. */
    min: number;
    /** Invocations of the largest. */
    max: number;
  };
  /** What its subgroup matrices of f16 with sums of f32 multiply, left [m, k] and right [k, n]; absent where there are none. */
  subgroupMatrices?: {
    /** Rows of the left matrix. */
    m: number;
    /** Columns of the right one. */
    n: number;
    /** Columns of the left, rows of the right one. */
    k: number;
  }[];
}

/** An open device. Whoever opened it disposes it. */
export interface Device {
  /** Another one after `renew`. */
  readonly gpu: GPUDevice;
  /** What it was opened on. */
  readonly adapter: AdapterSummary;
  /** GPUDevice.limits; buffer sizes and bindings in bytes. */
  readonly limits: GPUSupportedLimits;
  /** Names of the WebGPU features that are enabled. */
  readonly features: ReadonlySet<string>;
  /** Whether the GPU is gone: the driver was reset, the GPU taken away, or the browser's GPU process has crashed. */
  readonly lost: boolean;
  /**
   * Throws if anything went wrong on the device since it was opened; WebGPU itself says nothing at the call that was
   * wrong. Errors arrive with a delay: call it after awaiting work (onSubmittedWorkDone, mapAsync).
   * @throws DeviceError with the first uncaptured error's text, or saying that the device was lost and why. It keeps
   *   throwing: what is in the device's memory can no longer be trusted. After dispose() it says that.
   */
  check(): void;
  /**
   * Opens the GPU anew after a loss, once for all who ask at the same time; nothing happens if it is not lost. Its memory
   * is gone: a trainer that keeps snapshots restores its own, and its model's.
   * @throws DeviceError if no adapter gives a device again, or after dispose()
   */
  renew(): Promise<void>;
  /** Destroys the device with all its memory; Dawn in Node first waits for the work that is under way. Idempotent. */
  dispose(): void;
}

export interface FromAdapterOptions {
  /** Optional features not to request although the adapter has them: fallbacks are tested this way. */
  withoutFeatures?: readonly string[];
  /** Default: told from the adapter's info. */
  kind?: AdapterKind;
  /** Default: 'browser'. */
  backend?: string;
  /** Finds an adapter again after a loss: one that lost its device gives no other. Without it, nothing can be renewed. */
  again?: () => Promise<GPUAdapter | null>;
}

/** How a page opens a device. */
export interface BrowserDeviceOptions {
  /** Default: 'high-performance'. */
  powerPreference?: GPUPowerPreference;
  /** Optional WebGPU features not to use although the adapter has them. */
  withoutFeatures?: readonly string[];
}

const OPTIONAL_FEATURES: readonly GPUFeatureName[] = ['timestamp-query', 'subgroups', 'shader-f16'];

/** Asked for where the adapter lists matrices that the engine has a use for. */
const MATRIX_FEATURE = 'chromium-experimental-subgroup-matrix' as GPUFeatureName;

// Asked for at the adapter's maximum; every other limit stays at WebGPU's default, which every adapter meets.
const RAISED_LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxStorageBuffersPerShaderStage',
] as const;

/** @returns the adapter described in plain data; needs no device. */
export function summarizeAdapter(
  adapter: GPUAdapter,
  options: Pick<FromAdapterOptions, 'kind' | 'backend'> = {},
): AdapterSummary {
  const { vendor, architecture, device, description, subgroupMinSize: min, subgroupMaxSize: max } = adapter.info;
  const kind = options.kind ?? adapterKind(adapter.info);
  const software = kind !== 'hardware';
  const matrices = matricesOf(adapter);
  // `device` names a real GPU and `description` its driver; of software only the driver is worth naming.
  const names = software ? [description, device] : [device, description];
  return {
    name:
      names.find((name) => name !== '') ??
      (`${vendor} ${architecture}`.trim() || (inFirefox() ? "Firefox's adapter" : 'unnamed adapter')),
    vendor,
    architecture,
    description,
    backend: options.backend ?? 'browser',
    kind,
    software,
    ...(adapter.features.has('subgroups') && min && max && { subgroupSizes: { min, max } }),
    ...(matrices.length > 0 && { subgroupMatrices: matrices }),
  };
}

/** Of Dawn's GPUAdapterInfo, behind its experimental feature. */
interface MatrixConfig {
  componentType: string;
  resultComponentType: string;
  M: number;
  N: number;
  K: number;
}

function matricesOf({ features, info }: GPUAdapter): { m: number; n: number; k: number }[] {
  if (!features.has(MATRIX_FEATURE) || !features.has('shader-f16')) return [];
  const { subgroupMatrixConfigs = [] } = info as { subgroupMatrixConfigs?: Iterable<MatrixConfig> };
  return [...subgroupMatrixConfigs]
    .filter(({ componentType, resultComponentType }) => componentType === 'f16' && resultComponentType === 'f32')
    .map(({ M, N, K }) => ({ m: M, n: N, k: K }));
}

/** Told by its name: what is otherwise in Firefox cannot be asked for. */
export const inFirefox = (): boolean => / Firefox\//.test(globalThis.navigator?.userAgent ?? '');

function adapterKind(info: GPUAdapterInfo): AdapterKind {
  const text = `${info.architecture} ${info.device} ${info.description}`.toLowerCase();
  if (text.includes('swiftshader')) return 'swiftshader';
  if (text.includes('llvmpipe')) return 'lavapipe';
  // Direct3D's software rasterizer does not always count as a fallback adapter.
  if (info.isFallbackAdapter || text.includes('warp') || text.includes('basic render')) return 'other software';
  return 'hardware';
}

/**
 * Opens a device with the adapter's largest sizes and those optional features that the engine makes use of.
 * @throws DeviceError when the adapter gives no device
 */
export async function deviceFromAdapter(adapter: GPUAdapter, options: FromAdapterOptions = {}): Promise<Device> {
  return deviceOf(await open(adapter, options), options);
}

/** A GPU device and what has gone wrong on it. */
interface Opened {
  gpu: GPUDevice;
  summary: AdapterSummary;
  features: ReadonlySet<string>;
  errors: string[];
  /** Why it was lost; empty while it is there. */
  loss: string;
}

async function open(adapter: GPUAdapter, options: FromAdapterOptions): Promise<Opened> {
  const summary = summarizeAdapter(adapter, options);
  const gpu = await requestDevice(adapter, summary, options.withoutFeatures ?? []);
  const opened: Opened = { gpu, summary, features: new Set<string>(gpu.features), errors: [], loss: '' };
  gpu.addEventListener('uncapturederror', (event) => {
    event.preventDefault(); // check() reports it; Dawn would print it on stdout
    opened.errors.push(`${errorKind(event.error)}: ${event.error.message}`);
  });
  void gpu.lost.then((info) => {
    opened.loss = info.message || info.reason || 'no reason given';
  });
  return opened;
}

/** After a reset the driver may need a moment before it offers the GPU again. */
const RENEWAL_WAITS_MS = [0, 500, 2000];

function deviceOf(first: Opened, options: FromAdapterOptions): Device {
  let now = first;
  let disposed = false;
  let renewal: Promise<void> | undefined;

  const openAgain = async () => {
    const { summary, loss } = now;
    let why = 'it was opened from an adapter that cannot be asked for again';
    for (const wait of options.again ? RENEWAL_WAITS_MS : []) {
      await new Promise((resolve) => setTimeout(resolve, wait));
      try {
        const adapter = disposed ? null : await options.again?.();
        const opened = adapter && (await open(adapter, options));
        if (opened && !disposed) {
          now = opened;
          return;
        }
        opened?.gpu.destroy();
        why = 'no adapter is offered any more';
      } catch (error) {
        why = messageOf(error);
      }
      if (disposed) throw new DeviceError('the device was disposed; open a new one with openDevice');
    }
    throw new DeviceError(`the device "${summary.name}" was lost (${loss}) and cannot be opened again: ${why}`);
  };

  return {
    get gpu() {
      return now.gpu;
    },
    get adapter() {
      return now.summary;
    },
    get limits() {
      return now.gpu.limits;
    },
    get features() {
      return now.features;
    },
    get lost() {
      return now.loss !== '' && !disposed;
    },
    check() {
      if (disposed) throw new DeviceError(DISPOSED);
      const { summary, errors, loss } = now;
      // An error that came before the loss is the likelier cause, so it goes first.
      if (errors.length > 0) throw new DeviceError(errorText(summary, errors));
      if (loss !== '')
        throw new DeviceError(
          `the device "${summary.name}" was lost (${loss}): its memory and everything computed on it are gone. ` +
            'Open a new device and load the last saved model.',
        );
    },
    renew() {
      if (now.loss === '' && !disposed) return Promise.resolve();
      renewal ??= openAgain().finally(() => {
        renewal = undefined;
      });
      return renewal;
    },
    dispose() {
      if (disposed) return;
      disposed = true;
      now.gpu.destroy();
    },
  };
}

async function requestDevice(
  adapter: GPUAdapter,
  summary: AdapterSummary,
  without: readonly string[],
): Promise<GPUDevice> {
  const useful = [...OPTIONAL_FEATURES, ...(summary.subgroupMatrices ? [MATRIX_FEATURE] : [])];
  const requiredFeatures = useful.filter((name) => adapter.features.has(name) && !without.includes(name));
  const requiredLimits = Object.fromEntries(RAISED_LIMITS.map((name) => [name, adapter.limits[name]]));
  try {
    return await adapter.requestDevice({ label: 'latentgpu', requiredFeatures, requiredLimits });
  } catch (error) {
    throw new DeviceError(
      `adapter "${summary.name}" gives no device: ${messageOf(error)} ` +
        'Close other programs that use the GPU, update its driver, or choose another adapter.',
      { cause: error },
    );
  }
}

/** Also of an error that a scope caught. */
export function errorKind(error: GPUError): string {
  const names: Record<string, string> = {
    GPUValidationError: 'validation error',
    GPUOutOfMemoryError: 'out of memory',
    GPUInternalError: 'internal error',
  };
  return names[error.constructor.name] ?? 'error';
}

const DISPOSED =
  'the device was disposed, and its memory with it: open a new one with openDevice; await what is under way before dispose()';

function errorText(summary: AdapterSummary, errors: readonly string[]): string {
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more after it)` : '';
  return (
    `the device "${summary.name}" reported ${errors[0]?.trim()}${more}\n` +
    'WebGPU drops the whole submit that an error is in, so nothing computed since can be trusted.'
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * Opens a device in a browser (in Node: openDevice of 'latentgpu/node').
 * @throws DeviceError when there is no WebGPU, or no adapter, saying which and what to do
 * @example
 * ```ts
 * const device = await openDevice();
 * ```
 */
export async function openDevice(options: BrowserDeviceOptions = {}): Promise<Device> {
  requireKnownKeys(options, ['powerPreference', 'withoutFeatures'], 'openDevice');
  const gpu = browserGpu();
  const again = () => gpu.requestAdapter({ powerPreference: options.powerPreference ?? 'high-performance' });
  const adapter = await again();
  if (adapter === null)
    throw new DeviceError(
      'this browser has WebGPU but no adapter: navigator.gpu.requestAdapter() gave null. Update the graphics driver, ' +
        "switch on hardware acceleration in the browser's settings, and see chrome://gpu (in Firefox about:support) for the " +
        'reason; on Linux start Chromium with --enable-unsafe-webgpu --enable-features=Vulkan, without a GPU also with ' +
        '--use-webgpu-adapter=swiftshader, and set gfx.webgpu.ignore-blocklist in about:config of Firefox.',
    );
  return deviceFromAdapter(adapter, { withoutFeatures: options.withoutFeatures ?? [], again });
}

function browserGpu(): GPU {
  // `navigator.gpu` is typed as always there; it is not.
  const gpu: GPU | undefined = globalThis.navigator?.gpu;
  if (gpu !== undefined) return gpu;
  // Deno and browsers have isSecureContext; Node has neither it nor a GPU.
  if (globalThis.isSecureContext === undefined)
    throw new DeviceError(
      "navigator.gpu is missing: this is no browser. In Node, import openDevice from 'latentgpu/node'.",
    );
  if (!globalThis.isSecureContext)
    throw new DeviceError(
      'navigator.gpu is missing: browsers give WebGPU to secure pages only. Serve this page over https:// or from ' +
        'http://localhost.',
    );
  throw new DeviceError(
    'navigator.gpu is missing: this browser has no WebGPU or it is switched off. Use Chrome or Edge 113, Safari 26, ' +
      'Firefox 141, or newer.',
  );
}
