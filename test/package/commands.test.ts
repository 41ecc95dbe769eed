// Every command of README.md and docs/ is run, on little data and for two steps, each in a folder of its own with the files
// that the pages name. Those that are not are listed, with the reason.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { checkDataset, digits } from 'latentgpu/node';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { writeIdxFiles } from '../../harness/lib/data/idx-files.js';
import { readBenchOptions } from '../../harness/lib/options/bench-options.js';
import { readTrainOptions } from '../../harness/lib/options/train-options.js';
import { blocksOf, commandsOf, PAGES, root } from '../support/programs/documents.js';
import { ADAPTER, own } from '../support/programs/programs.js';

const PATIENCE_MS = 240_000;
/** Programs at a time. */
const AT_ONCE = 2;

/** Which commands are not run here, and why. The flags of harness/'s programs are read all the same. */
const ELSEWHERE: [command: RegExp, why: string][] = [
  [/^npm (ci|test)$/, 'what these tests are part of'],
  [/^(npm pack|npm install |npx latentgpu )/, 'package/installed.test.ts'],
  [/^npm run docs$/, 'package/reference.test.ts'],
  [/^npm run (web|build)/, 'the build; cli/web.test.ts'],
  [/^python3 -m http\.server$/, 'serves until it is stopped'],
  [/^node test\//, 'tiers and scripts of .ci/run'],
  [/^(docker|apt-get|git|cd) /, 'for the root of another machine'],
  [/^(python3 harness\/|torchrun )/, 'the tier torch: needs PyTorch'],
  [/ --peers/, 'the tier peers: installs other libraries'],
  [/ --adapter hardware/, 'needs a GPU'],
];

const STEPS = ['--steps 2', '--data small', '--batch 32'];
const NARROW = ['--hidden 32', '--latent 4'];
/** What programs are given besides, so that they take seconds. A flag that the command has stays. */
const SMALL: [command: RegExp, flags: string[]][] = [
  [/train\.js.* --(help|summary|plan)\b/, []],
  [/train\.js.* --(resume|fork)\b/, ['--steps 2']],
  [/train\.js.* --lr-warmup 200\b/, ['--steps 201', '--data small', '--batch 32', ...NARROW]],
  [/train\.js.* --(spec|init|variants)\b/, STEPS],
  [/train\.js.* --model stacked\b/, [...STEPS, '--hidden 64,32']],
  [/train\.js.* --model (linear|conv-|vq-)/, STEPS],
  [/train\.js/, [...STEPS, ...NARROW]],
  [/profile\.js.* --(compare|kernel|ceilings)\b/, []],
  [/profile\.js.* --wgsl/, ['--data small']],
  [/profile\.js/, [...STEPS, ...NARROW]],
  [/bench\.js.* --matmul/, ['--size 16']],
  [/bench\.js.* --scaling/, ['--batch 32,64', '--width 1', '--steps 2']],
  [/bench\.js.* --rows/, ['--rounds 1']],
  [/bench\.js/, ['--batch 32', '--width 1', '--steps 2']],
];
const TAKES_ADAPTER = /(train|generate|score|profile|bench)\.js(?!.* --(help|summary|compare|adapter)\b)/;

/** A command as it is run here: placeholders and data sets are the small files of this test. */
function small(command: string): string {
  const named = command
    .replace(/\bRUN\b/, 'runs/fashion')
    .replace(/\bDIR\b/, 'out')
    .replace(/--data (fashion-mnist|digits|my-idx-folder)\b/, '--data small')
    .replace(/--rows \d+/, '--rows 64')
    .replace(/--m \d+ --n \d+ --k \d+/, '--m 16 --n 16 --k 16')
    .replace(/--steps \d+/, '--steps 2');
  const flags = SMALL.find(([pattern]) => pattern.test(command))?.[1] ?? [];
  const missing = flags.filter((flag) => !` ${named} `.includes(` ${flag.split(' ')[0]} `));
  return [named, ...missing, ...(TAKES_ADAPTER.test(command) ? [`--adapter ${ADAPTER}`] : [])].join(' ');
}

const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'latentgpu-commands-')));
/** Files that the pages name; each command has a copy. */
const template = path.join(folder, 'template');
const inTemplate = (name: string) => path.join(template, name);

function execute(command: string, cwd: string): Promise<{ status: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn('bash', ['-o', 'pipefail', '-c', command], {
      cwd,
      timeout: PATIENCE_MS,
      killSignal: 'SIGKILL',
    });
    const parts: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => parts.push(bytes));
    child.on('close', (status) => resolve({ status, output: own(String(Buffer.concat(parts))) }));
  });
}

