// Opening a GPU in Node: which adapters Dawn (npm `webgpu`) offers on this machine, which one is taken, and the Vulkan
// set-up that each needs. A machine with no GPU and no Vulkan gets SwiftShader (swiftshader.ts). What an open device is
// and does is src/gpu/device.ts. Dawn is loaded by the first call, not by importing this file.

import path from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { ArgumentError, DeviceError } from '../errors.js';
import {
  type AdapterKind,
  type AdapterSummary,
  type Device,
  deviceFromAdapter,
  summarizeAdapter,
} from '../gpu/device.js';
import { requireKnownKeys } from '../names.js';
import { pollSparingly } from './polling.js';
import { type SwiftShader, swiftShader, swiftShaderMissing } from './swiftshader.js';
import { containerEnvironment, findVulkan, loadVulkan, withEnvironment } from './vulkan.js';

/** How Node opens a device. */
export interface NodeDeviceOptions {
  /**
   * 'auto' (default): a hardware adapter, else lavapipe if the system has it, else the bundled SwiftShader.
   * 'hardware' | 'lavapipe' | 'swiftshader': that one or an error. Anything else: the adapter whose name, vendor,
   * architecture or description contains it, upper or lower case.
   */
  adapter?: 'auto' | 'hardware' | 'lavapipe' | 'swiftshader' | (string & {});
  /**
   * Dawn's own flags, such as 'backend=null', added to the usual ones. 'disable-dawn-features=disable_robustness' puts checks
   * of bounds back into the shaders of software adapters: for WGSL of one's own.
   */
  flags?: readonly string[];
  /** Optional WebGPU features not to use although the adapter has them. */
  withoutFeatures?: readonly string[];
}

interface Offer {
  adapter: GPUAdapter;
  summary: AdapterSummary;
}

const DAWN_FLAGS = [
  'enable-dawn-features=allow_unsafe_apis,use_user_defined_labels_in_backend,vulkan_enable_f16_on_nvidia',
  'disable-dawn-features=timestamp_quantization',
];

/**
 * Opens a WebGPU device on this machine.
 * @throws DeviceError when there is no such adapter, saying what was found and what to do; ArgumentError for an empty name
 * @example
 * ```ts
 * const device = await openDevice({ adapter: 'lavapipe' });
 * console.log(device.adapter.name);
 * device.dispose();
 * ```
 */
export async function openDevice(options: NodeDeviceOptions = {}): Promise<Device> {
  requireKnownKeys(options, ['adapter', 'flags', 'withoutFeatures'], 'openDevice');
  const { adapter = 'auto', flags = [], withoutFeatures = [] } = options;
  const again = () => exclusive(async () => (await choose(adapter, flags)).adapter);
  return exclusive(async () => {
    const { adapter: chosen, summary } = await choose(adapter, flags);
    return deviceFromAdapter(chosen, { withoutFeatures, kind: summary.kind, backend: summary.backend, again });
  });
}

/**
 * What this machine computes on.
 * @returns every adapter that openDevice can open here, the one that 'auto' takes first; empty when there is none
 * @throws DeviceError when Dawn itself does not load
 */
export function listAdapters(): Promise<AdapterSummary[]> {
  return exclusive(async () => {
    await loadDawn();
    return (await offers([])).map((offer) => offer.summary);
  });
}

let last: Promise<unknown> = Promise.resolve();

// One at a time: the Vulkan loader reads its settings from the environment, which the whole process shares.
function exclusive<T>(task: () => Promise<T>): Promise<T> {
  const result = last.then(task);
  last = result.catch(() => undefined);
  return result;
}

async function choose(wanted: string, flags: readonly string[]): Promise<Offer> {
  if (typeof wanted !== 'string' || wanted.trim() === '')
    throw new ArgumentError(
      `adapter is ${wanted === '' ? 'empty' : JSON.stringify(wanted)}: it must be 'auto', 'hardware', 'lavapipe', 'swiftshader' or a part of an adapter's name`,
    );
  await loadDawn(); // where it does not load, that is the thing to say, not that there is no adapter
  if (wanted === 'auto') return chooseAny(flags);
  if (wanted === 'hardware' || wanted === 'lavapipe') return chooseSystem(wanted, flags);
  if (wanted === 'swiftshader') return chooseSwiftShader(flags);
  return chooseNamed(wanted, flags);
}

