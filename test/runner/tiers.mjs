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
 * @property {boolean | string[]} [rest] its files, or those of these names, are not in `npm test`: slow, and rarely fail
 * @property {boolean} [compiles] most of its time is compiling, for which lavapipe takes four times as long as SwiftShader:
 *   `npm test` runs it on hardware or on SwiftShader
 */

/** In the order in which they are run. @type {Record<string, Tier>} */
export const TIERS = {
  unit: { adapters: 'none' },
  kernel: { adapters: 'each', compiles: true, rest: ['matrix'] },
  train: {
    adapters: 'each',
    rest: ['profile-kernel', 'snapshot', 'tune-matmuls'],
    once: [
      'dispose',
      'dropped',
      'examples',
      'faults',
      'fuzz',
      'handed-over',
      'lost-device',
      'polling',
      'snapshot',
      'trainer',
      'trainer-memory',
      'trainer-refused',
    ],
  },
  cli: { adapters: 'none', rest: ['adapters', 'bench', 'generate', 'profile', 'table-flags', 'tables'] },
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

/** @param {string} root @param {string} tier @returns {string[]} 'test/TIER/NAME.test.ts' or 'test/TIER/SUBJECT/NAME.test.ts' */
function filesOf(root, tier) {
  const folder = `test/${tier}`;
  return fs.existsSync(path.join(root, folder)) ? testsBelow(root, folder).sort() : [];
}

/** @param {string} root @param {string} folder @returns {string[]} */
const testsBelow = (root, folder) =>
  fs.readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : testsBelow(root, name);
    return name.endsWith('.test.ts') ? [name] : [];
  });

/** @param {string[]} names @param {string} file */
const isNamed = (names, file) => names.includes(path.posix.basename(file, '.test.ts'));

/**
 * @param {string} tier
 * @param {string[]} adapters the quickest is the last
 * @param {string} file
 * @returns {Job[]}
 */
function jobsOf(tier, adapters, file) {
  const { adapters: wanted, alone: which = false, once = [] } = /** @type {Tier} */ (TIERS[tier]);
  const alone = Array.isArray(which) ? isNamed(which, file) : which;
  if (wanted === 'none') return [{ tier, file, alone }];
  const on = wanted === 'each' && !isNamed(once, file) ? adapters : adapters.slice(-1);
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

/** @param {Job} job @param {string[]} adapters */
function isUsual({ tier, file, adapter }, adapters) {
  const { rest = false, compiles = false } = /** @type {Tier} */ (TIERS[tier]);
  if (Array.isArray(rest) ? isNamed(rest, file) : rest) return false;
  const quickest = adapters.at(-1);
  return adapter === undefined || adapter === (compiles && quickest === 'lavapipe' ? adapters[0] : quickest);
}

/** `npm test`: every tier but the rest, each file on one adapter.
 * @param {string} root @param {string[]} adapters */
export const usualJobs = (root, adapters) =>
  jobsOfTiers(root, Object.keys(TIERS), adapters).filter((job) => isUsual(job, adapters));

/** All that `npm test` leaves out: the other adapters, the other files and the other tiers.
 * @param {string} root @param {string[]} adapters */
export const restJobs = (root, adapters) =>
  jobsOfTiers(root, Object.keys(TIERS), adapters).filter((job) => !isUsual(job, adapters));

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