async function makeTemplate(): Promise<void> {
  fs.mkdirSync(template);
  fs.symlinkSync(path.join(root, 'harness'), inTemplate('harness'));
  writeIdxFiles(checkDataset(digits({ train: 64, test: 32 })), inTemplate('small'));
  fs.writeFileSync(inTemplate('net.json'), blocksOf('docs/models.md', 'json')[0] ?? '');
  const row = (index: number) => [0, 1, 2, 3, 4].map((column) => Math.sin(index * (column + 1)).toFixed(3)).join(',');
  const table = ['a,b,c,d,e', ...Array.from({ length: 60 }, (_, index) => row(index))];
  fs.writeFileSync(inTemplate('usual.csv'), `${table.join('\n')}\n`);
  fs.writeFileSync(inTemplate('new.csv'), `${table.slice(0, 9).join('\n')}\n`);
  fs.writeFileSync(inTemplate('row.csv'), `${row(100)}\n`);
  const train = (flags: string) => small(`node harness/train.js --hidden 32 --latent 4 ${flags}`);
  const usual = commandsOf('docs/data.md').find((command) => command.includes('--out runs/usual')) ?? 'false';
  const first = [
    train('--data digits --out runs/fashion'),
    train('--data digits --model conditional-vae --out runs/digits-by-class'),
    small(usual),
    small('node harness/profile.js --json before.json'),
  ];
  for (const command of first) {
    const { status, output } = await execute(command, template);
    assert.is(status, 0, `${command}\n${output}`);
  }
  fs.copyFileSync(inTemplate('before.json'), inTemplate('after.json'));
  for (const name of ['first', 'far', 'NAME'])
    fs.cpSync(inTemplate('runs/fashion'), inTemplate(`runs/${name}`), { recursive: true });
  for (const name of ['model', 'vae'])
    fs.copyFileSync(inTemplate('runs/fashion/model.safetensors'), inTemplate(`${name}.safetensors`));
}

const all = [...new Set(PAGES.flatMap(commandsOf).flatMap((line) => line.split(' && ')))];
const commands = all.filter((command) => !ELSEWHERE.some(([pattern]) => pattern.test(command)));
/** Steps take the place of epochs: commands that differ in these alone are run once. */
const alike = (command: string): string => small(command).replace(/ --epochs \d+/, '');

/** Starts a command when one of those before has ended. */
let lanes: Promise<unknown>[] = [];
let count = 0;
const results = new Map<string, Promise<{ status: number | null; output: string }>>();
function enqueue(command: string): void {
  const lane = count++ % AT_ONCE;
  const cwd = path.join(folder, String(count));
  const result = (lanes[lane] ?? Promise.resolve()).then(async () => {
    fs.cpSync(template, cwd, { recursive: true, verbatimSymlinks: true });
    // Where it writes, nothing is yet.
    const out = / --out (\S+)/.exec(command)?.[1];
    if (out) fs.rmSync(path.join(cwd, out), { recursive: true, force: true });
    const done = await execute(small(command), cwd);
    fs.rmSync(cwd, { recursive: true });
    return done;
  });
  lanes[lane] = result;
  results.set(alike(command), result);
}

test.before(async () => {
  await makeTemplate();
  lanes = [];
  for (const command of commands) if (!results.has(alike(command))) enqueue(command);
});

test('the pages have commands, and each that is not run has its reason', () => {
  assert.ok(commands.length > 45, `${commands.length} commands`);
  assert.equal(
    ELSEWHERE.filter(([pattern]) => !all.some((command) => pattern.test(command))).map(([, why]) => why),
    [],
  );
  for (const command of all.filter((one) => !commands.includes(one))) {
    const [program, ...flags] = command.replace(/^node harness\//, '').split(/ +/);
    if (program === 'train.js') readTrainOptions(flags);
    if (program === 'bench.js') readBenchOptions(flags);
  }
});

for (const command of commands)
  test(command, async () => {
    const { status, output } = (await results.get(alike(command))) ?? { status: undefined, output: '' };
    assert.is(status, 0, `${small(command)}\n${output}`);
  });

test('a flag that a program does not know, or a file that is not there, is a failure here', async () => {
  const wrong = ['node harness/train.js --epoch 2', 'node harness/generate.js --run runs/nothing'];
  for (const command of wrong) assert.is((await execute(small(command), template)).status, 2, command);
});

test.after(() => fs.rmSync(folder, { recursive: true, force: true }));
test.run();