async function chooseAny(flags: readonly string[]): Promise<Offer> {
  const system = await systemOffer(flags);
  if (system !== undefined && ['hardware', 'lavapipe'].includes(system.summary.kind)) return system;
  const bundled = await bundledOffer(flags);
  const offer = bundled ?? system;
  if (offer === undefined) throw noAdapter('there is no WebGPU adapter', ['hardware', 'lavapipe', 'swiftshader'], []);
  return offer;
}

async function chooseSystem(kind: 'hardware' | 'lavapipe', flags: readonly string[]): Promise<Offer> {
  const best = await systemOffer(flags);
  if (best?.summary.kind === kind) return best;
  const all = best === undefined ? [] : await systemOffers(flags);
  const found = all.find((offer) => offer.summary.kind === kind);
  if (found === undefined) throw noAdapter(`there is no ${kind} adapter`, [kind], all);
  return found;
}

async function chooseSwiftShader(flags: readonly string[]): Promise<Offer> {
  const bundled = await bundledOffer(flags);
  if (bundled !== undefined) return bundled;
  const all = await systemOffers(flags);
  const found = all.find((offer) => offer.summary.kind === 'swiftshader');
  if (found === undefined) throw noAdapter('there is no swiftshader adapter', ['swiftshader'], all);
  return found;
}

async function chooseNamed(wanted: string, flags: readonly string[]): Promise<Offer> {
  const all = await offers(flags);
  const found = all.find(({ adapter, summary }) =>
    [adapter.info.device, summary.name, summary.vendor, summary.architecture, summary.description].some((text) =>
      text.toLowerCase().includes(wanted.toLowerCase()),
    ),
  );
  if (found !== undefined) return found;
  if (all.length === 0) throw noAdapter(`no adapter "${wanted}"`, ['hardware', 'lavapipe', 'swiftshader'], []);
  throw new DeviceError(
    `no adapter's name, vendor, architecture or description contains "${wanted}". The adapters here: ${listed(all)}. ` +
      "Pass a part of one of these, or 'auto', 'hardware', 'lavapipe' or 'swiftshader'.",
  );
}

// --- what Dawn offers ------------------------------------------------------------------------------------------------

async function offers(flags: readonly string[]): Promise<Offer[]> {
  const bundled = await bundledOffer(flags);
  const all = [...(await systemOffers(flags)), ...(bundled === undefined ? [] : [bundled])];
  const rank: readonly AdapterKind[] = ['hardware', 'lavapipe', 'swiftshader', 'other software'];
  return all.sort((a, b) => rank.indexOf(a.summary.kind) - rank.indexOf(b.summary.kind));
}

/** The best adapter of the system's own drivers. Dawn puts real GPUs before software. */
async function systemOffer(flags: readonly string[]): Promise<Offer | undefined> {
  return (await prepareSystem()) ? withEnvironment(containerEnvironment(), () => request(flags)) : undefined;
}

async function systemOffers(flags: readonly string[]): Promise<Offer[]> {
  if (!(await prepareSystem())) return [];
  return withEnvironment(containerEnvironment(), async () => {
    const found: Offer[] = [];
    for (const name of await systemNames(flags)) {
      const offer = await request([...flags, `adapter=${name}`]);
      if (offer !== undefined) found.push(offer);
    }
    return found;
  });
}

/** @returns false when it is certain that Dawn would find nothing (it would complain on stderr as well) */
async function prepareSystem(): Promise<boolean> {
  if (process.platform !== 'linux') return true;
  const { loaded, drivers } = findVulkan();
  if (drivers.length === 0) return false;
  // Drivers without the system's loader: the bundled loader finds them too.
  if (!loaded && swiftShaderMissing() === '') return loadVulkan((await swiftShader()).loader);
  return loaded;
}

async function bundledOffer(flags: readonly string[]): Promise<Offer | undefined> {
  if (swiftShaderMissing() !== '') return undefined;
  const files: SwiftShader = await swiftShader();
  if (!findVulkan().loaded && !loadVulkan(files.loader)) return undefined;
  const only = { VK_DRIVER_FILES: files.driverFile, VK_ICD_FILENAMES: files.driverFile };
  const offer = await withEnvironment(only, () => request(flags));
  // Where the loader does not see this environment, a driver of the system answers.
  return offer?.summary.kind === 'swiftshader' ? offer : undefined;
}

