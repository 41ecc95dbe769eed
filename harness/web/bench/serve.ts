// The benchmark's worker: a device of its own, so that the session's model is left alone, the seed step at two batches, and
// three of its products in the variant that the step uses. Runs once and says what comes of it.
import {
  createModel,
  createTrainer,
  type Dataset,
  type Device,
  type Images,
  openDevice,
  type Plan,
  vae,
} from 'latentgpu';
import { measureCeilings, profileMatmul } from 'latentgpu/profile';
import { layersOf, type ProductSize, type StepSize, seedProducts, sizeName } from '../../lib/bench/sizes.js';
import { timeSteps } from '../../lib/bench/steps.js';
import type { BenchMessage, BenchProduct, BenchStep, PageReport } from './protocol.js';

const SIZES: StepSize[] = [
  { batch: 128, width: 1 },
  { batch: 512, width: 1 },
];
/** The first layer's: forward, and its weight's gradient; and the last one's input gradient. */
const PRODUCTS = ['encoder 784-512, forward', 'encoder 784-512, weight gradient', 'decoder 512-784, input gradient'];
const BUDGET = { steps: 1000, seconds: 2 };
const SIDE = 28;

export function serveBenchmark(): void {
  const say = (message: BenchMessage) => postMessage(message);
  run((doing) => say({ doing })).then(
    (report) => say({ report }),
    (error: unknown) => say({ failed: error instanceof Error ? error.message : String(error) }),
  );
}

async function run(say: (doing: string) => void): Promise<PageReport> {
  const device = await openDevice();
  try {
    say('what the GPU can do');
    const { fmaGflops } = await measureCeilings(device);
    const steps: BenchStep[] = [];
    let variant = '';
    for (const size of SIZES) {
      say(sizeName(size));
      const { step, plan } = await timeSize(device, size, fmaGflops);
      steps.push(step);
      variant = variantOf(plan);
    }
    const products: BenchProduct[] = [];
    for (const product of seedProducts().filter(({ label }) => PRODUCTS.includes(label))) {
      say(product.label);
      products.push(await timeProduct(device, product, variant, fmaGflops));
    }
    const { userAgent } = navigator;
    return {
      date: new Date().toISOString(),
      userAgent,
      adapter: device.adapter,
      ceilingGflops: fmaGflops,
      steps,
      products,
    };
  } finally {
    device.dispose();
  }
}

async function timeSize(device: Device, size: StepSize, ceiling: number): Promise<{ step: BenchStep; plan: Plan }> {
  const { batch, width } = size;
  const model = await createModel(device, vae(layersOf(width)), { seed: 0 });
  try {
    const trainer = await createTrainer(model, bars(batch), { batch });
    const timing = await timeSteps(trainer, BUDGET);
    const { plan } = trainer;
    const flops = plan.dispatches.reduce((sum, dispatch) => sum + dispatch.flops, 0);
    const seconds = timing.ms.median / 1000;
    const gflops = flops / seconds / 1e9;
    const rates = { imagesPerSecond: batch / seconds, gflops, share: gflops / ceiling };
    return { step: { ...size, ...timing, dispatches: plan.dispatches.length, flops, ...rates }, plan };
  } finally {
    model.dispose();
  }
}

/** matmul_tiled of "matmul_tiled+bias_activation". */
const variantOf = ({ dispatches }: Plan): string =>
  dispatches.find(({ kernel }) => kernel.startsWith('matmul'))?.kernel.split('+')[0] ?? '';

async function timeProduct(
  device: Device,
  product: ProductSize,
  variant: string,
  ceiling: number,
): Promise<BenchProduct> {
  const { m, n, k, form } = product;
  const { rows, refused } = await profileMatmul(device, { m, n, k, forms: [form], variants: [variant] });
  const best = rows.find((row) => row.best);
  if (!best) throw new Error(`${product.label}: ${refused[0]?.reason ?? 'no variant ran'}`);
  const { median: us, gflops } = best;
  return { ...product, variant: variant.replace('matmul_', ''), us, gflops, share: gflops / ceiling };
}

/** Images of a bar each: what they show costs nothing, and a model can learn it. */
function bars(count: number): Dataset {
  const images = (of: number): Images => {
    const pixels = new Uint8Array(of * SIDE * SIDE);
    for (let image = 0; image < of; image++) {
      const row = (image * SIDE + (image % SIDE)) * SIDE;
      pixels.fill(255, row, row + SIDE);
    }
    return { count: of, height: SIDE, width: SIDE, pixels };
  };
  return { name: 'bars', train: images(count), test: images(1) };
}
