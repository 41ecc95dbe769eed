// One run of the benchmark: the parts that were asked for, one after the other, on one device, as one report.
import { type Device, measureCeilings } from 'latentgpu/node';
import type { BenchOptions } from '../options/bench-options.js';
import { describeAdapter, versions } from '../report/describe.js';
import type { Report } from '../report/report.js';
import { figures, percent } from '../report/table.js';
import { benchPeers } from './bench-peers.js';
import { benchProducts, productName } from './bench-products.js';
import { benchRows } from './bench-rows.js';
import { benchNullHost, benchSteps } from './bench-steps.js';
import type { BenchReport, ProductReport, StepReport } from './report.js';
import { scalingOf } from './scaling.js';
import { SEED, seedProducts, sizeName, squares, sweepOf } from './sizes.js';

export type BenchParts = Pick<
  BenchOptions,
  | 'adapter'
  | 'batch'
  | 'width'
  | 'steps'
  | 'seconds'
  | 'size'
  | 'rows'
  | 'rounds'
  | 'precision'
  | 'matmul'
  | 'peers'
  | 'scaling'
  | 'model'
>;

const SQUARES = [256, 512, 1024, 2048, 4096];

/** @throws BenchError, DeviceError if what is to be timed computes wrong or fails */
export async function runBench(device: Device, parts: BenchParts, report: Report): Promise<BenchReport> {
  report.say(describeAdapter(device.adapter));
  const { fmaGflops } = await measureCeilings(device);
  report.say(`ceiling   ${figures(fmaGflops)} GFLOP/s f32 multiply-add`);
  const sweep = parts.scaling || !(parts.matmul || parts.peers || parts.rows);
  const result: BenchReport = {
    date: new Date().toISOString(),
    adapter: device.adapter,
    versions: versions(),
    precision: parts.precision,
    ceilingGflops: fmaGflops,
  };
  try {
    if (sweep) result.steps = await stepPart(device, parts, fmaGflops, report);
    if (parts.scaling) result.scaling = scalingOf(result.steps?.rows ?? []);
    if (parts.matmul) result.products = await productPart(device, parts, fmaGflops, report);
    if (parts.peers) result.peers = await peerPart(device, parts, report);
    if (parts.rows !== undefined) result.through = await rowPart(device, parts.rows, parts.rounds, report);
    return result;
  } finally {
    report.clear();
  }
}

async function stepPart(device: Device, parts: BenchParts, ceiling: number, report: Report): Promise<StepReport> {
  const steps = await benchSteps(device, sweepOf(parts.batch, parts.width), ceiling, parts, {
    begin: (size, number, of) => report.work(number - 1, of, sizeName(size)),
    row: (row) =>
      report.say(
        `timed     ${sizeName(row)}: ${figures(row.ms.median)} ms a step, ${percent(row.share)} of the ceiling`,
      ),
    leftOut: ({ what, why }) => report.say(`left out  ${what}: ${why}`),
  });
  return { ...steps, nullHostUs: await benchNullHost() };
}

async function productPart(device: Device, parts: BenchParts, ceiling: number, report: Report): Promise<ProductReport> {
  const products = parts.size ? squares(parts.size) : [...squares(SQUARES), ...seedProducts()];
  let [done, of, name] = [0, 0, ''];
  return benchProducts(device, products, ceiling, parts, {
    begin: (product, number, all) => {
      [done, of, name] = [number - 1, all, productName(product)];
      report.work(done, of, name);
    },
    progress: ({ number, of: variants }) => report.work(done, of, `${name}, variant ${number} of ${variants}`),
    row: (row) => {
      const best = row.variants.find((variant) => variant.best);
      const result = best ? `${best.name}, ${figures(best.gflops)} GFLOP/s` : 'no variant was right';
      report.say(`timed     ${productName(row)}: ${result}`);
    },
    leftOut: ({ what, why }) => report.say(`left out  ${what}: ${why}`),
  });
}

const rowPart = (device: Device, rows: number, rounds: number, report: Report) =>
  benchRows(device, { rows, rounds }, { turn: (name, turn, turns) => report.work(turn - 1, turns, name) });

function peerPart(device: Device, { adapter, model, batch, rounds, steps }: BenchParts, report: Report) {
  // With a sweep of many batches, the seed's is the one that is compared.
  const [only = SEED.batch, ...more] = batch;
  return benchPeers(
    device,
    { adapter, model, batch: more.length > 0 ? SEED.batch : only, rounds, steps },
    {
      say: (line) => report.say(line),
      turn: (name, turn, turns) => report.work(turn - 1, turns, name),
    },
  );
}