/**
 * Without the checks of bounds that Dawn puts into shaders, which software adapters pay for at each load: no kernel of this
 * engine needs them (test/variants/guards.test.ts). Other adapters keep them; lavapipe's driver checks once more by itself.
 */
const UNCHECKED = 'enable-dawn-features=disable_robustness';
const UNCHECKED_KINDS: readonly AdapterKind[] = ['lavapipe', 'swiftshader'];

async function request(flags: readonly string[]): Promise<Offer | undefined> {
  const offer = await requestWith(flags);
  return offer && UNCHECKED_KINDS.includes(offer.summary.kind) ? requestWith([UNCHECKED, ...flags]) : offer;
}

async function requestWith(flags: readonly string[]): Promise<Offer | undefined> {
  const gpu = await dawnInstance(flags);
  return quietly(async () => {
    const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
    return adapter === null ? undefined : { adapter, summary: summarizeAdapter(adapter, { backend: backend(flags) }) };
  });
}

/** Dawn lists its adapters' names only in the error for a name that does not exist. */
async function systemNames(flags: readonly string[]): Promise<string[]> {
  const gpu = await dawnInstance([...flags, 'adapter=(no such adapter)']);
  return quietly(async () => {
    try {
      await gpu.requestAdapter({ powerPreference: 'high-performance' });
      return [];
    } catch (error) {
      const names = [...messageOf(error).matchAll(/name: '(.*)'$/gm)].map((match) => match[1] ?? '');
      return [...new Set(names)];
    }
  });
}

// Some drivers print a line when XDG_RUNTIME_DIR is missing, though nothing here has a window.
function quietly<T>(task: () => Promise<T>): Promise<T> {
  if (process.platform !== 'linux' || process.env.XDG_RUNTIME_DIR) return task();
  return withEnvironment({ XDG_RUNTIME_DIR: process.env.TMPDIR || '/tmp' }, task);
}

function backend(flags: readonly string[]): string {
  const chosen = flags.find((flag) => flag.startsWith('backend='))?.slice('backend='.length);
  const usual: Partial<Record<NodeJS.Platform, string>> = { darwin: 'metal', win32: 'd3d12' };
  return chosen ?? process.env.DAWNNODE_BACKEND ?? usual[process.platform] ?? 'vulkan';
}

// --- Dawn itself -----------------------------------------------------------------------------------------------------

let dawn: Promise<typeof import('webgpu')> | undefined;

async function loadDawn(): Promise<typeof import('webgpu')> {
  dawn ??= import('webgpu').then((module) => {
    pollSparingly();
    Object.assign(globalThis, module.globals); // GPUBufferUsage and the like, as in a browser
    return module;
  });
  return dawn.catch((error: unknown) => {
    throw dawnError(error);
  });
}

// Never let go of. When the object that create() gave is garbage-collected while Dawn still has a callback queued (the
// answer of mapAsync, of requestDevice), the process aborts, and whether one is queued cannot be seen. A kept one costs
// nothing while no device is open and does not keep Node running.
const instances = new Map<string, GPU>();

/** @returns Dawn with these flags and with the Vulkan drivers that the environment names now */
async function dawnInstance(flags: readonly string[]): Promise<GPU> {
  const { create } = await loadDawn();
  const { VK_DRIVER_FILES, VK_ICD_FILENAMES, VK_ADD_DRIVER_FILES } = process.env;
  const key = JSON.stringify([flags, VK_DRIVER_FILES, VK_ICD_FILENAMES, VK_ADD_DRIVER_FILES]);
  const instance = instances.get(key) ?? create(mergeFlags([...DAWN_FLAGS, ...flags]));
  instances.set(key, instance);
  return instance;
}

