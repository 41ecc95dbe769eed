// Matrix products, each in every variant that the device can run, checked against f64 and timed by profileMatmul: which
// variants there are is asked there and nowhere else.
import {
  candidatesOn,
  type Device,
  type KernelProgress,
  type KernelRow,
  type NumberType,
  profileMatmul,
} from 'latentgpu/node';
import { variantName } from '../profile/kernel-table.js';
import type { LeftOut, ProductReport, ProductRow } from './report.js';
import { type ProductSize, productFlops } from './sizes.js';

export interface ProductListener {
  begin(product: ProductSize, number: number, of: number): void;
  progress(progress: KernelProgress): void;
  row(row: ProductRow): void;
  leftOut(one: LeftOut): void;
}

export interface ProductOptions {
  /** Budget of a product. */
  seconds: number;
  precision: NumberType;
}

/** profileMatmul calls a variant so often at least: once to check it, three times to warm up, and five times to time it. */
const LEAST_CALLS = 9;

export const productName = ({ label, form, m, n, k }: ProductSize): string => `${label} ${form} ${m}x${n}x${k}`;

/** Times each product; those whose variants would take longer than the budget are left out and told. */
export async function benchProducts(
  device: Device,
  products: readonly ProductSize[],
  ceilingGflops: number,
  { seconds, precision }: ProductOptions,
  listener: ProductListener,
): Promise<ProductReport> {
  const rows: ProductRow[] = [];
  const leftOut: LeftOut[] = [];
  for (const [index, product] of products.entries()) {
    listener.begin(product, index + 1, products.length);
    const expected = expectedSeconds(product, rows);
    if (expected > seconds) {
      const why = `its variants would take about ${Math.ceil(expected)} s, longer than --seconds ${seconds}; give --seconds ${Math.ceil(expected)}`;
      leftOut.push({ what: productName(product), why });
      listener.leftOut({ what: productName(product), why });
      continue;
    }
    const row = await timeProduct(device, product, precision, ceilingGflops, listener);
    rows.push(row);
    listener.row(row);
  }
  return { rows, leftOut };
}

async function timeProduct(
  device: Device,
  product: ProductSize,
  precision: NumberType,
  ceilingGflops: number,
  listener: ProductListener,
): Promise<ProductRow> {
  const { m, n, k, form } = product;
  const report = await profileMatmul(device, {
    m,
    n,
    k,
    forms: [form],
    candidates: candidatesOn,
    precision,
    onProgress: (now) => listener.progress(now),
  });
  return {
    ...product,
    flops: productFlops(product),
    variants: report.rows.map((row) => variantOf(row, ceilingGflops)),
    refused: report.refused.map((one) => ({ name: variantName(one), reason: one.reason })),
  };
}

const variantOf = (row: KernelRow, ceilingGflops: number): ProductRow['variants'][number] => {
  const { kernel, median, gflops, worst, best } = row;
  const share = gflops / ceilingGflops;
  return { name: variantName(row), kernel, median, gflops, worst, best, default: row.default, share };
};

/** Told from the largest of those that have been timed, in proportion to the operations; 0 while there is none smaller. */
export function expectedSeconds(
  product: Pick<ProductSize, 'm' | 'n' | 'k'>,
  rows: readonly Pick<ProductRow, 'flops' | 'variants'>[],
): number {
  const largest = rows.reduce<(typeof rows)[number] | undefined>(
    (best, row) => (best && best.flops >= row.flops ? best : row),
    undefined,
  );
  const flops = productFlops(product);
  if (!largest || flops <= largest.flops) return 0;
  const once = largest.variants.reduce((sum, { median }) => sum + median, 0) / 1e6;
  return (LEAST_CALLS * once * flops) / largest.flops;
}
