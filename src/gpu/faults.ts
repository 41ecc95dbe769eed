// What the device has against some calls, told to whoever made them. WebGPU itself answers an invalid call with an object
// that looks like any other, and tells of the error later, to the error scope that was open or to nobody in particular. Every
// call that can fail is therefore made in a scope; what no scope has caught, device.ts collects.
import { DeviceError } from '../errors.js';
import { type Device, errorKind } from './device.js';

const FILTERS: readonly GPUErrorFilter[] = ['internal', 'out-of-memory', 'validation'];

/** An error of the device. */
export interface Fault {
  outOfMemory: boolean;
  /** Its kind and WebGPU's own text. */
  text: string;
}

/** What `work` gave at once, and what the device has against it; the promise never rejects. */
export interface Scoped<T> {
  value: T;
  fault: Promise<Fault | undefined>;
}

/** Runs `work` in error scopes. They are a stack that the whole device shares, so `work` must end within this task. */
export function scoped<T>(device: Device, work: () => T, filters = FILTERS): Scoped<T> {
  const { gpu } = device;
  for (const filter of filters) gpu.pushErrorScope(filter);
  const pop = () => {
    const scopes = filters.map(() => gpu.popErrorScope());
    return firstFault(device, scopes);
  };
  let value: T;
  try {
    value = work();
  } catch (error) {
    void pop();
    throw error;
  }
  return { value, fault: pop() };
}

async function firstFault(device: Device, scopes: Promise<GPUError | null>[]): Promise<Fault | undefined> {
  const faults = await Promise.all(scopes.map((scope) => scope.then(faultOf, (error) => unanswered(device, error))));
  return faults.find((fault) => fault !== undefined);
}

function faultOf(error: GPUError | null): Fault | undefined {
  if (!error) return undefined;
  const kind = errorKind(error);
  return { outOfMemory: kind === 'out of memory', text: `${kind}: ${error.message.trim()}` };
}

/** A lost device answers no scope, or answers that all is well; that it is lost, `check()` says. */
async function unanswered(device: Device, error: unknown): Promise<Fault> {
  await lossTold(device);
  return { outOfMemory: false, text: `no answer about errors: ${messageOf(error)}` };
}

/** An error for a fault, or for what is behind it: a device that is lost. */
export function faultError(device: Device, what: string, { text }: Fault): DeviceError {
  try {
    device.check();
  } catch (error) {
    if (error instanceof DeviceError) return error;
  }
  return new DeviceError(`${device.adapter.name} refuses ${what}: ${text}\n${REPORT}`);
}

const REPORT = 'This is a defect of latentgpu or of the driver: update the driver, or report it with this text.';

/**
 * Runs `work` at once; resolves with what it gave when the device has nothing against it.
 * @param what the thing that is made or done, for an error
 * @throws DeviceError naming it, with WebGPU's own text
 */
export async function watched<T>(device: Device, what: string, work: () => T): Promise<T> {
  const { value, fault } = scoped(device, work);
  const found = await fault;
  if (found) throw faultError(device, what, found);
  return value;
}

/** Waits for all of them, then throws what the first of those that failed says: the later ones may be its consequences. */
export async function allOf<T extends readonly unknown[]>(
  promises: readonly [...{ [Index in keyof T]: Promise<T[Index]> }],
): Promise<T> {
  const results = await Promise.allSettled(promises);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
  return results.map((result) => result.status === 'fulfilled' && result.value) as unknown as T;
}

/**
 * Waits for the work submitted before.
 * @throws DeviceError if the device was lost or disposed meanwhile, or had an error that no scope caught
 */
export async function workDone(device: Device): Promise<void> {
  try {
    await device.gpu.queue.onSubmittedWorkDone();
  } catch (error) {
    await lossTold(device);
    device.check();
    throw new DeviceError(`${device.adapter.name} does not say when its work is done: ${messageOf(error)}`, {
      cause: error,
    });
  }
  device.check();
}

/** Dawn tells of a loss right after it fails what waits, Chromium some tasks later; it may also fail for other reasons. */
const LOSS_TOLD_MS = 200;

export async function lossTold({ gpu }: Device, patience = LOSS_TOLD_MS): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, patience);
  });
  await Promise.race([gpu.lost, late]);
  clearTimeout(timer);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}