/** Dawn takes each flag once: lists of toggles become one list, and the last word on a toggle holds. */
export function mergeFlags(flags: readonly string[]): string[] {
  const toggles = new Map<string, 'enable' | 'disable'>();
  const others: string[] = [];
  for (const flag of flags) {
    const [, verb, names] = /^(enable|disable)-dawn-features=(.*)$/.exec(flag) ?? [];
    if (verb === undefined || names === undefined) others.push(flag);
    else for (const name of names.split(',')) toggles.set(name.trim(), verb === 'enable' ? 'enable' : 'disable');
  }
  const having = (verb: string) => [...toggles].filter((toggle) => toggle[1] === verb).map((toggle) => toggle[0]);
  return [...['enable', 'disable'].map((verb) => `${verb}-dawn-features=${having(verb).join(',')}`), ...others].filter(
    (flag) => !flag.endsWith('='),
  );
}

/** Why Dawn does not load, from what Node says: it is not installed, it was bundled, or the machine is not one of its. */
export function dawnError(error: unknown): DeviceError {
  const { code = '' } = error as NodeJS.ErrnoException;
  const here = `Dawn (npm package webgpu) does not load here (${process.platform} ${process.arch})`;
  const said = messageOf(error).split('\n')[0] ?? '';
  // A bundled copy of the package looks for its library beside the bundle, in CommonJS even without knowing where that is.
  const astray = code === 'MODULE_NOT_FOUND' && /dawn\.node/.test(said) && !/webgpu[\\/]dist/.test(said);
  if (astray || code.startsWith('ERR_INVALID_ARG'))
    return new DeviceError(
      `${here}: it was bundled, and its native library is in no bundle. Leave webgpu external ` +
        "(esbuild: --external:webgpu; Rollup, Vite, webpack: external: ['webgpu']) and have it installed where the bundle runs: " +
        'npm install webgpu',
      { cause: error },
    );
  if (code === 'ERR_MODULE_NOT_FOUND')
    return new DeviceError(`${here}: ${said}. Install it where the program runs: npm install webgpu`, { cause: error });
  return new DeviceError(
    `${here}: ${said}. It needs Linux with glibc 2.34 and libstdc++ with GLIBCXX_3.4.30 (Debian 12, Ubuntu 22.04 or ` +
      'newer; not Alpine), Windows or macOS',
    { cause: error },
  );
}

// --- errors ----------------------------------------------------------------------------------------------------------

// One line each: programs print these as they are.

function noAdapter(what: string, kinds: readonly AdapterKind[], all: readonly Offer[]): DeviceError {
  const reasons = kinds.map((kind) => (kinds.length === 1 ? reason(kind) : `${kind}: ${reason(kind)}`)).join('; ');
  const here = all.length === 0 ? '' : ` The adapters here: ${listed(all)}.`;
  return new DeviceError(`${what}: ${reasons}.${here}`);
}

function listed(all: readonly Offer[]): string {
  return all.map(({ summary }) => `"${summary.name}" (${summary.kind})`).join(', ');
}

function reason(kind: AdapterKind): string {
  if (kind === 'swiftshader')
    return (
      swiftShaderMissing() ||
      (isMainThread
        ? 'it is unpacked but Dawn got no adapter from it (is its cache folder mounted noexec?)'
        : 'it is found by way of the environment, which this worker thread has a copy of; start the thread with ' +
          '{ env: SHARE_ENV } of node:worker_threads')
    );
  if (process.platform !== 'linux')
    return kind === 'hardware'
      ? `Dawn's ${backend([])} backend offers none`
      : `it is for Linux, and this is ${process.platform}`;
  const { loaded, drivers } = findVulkan();
  const loader = loaded ? '' : ', and there is no Vulkan loader (Debian: apt-get install libvulkan1)';
  if (kind === 'lavapipe') {
    if (drivers.some((file) => file.includes('lvp_icd')))
      return `Mesa's driver is installed${loader}, but Dawn refuses it: Mesa 25 or newer is needed`;
    return `it is not installed${loader}: install it (Debian: apt-get install mesa-vulkan-drivers), Mesa 25 or newer`;
  }
  const names = drivers.map((file) => path.basename(file, '.json')).join(', ');
  return drivers.length === 0
    ? `no Vulkan driver is installed${loader}: install the GPU's driver; \`npx latentgpu doctor\` says what is missing`
    : `none of the Vulkan drivers (${names}) finds a GPU${loader}: install the GPU's driver; \`npx latentgpu doctor\` says what is missing`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
