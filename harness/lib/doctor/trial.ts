// What WebGPU offers on this machine, and a matrix product on the adapter that training would take.
import { type AdapterSummary, listAdapters, openDevice, profileMatmul } from 'latentgpu/node';

export interface Offered extends AdapterSummary {
  features: string[];
  /** Bytes. */
  largestBinding: number;
  largestBuffer: number;
  workgroupMemory: number;
}

export interface Trial {
  adapters: Offered[];
  /** On the first adapter; absent if there is none. */
  product?: { kernel: string; gflops: number };
  /** Why there is none, or why it did not come to its end. */
  failure?: string;
}

/** [SIZE, SIZE] times [SIZE, SIZE]: large enough for a GPU to have something to do, small enough for two seconds on a CPU. */
export const SIZE = 256;

export async function tryAdapters(): Promise<Trial> {
  const adapters: Offered[] = [];
  try {
    for (const summary of await listAdapters()) adapters.push(await offered(summary));
    return adapters.length > 0 ? { adapters, product: await product() } : { adapters, failure: await whyNone() };
  } catch (error) {
    return { adapters, failure: (error as Error).message };
  }
}

async function offered(summary: AdapterSummary): Promise<Offered> {
  const device = await openDevice({ adapter: summary.name });
  const { features, limits } = device;
  const { maxStorageBufferBindingSize, maxBufferSize, maxComputeWorkgroupStorageSize } = limits;
  device.dispose();
  return {
    ...summary,
    features: [...features].sort(),
    largestBinding: maxStorageBufferBindingSize,
    largestBuffer: maxBufferSize,
    workgroupMemory: maxComputeWorkgroupStorageSize,
  };
}

/** The fastest kernel that computes it rightly: each is compared with f64 before it is timed. */
async function product(): Promise<{ kernel: string; gflops: number }> {
  const device = await openDevice();
  try {
    const { rows, refused } = await profileMatmul(device, { m: SIZE, n: SIZE, k: SIZE, forms: ['NN'] });
    const [wrong] = refused;
    if (wrong) throw new Error(`${wrong.kernel} computes a wrong product: ${wrong.reason}`);
    const best = rows.reduce((a, b) => (b.gflops > a.gflops ? b : a));
    return { kernel: best.kernel, gflops: best.gflops };
  } finally {
    device.dispose();
  }
}

async function whyNone(): Promise<string> {
  try {
    (await openDevice()).dispose();
    return 'no adapter is listed, but one can be opened';
  } catch (error) {
    return (error as Error).message;
  }
}
