// Which test files there are, and on which adapters each is run. What a tier is for: CONTRIBUTING.md.
// @ts-check
import fs from 'node:fs';
import path from 'node:path';

/**
 * @typedef {object} Tier
 * @property {'none' | 'quickest' | 'each'} adapters that the tier runs on: LATENTGPU_ADAPTER says which to its files. 'none'
 *   needs no adapter or chooses its own
 * @property {string[]} [once] its files of these names ask what the host does, whatever computes: on the quickest adapter only
 * @property {boolean | string[]} [alone] its files, or those of these names, want both cores: they time what they do, or wait
 *   for pages
 * @property {boolean} [rest] not in `npm test`: slow, and rarely fails
 */

/** In the order in which they are run. @type {Record<string, Tier>} */
export const TIERS = {
  unit: { adapters: 'none' },
  kernel: { adapters: 'each' },
  train: {
    adapters: 'each',
    once: ['dispose', 'dropped', 'examples', 'faults', 'fuzz', 'handed-over', 'lost-device', 'snapshot', 'trainer'],
  },
  cli: { adapters: 'none' },
  browser: { adapters: 'none', alone: true },
  pages: { adapters: 'none', alone: ['worker'], rest: true },
  bundlers: { adapters: 'none', alone: true, rest: true },
  variants: { adapters: 'none', rest: true },
  families: { adapters: 'quickest', alone: ['profile', 'tuning'], rest: true },
  onnx: { adapters: 'quickest', rest: true },
  behaviour: { adapters: 'quickest', rest: true },
  torch: { adapters: 'quickest', rest: true },
  peers: { adapters: 'quickest', alone: true, rest: true },
  package: { adapters: 'quickest', rest: true },
  long: { adapters: 'quickest', rest: true },
  engines: { adapters: 'none', alone: ['firefox'], rest: true },
};

/** One file on one adapter.
 * @typedef {{ tier: string, file: string, adapter?: string, alone: boolean }} Job */

/** @param {string} root @param {string} tier @returns {string[]} 'test/TIER/NAME.test.ts' */
function filesOf(root, tier) {
  const folder = path.join(root, 'test', tier);
  const names = fs.existsSync(folder) ? fs.readdirSync(folder, { encoding: 'utf8' }) : [];
  return names
    .filter((name) => name.endsWith('.test.ts'))
    .sort()
    .map((name) => `test/${tier}/${name}`);
}

/**
 * @param {string} tier
 * @param {string[]} adapters the quickest is the last
 * @param {string} file
 * @returns {Job[]}
 */
function jobsOf(tier, adapters, file) {
  const { adapters: wanted, alone: which = false, once = [] } = /** @type {Tier} */ (TIERS[tier]);
  const isOf = (/** @type {string[]} */ names) => names.includes(path.posix.basename(file, '.test.ts'));
  const alone = Array.isArray(which) ? isOf(which) : which;
  if (wanted === 'none') return [{ tier, file, alone }];
  const on = wanted === 'each' && !isOf(once) ? adapters : adapters.slice(-1);
  return on.map((adapter) => ({ tier, file, adapter, alone }));
}

/**
 * @param {string} root
 * @param {string[]} asked   names of tiers
 * @param {string[]} adapters
 */
export const jobsOfTiers = (root, asked, adapters) =>
  Object.keys(TIERS)
    .filter((tier) => asked.includes(tier))
    .flatMap((tier) => {
      const jobs = filesOf(root, tier).flatMap((file) => jobsOf(tier, adapters, file));
      // One adapter after the other.
      return adapters.flatMap((one, i) => jobs.filter(({ adapter }) => (adapter ? adapter === one : i === 0)));
    });

/** `npm test`: every tier but those of the rest, on the quickest adapter.
 * @param {string} root @param {string[]} adapters */
export const usualJobs = (root, adapters) =>
  jobsOfTiers(
    root,
    Object.keys(TIERS).filter((tier) => !TIERS[tier]?.rest),
    adapters.slice(-1),
  );

/** All that `npm test` leaves out: the other adapters, and the other tiers.
 * @param {string} root @param {string[]} adapters */
export const restJobs = (root, adapters) => [
  ...jobsOfTiers(
    root,
    Object.keys(TIERS).filter((tier) => TIERS[tier]?.adapters === 'each' && !TIERS[tier]?.rest),
    adapters,
  ).filter(({ adapter }) => adapter !== adapters.at(-1)),
  ...jobsOfTiers(
    root,
    Object.keys(TIERS).filter((tier) => TIERS[tier]?.rest),
    adapters,
  ),
];

/** A file by its path, as a person writes it: `test/kernel/clip.test.ts`, or what is built of it.
 * @param {string} root @param {string} name @param {string[]} adapters
 * @returns {Job[]} none if it is no test file */
export function jobsOfFile(root, name, adapters) {
  const file = path
    .relative(root, path.resolve(name))
    .split(path.sep)
    .join('/')
    .replace(/^dist\//, '')
    .replace(/\.js$/, '.ts');
  const tier = file.split('/')[1] ?? '';
  return TIERS[tier] && filesOf(root, tier).includes(file) ? jobsOf(tier, adapters, file) : [];
}
