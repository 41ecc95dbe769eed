// What checkpoints cost: the seed's VAE trained in turn without any saving (A) and with four snapshots in each round, written
// to a disk as a run writes it (B); A B A B. Says what one snapshot adds, and what share of the time that is at the default
// of one in 30 s. A measurement, not a test: run by hand on a quiet machine.
//   node test/checkpoint-cost.mjs [adapter] [rounds] [steps a round]
// @ts-check
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createModel, createTrainer, digits, encodeSnapshot, openDevice, vae } from 'latentgpu/node';

const SECONDS_BETWEEN = 30;
const A_ROUND = 4;
const [adapter = 'auto', rounds = '15', steps = '40'] = process.argv.slice(2);
const count = Number(steps);

const device = await openDevice({ adapter });
const dataset = digits({ train: 128 * count, test: 128, seed: 1 });
const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'latentgpu-cost-'));
const file = path.join(folder, 'checkpoint.safetensors');

/** Seconds of a round; with `snapshots`, each is written while training goes on, the last one too.
 * @param {boolean} snapshots */
async function round(snapshots) {
  /** @type {Promise<void>[]} */
  const writing = [];
  const first = trainer.step;
  /** @param {Promise<import('latentgpu/node').Snapshot>} snapshot */
  const write = async (snapshot) => {
    const handle = await fs.open(file, 'w');
    await handle.writeFile(encodeSnapshot(await snapshot));
    await handle.sync();
    await handle.close();
  };
  const options = snapshots && {
    snapshotEvery: count / (A_ROUND + 1),
    /** @param {Promise<import('latentgpu/node').Snapshot>} snapshot @param {number} step */
    onSnapshot: (snapshot, step) => {
      if (step < first + count) writing.push(write(snapshot));
    },
  };
  let seconds = 0;
  for await (const report of trainer.train({ steps: count, ...options })) ({ seconds } = report);
  await Promise.all(writing);
  if (snapshots && writing.length !== A_ROUND)
    throw new Error(`${writing.length} snapshots, must be ${A_ROUND}: give a multiple of 5 steps`);
  return seconds;
}

/** @param {number[]} values */
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

console.log(`${device.adapter.name}: ${rounds} pairs of rounds of ${count} steps at batch 128`);
const model = await createModel(device, vae(), { seed: 1 });
const trainer = await createTrainer(model, dataset, { batch: 128, seed: 1, recoveries: 0 });
await round(false);
await round(true);
/** @type {number[]} */
const without = [];
/** @type {number[]} */
const added = [];
for (let pair = 0; pair < Number(rounds); pair++) {
  const a = await round(false);
  const b = await round(true);
  without.push(a);
  added.push((b - a) / A_ROUND);
}
const [step, cost] = [median(without) / count, median(added)];
console.log(
  `a step: ${(1000 * step).toFixed(2)} ms; a checkpoint of ${((await fs.stat(file)).size / 1e6).toFixed(1)} MB adds`,
);
console.log(`${(1000 * cost).toFixed(0)} ms (median of pairs; ${added.map((s) => (1000 * s).toFixed(0)).join(' ')})`);
console.log(`one in ${SECONDS_BETWEEN} s: ${((100 * cost) / SECONDS_BETWEEN).toFixed(2)}% of the time`);
await fs.rm(folder, { recursive: true });
device.dispose();
