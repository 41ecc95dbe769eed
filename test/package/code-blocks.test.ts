// The JavaScript and TypeScript of README.md, docs/ and the reference's examples: type-checked, all at once, and those of the
// pages that need no browser are run. README.md's two are run by cli/readme.test.ts and browser/readme.test.ts.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import * as library from 'latentgpu/node';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { blocksOf, PAGES, root } from '../support/programs/documents.js';
import { ADAPTER, own } from '../support/programs/programs.js';

/** What examples take for granted. A block may declare any of it by itself. */
const GIVEN = {
  device: "import('latentgpu').Device",
  spec: "import('latentgpu').ModelSpec",
  model: "import('latentgpu').Model",
  trainer: "import('latentgpu').Trainer",
  dataset: "import('latentgpu').Dataset",
  session: "import('latentgpu/worker').Session",
  canvas: 'HTMLCanvasElement',
  values: 'Float32Array',
  images: 'Float32Array',
  bytes: 'Uint8Array',
  file: 'Uint8Array',
  text: 'string',
  stream: 'AsyncIterable<Uint8Array>',
};

interface Block {
  name: string;
  code: string;
}

const pageBlocks: Block[] = PAGES.flatMap((page) =>
  ['js', 'ts'].flatMap((language) =>
    blocksOf(page, language).map((code, index) => ({ name: `${page} ${language} ${index + 1}`, code })),
  ),
);

const htmlScripts: Block[] = PAGES.flatMap((page) =>
  blocksOf(page, 'html').map((html) => ({
    name: `${page} html`,
    code: (/<script type="module">\n(.*?)<\/script>/s.exec(html)?.[1] ?? '')
      .replace("'./latentgpu.js'", "'latentgpu'")
      .replace("'./latentgpu-worker.js'", "'latentgpu/worker'")
      .replaceAll(/querySelector\('(p|canvas)'\)/g, "querySelector<any>('$1')")
      .replace('catch (error)', 'catch (error: any)'),
  })),
);

const sources = fs
  .readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'));
const examples: Block[] = sources.flatMap((name) => {
  const text = fs.readFileSync(path.join(root, 'src', name), 'utf8');
  return [...text.matchAll(/@example\n *\* ```ts\n(.*?)\n *\* ```/gs)].map(([, lines = ''], index) => ({
    name: `src/${name} ${index + 1}`,
    code: lines.replace(/^ *\* ?/gm, ''),
  }));
});

/** Exports that a block names, and does not import by itself. */
function importsOf(block: string): string {
  const code = block.replaceAll('...', ' ');
  const named = (names: string[]) => names.filter((name) => new RegExp(`(?<![.'\\w])${name}\\b`).test(code));
  if (code.includes('import ')) return '';
  const [engine, worker] = [named(Object.keys(library)), named(['startSession', 'serveSession'])];
  return [
    engine.length > 0 ? `import { ${engine.join(', ')} } from 'latentgpu/node';` : '',
    worker.length > 0 ? `import { ${worker.join(', ')} } from 'latentgpu/worker';` : '',
  ].join('\n');
}

/** A module with the block in a scope of its own. */
function moduleOf({ code }: Block): string {
  const imports = code.match(/^ *import .* from .*;.*$/gm) ?? [];
  const rest = code.replace(/^ *import .* from .*;.*$/gm, '');
  const given = Object.entries(GIVEN).map(([name, type]) => `declare const ${name}: ${type};`);
  return [importsOf(code), ...imports, ...given, '{', rest, '}', 'export {};', ''].join('\n');
}

const folder = path.join(root, 'dist/code-blocks');

/** What the compiler says of these blocks, by name. */
function complaintsOf(blocks: Block[]): string[] {
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder);
  blocks.forEach((block, index) => {
    fs.writeFileSync(path.join(folder, `${index}.ts`), moduleOf(block));
  });
  const compilerOptions = { rootDir: root, noUnusedLocals: false };
  const paths = {
    extends: '../../tsconfig.json',
    compilerOptions,
    include: ['*.ts', '../../src/kernels/wgsl.d.ts'],
    exclude: [],
  };
  fs.writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify(paths));
  const tsc = path.join(root, 'node_modules/typescript/bin/tsc');
  const { stdout } = spawnSync(process.execPath, [tsc, '-p', folder], { cwd: folder, encoding: 'utf8' });
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.replace(/^(\d+)\.ts\((\d+),\d+\)/, (_, index) => blocks[Number(index)]?.name ?? ''));
}

test('every block of the pages and every example of the reference has right types; a wrong one is told', () => {
  assert.ok(pageBlocks.length >= 2 && htmlScripts.length >= 1 && examples.length >= 20, `${examples.length} examples`);
  const wrong = { name: 'wrong', code: "const model = await createModel(device, spec, { seed: '1' });" };
  const complaints = complaintsOf([...pageBlocks, ...htmlScripts, ...examples, wrong]);
  assert.is(complaints.length, 1, complaints.join('\n'));
  assert.match(complaints[0] ?? '', /^wrong: error TS2322: Type 'string' is not assignable to type 'number'/);
});

/** Values for what the blocks of a page take for granted: small ones. */
const VALUES = `
import * as library from 'latentgpu/node';
const device = await library.openDevice({ adapter: ${JSON.stringify(ADAPTER)} });
const spec = library.vae({ hidden: [16], latent: 2 });
const model = await library.createModel(device, spec);
const dataset = library.digits({ train: 64, test: 16 });
`;

for (const { name, code } of pageBlocks.filter((block) => !block.name.startsWith('README.md')))
  test(`${name} runs in Node`, () => {
    const inNode = code.replace(/from 'latentgpu(\/\w+)?'/g, "from 'latentgpu/node'");
    const imports = inNode.match(/^import .*$/gm) ?? importsOf(code).split('\n');
    const rest = inNode.replace(/^import .*$/gm, '');
    const text = `${imports.join('\n')}\n${VALUES}\n{\n${rest}\n}\ndevice.dispose();\n`;
    const script = path.join(root, 'dist/code-block.mjs');
    fs.writeFileSync(script, text);
    const { status, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8', timeout: 200_000 });
    assert.is(status, 0, own(stderr));
  });

test.run();
