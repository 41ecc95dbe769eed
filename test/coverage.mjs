// How much of src/ the tests of Node cover: `npm run coverage`. Runs the tiers unit, kernel and train on the quickest adapter,
// prints each file's lines and those that no test reaches, and fails below 90%. Not in it: the tiers cli, browser and long,
// which start programs and pages, and so what only those run.
// @ts-check
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const c8 = path.join(root, 'node_modules/c8/bin/c8.js');
const tests = [process.execPath, 'test/run.mjs', 'unit', 'kernel', 'train'];
const { status } = spawnSync(
  process.execPath,
  [
    c8,
    // Test files are bundles: what they hold of src/ is known by their source maps.
    ...['--exclude-after-remap', '--include=src/**/*.ts', '--exclude=**/*.d.ts'],
    ...['--temp-directory=dist/coverage', '--reporter=text', '--check-coverage', '--lines=90'],
    ...['--statements=0', '--branches=0', '--functions=0'],
    ...tests,
  ],
  {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, LATENTGPU_ADAPTERS: process.env.LATENTGPU_ADAPTERS ?? 'auto' },
  },
);
process.exitCode = status ?? 1;
