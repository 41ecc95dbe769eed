// Builds dist/: the files for pages, the Node bundle, the programs' shared library and the packages in it, the type
// declarations, and (with --tests) the bundled test files. Shaders become JavaScript modules here: includes are expanded and
// every line keeps the file and line number that a person edits.
//
//   node build.mjs            what users need (npm ci runs this)
//   node build.mjs --tests    the same, and dist/test/ for the test runner, and the page in dist/web/ (not with --no-page)
//   npm run web               the page alone, and serves it
// @ts-check
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';

const root = path.dirname(fileURLToPath(import.meta.url));
const shaders = path.join(root, 'shaders');

/**
 * One shader with its includes in place. An include is a line `#include "lib/name.wgsl"`, relative to shaders/; a file
 * that is included twice is expanded once.
 * @param {string} file path relative to shaders/
 * @param {Set<string>} seen files already expanded into this module
 * @returns {{ text: string, file: string, line: number }[]} output lines with their origin; `line` counts from 1
 */
export function expandShader(file, seen = new Set()) {
  seen.add(file);
  const absolute = path.join(shaders, file);
  if (!fs.existsSync(absolute)) throw new Error(`shaders/${file} does not exist`);
  return fs
    .readFileSync(absolute, 'utf8')
    .split('\n')
    .flatMap((text, index) => {
      const include = /^#include "(.+)"$/.exec(text)?.[1];
      if (include === undefined) return [{ text, file, line: index + 1 }];
      if (seen.has(include)) return [];
      if (!fs.existsSync(path.join(shaders, include)))
        throw new Error(`shaders/${file}:${index + 1} includes "${include}", which is not in shaders/`);
      return expandShader(include, seen);
    });
}

/** @param {string} file @returns {string} its path below shaders/ */
const belowShaders = (file) => path.relative(shaders, file).split(path.sep).join('/');

/**
 * Lines that follow each other in one file, as runs: all that a line map has to say.
 * @param {{ file: string, line: number }[]} lines
 * @param {string[]} files
 * @returns {[file: number, from: number, to: number][]} index into `files`, first and last line, counted from 1
 */
function runsOf(lines, files) {
  /** @type {[file: number, from: number, to: number][]} */
  const runs = [];
  for (const { file, line } of lines) {
    const last = runs.at(-1);
    if (last && files[last[0]] === file && last[2] === line - 1) last[2] = line;
    else runs.push([files.indexOf(file), line, line]);
  }
  return runs;
}

/** Makes a ShaderSource of its files' lines and the runs of them that it consists of. */
const SOURCE_OF_RUNS = `export default (files, lines, runs) => ({
  file: files[0],
  files,
  code: runs.flatMap(([file, from, to]) => lines[file].slice(from - 1, to)).join('\\n'),
  origin: runs.flatMap(([file, from, to]) => lines[file].slice(from - 1, to).map((_, index) => [file, from + index])),
})`;

/** `import source from '../../shaders/name.wgsl'` gives a ShaderSource (src/kernels/shader.ts). A bundle holds each file
 * of shaders/ once, however many include it.
 * @type {esbuild.Plugin} */
export const wgsl = {
  name: 'wgsl',
  setup(build) {
    build.onResolve({ filter: /^wgsl source$/ }, ({ path: name }) => ({ path: name, namespace: name }));
    build.onLoad({ filter: /.*/, namespace: 'wgsl source' }, () => ({ contents: SOURCE_OF_RUNS, loader: 'js' }));
    build.onResolve({ filter: /^wgsl:/ }, ({ path: name }) => ({ path: name.slice(5), namespace: 'wgsl' }));
    build.onLoad({ filter: /.*/, namespace: 'wgsl' }, ({ path: file }) => ({
      contents: `export default ${JSON.stringify(fs.readFileSync(path.join(shaders, file), 'utf8'))}.split('\\n')`,
      loader: 'js',
      watchFiles: [path.join(shaders, file)],
    }));
    build.onLoad({ filter: /\.wgsl$/ }, (args) => {
      const seen = new Set();
      const lines = expandShader(belowShaders(args.path), seen);
      const files = [...seen];
      const imports = files.map((name, index) => `import lines${index} from 'wgsl:${name}';`);
      const read = files.map((_, index) => `lines${index}`);
      return {
        contents: `import source from 'wgsl source';${imports.join('')}
          export default source(${JSON.stringify(files)}, [${read}], ${JSON.stringify(runsOf(lines, files))})`,
        loader: 'js',
        resolveDir: shaders,
        watchFiles: files.map((name) => path.join(shaders, name)),
      };
    });
  },
};

/** @type {esbuild.BuildOptions} */
const common = {
  absWorkingDir: root,
  bundle: true,
  format: 'esm',
  target: 'es2022',
  plugins: [wgsl],
  logLevel: 'warning',
};

/**
 * A shader without comments, blank lines, indentation, and spaces around what is no word and cannot join another sign.
 * @param {string} text
 * @returns {string}
 */
export const stripWgsl = (text) =>
  text
    .split('\n')
    .map((line) =>
      line
        .replace(/\/\/.*/, '')
        .trim()
        .replace(/ ?([,;:=(){}<>*/+]) ?/g, '$1'),
    )
    .filter((line) => line !== '')
    .join('\n');

/**
 * The same for the files that pages load: stripped, and each include once for all shaders. There is no line map then: a
 * compile error names the kernel and shows the line itself.
 * @type {esbuild.Plugin} */
export const smallWgsl = {
  name: 'small wgsl',
  setup(build) {
    build.onResolve({ filter: /^wgsl source$/ }, ({ path: name }) => ({ path: name, namespace: name }));
    build.onLoad({ filter: /.*/, namespace: 'wgsl source' }, () => ({
      contents: `export default (file, ...parts) => ({ file, code: parts.join('\\n'), files: [], origin: [] })`,
      loader: 'js',
    }));
    build.onResolve({ filter: /^wgsl:/ }, ({ path: name }) => ({ path: name.slice(5), namespace: 'wgsl' }));
    build.onLoad({ filter: /.*/, namespace: 'wgsl' }, ({ path: file }) => {
      const text = fs.readFileSync(path.join(shaders, file), 'utf8');
      return {
        contents: `export default ${JSON.stringify(stripWgsl(text.replace(/^#include .*$/gm, '')))}`,
        loader: 'js',
      };
    });
    build.onLoad({ filter: /\.wgsl$/ }, (args) => {
      const file = belowShaders(args.path);
      // Whole files one after the other, whatever line an include stands on: WGSL does not mind the order.
      const files = [...new Set(expandShader(file).map((line) => line.file))];
      const imports = files.map((name, index) => `import part${index} from 'wgsl:${name}';`);
      const parts = files.map((_, index) => `part${index}`);
      return {
        contents: `import source from 'wgsl source';${imports.join('')}
          export default source(${[JSON.stringify(file), ...parts]})`,
        loader: 'js',
        resolveDir: shaders,
      };
    });
  },
};

/** Imports that match become those of a built file beside this one: there is one copy of every class.
 * @param {RegExp} filter
 * @param {string} file
 * @returns {esbuild.Plugin} */
const beside = (filter, file) => ({
  name: `beside ${file}`,
  setup(build) {
    build.onResolve({ filter }, ({ kind }) => (kind === 'entry-point' ? undefined : { path: file, external: true }));
  },
});

/** What layers need that are not linear: a file that the engine loads when a model has some. */
const LAYERS = 'src/plan/lowering/layers.ts';
const layers = beside(/\/plan\/lowering\/layers\.js$/, './latentgpu-layers.js');

/** What pages and bundlers load: the engine, and beside it sessions and the profiler. */
async function buildPageFiles() {
  /** @type {esbuild.BuildOptions} */
  const small = { ...common, platform: 'browser', minify: true };
  const engine = beside(/^(\.\.\/)+(index|errors|names)\.js$/, './latentgpu.js');
  const profile = beside(/^\.\.\/profile\/index\.js$/, './latentgpu-profile.js');
  const files = [
    { entry: 'src/index.ts', outfile: 'dist/latentgpu.js', plugins: [smallWgsl, layers] },
    { entry: LAYERS, outfile: 'dist/latentgpu-layers.js', plugins: [smallWgsl, engine] },
    { entry: 'src/data/index.ts', outfile: 'dist/latentgpu-data.js', plugins: [engine] },
    { entry: 'src/worker/index.ts', outfile: 'dist/latentgpu-worker.js', plugins: [smallWgsl, engine, profile] },
    { entry: 'src/worker/main.ts', outfile: 'dist/latentgpu-session.js', plugins: [smallWgsl, engine, profile] },
    { entry: 'src/profile/index.ts', outfile: 'dist/latentgpu-profile.js', plugins: [smallWgsl, engine, layers] },
    { entry: 'src/profile/tuning.ts', outfile: 'dist/latentgpu-tune.js', plugins: [smallWgsl, engine, layers] },
  ];
  for (const { entry, outfile, plugins } of files)
    await esbuild.build({ ...small, entryPoints: [entry], outfile, plugins });
}

/** What `export.js --html` makes a page of: markup, style and one script with the engine that pages load, in one file. */
async function buildExportPage() {
  const page = 'harness/lib/export/page';
  /** @type {esbuild.Plugin} */
  const builtEngine = {
    name: 'built engine',
    setup: (build) =>
      build.onResolve({ filter: /^latentgpu$/ }, () => ({
        path: path.join(root, 'dist/latentgpu.js'),
        sideEffects: false,
      })),
  };
  const { outputFiles } = await esbuild.build({
    ...common,
    platform: 'browser',
    minify: true,
    sourcemap: false,
    write: false,
    outdir: 'out',
    plugins: [builtEngine],
    entryPoints: [
      { in: `${page}/main.ts`, out: 'page' },
      { in: `${page}/style.css`, out: 'page' },
    ],
  });
  const text = (/** @type {string} */ end) => outputFiles.find(({ path: name }) => name.endsWith(end))?.text;
  const html = fs.readFileSync(path.join(root, page, 'index.html'), 'utf8');
  const parts = { html, style: text('.css'), script: text('.js') };
  fs.writeFileSync(path.join(root, 'dist/export-page.json'), `${JSON.stringify(parts)}\n`);
}

/** What only the programs need of npm: bundled, so that the published package depends on `webgpu` alone. */
const VENDORED = ['cli-progress', 'fast-png', 'fzstd', 'hyparquet', 'jpeg-js', 'onnx-proto', 'vega', 'vega-lite'];

/** Parts of Vega that no chart of ours uses: maps, trees, clouds, linked views. 100 of its 550 KB.
 * @type {esbuild.Plugin} */
const chartsAlone = {
  name: 'charts alone',
  setup(build) {
    const unused = /^vega-(geo|force|hierarchy|label|regression|voronoi|wordcloud|crossfilter)$/;
    build.onResolve({ filter: unused }, ({ path: name }) => ({ path: name, namespace: 'unused' }));
    build.onLoad({ filter: /.*/, namespace: 'unused' }, () => ({ contents: 'export {}', loader: 'js' }));
  },
};

/** Packages for harness.js, minified, a file each and chunks that they share; and everybody's licence. */
async function buildVendored() {
  const out = path.join(root, 'dist/vendor');
  fs.rmSync(out, { recursive: true, force: true });
  const { metafile } = await esbuild.build({
    ...common,
    entryPoints: VENDORED,
    outdir: out,
    platform: 'node',
    minify: true,
    splitting: true,
    chunkNames: '[name]-[hash]',
    metafile: true,
    legalComments: 'eof',
    plugins: [chartsAlone],
    // CommonJS packages call `require` for Node's own modules.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
  fs.writeFileSync(path.join(out, 'LICENSES.txt'), licencesOf(Object.keys(metafile.inputs)));
}

/** Of the licences of bundled packages: every one of them asks that its notice goes where its code goes. */
const LICENCES_HEAD =
  'The files beside this one are made of the packages below, minified. Named are also the packages that those depend on,\n' +
  'because some have code of theirs inside. Each licence follows the packages that it is of.';

/**
 * @param {string[]} files bundled files, relative to the project's folder
 * @returns {string} packages by licence text, in the alphabet's order
 * @throws Error naming a bundled package without a licence
 */
function licencesOf(files) {
  const bundled = files.flatMap((file) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? []);
  /** @type {Map<string, string[]>} */
  const packages = new Map();
  for (const folder of withDependencies(bundled)) {
    const { name, version, license } = manifest(folder);
    const text = licenceText(path.join(root, folder));
    if (text === undefined && bundled.includes(folder))
      throw new Error(
        `${name} is bundled but has no licence file in ${folder}: do without it, or add its text in build.mjs`,
      );
    if (text === undefined) continue;
    packages.set(text, [...(packages.get(text) ?? []), `${name} ${version} (${license})`]);
  }
  const parts = [...packages].map(([text, names]) => `${names.join('\n')}\n\n${text}`);
  return `${[LICENCES_HEAD, ...parts].join(`\n\n${'-'.repeat(72)}\n\n`)}\n`;
}

/** @param {string} folder */
const manifest = (folder) => JSON.parse(fs.readFileSync(path.join(root, folder, 'package.json'), 'utf8'));

/** Folders of packages and of all that they depend on, as far as that is installed.
 * @param {string[]} folders */
function withDependencies(folders) {
  const all = new Set(folders);
  // What is added on the way is visited, too.
  for (const folder of all)
    for (const name of Object.keys(manifest(folder).dependencies ?? {})) {
      const places = [path.posix.join(folder, 'node_modules', name), path.posix.join('node_modules', name)];
      const found = places.find((place) => fs.existsSync(path.join(root, place, 'package.json')));
      if (found !== undefined) all.add(found);
    }
  return [...all].sort();
}

/** @param {string} folder */
function licenceText(folder) {
  const file = fs.readdirSync(folder).find((entry) => /^(licen[cs]e|copying)\b/i.test(entry));
  return file && fs.readFileSync(path.join(folder, file), 'utf8').replaceAll('\r', '').trim();
}

async function buildLibrary() {
  await buildPageFiles();
  await buildExportPage();
  await buildVendored();
  await esbuild.build({
    ...common,
    entryPoints: ['src/node.ts'],
    outfile: 'dist/node.js',
    platform: 'node',
    packages: 'external',
  });
  /** @type {esbuild.BuildOptions} */
  const program = {
    ...common,
    platform: 'node',
    packages: 'external',
    // A fifteenth off what the programs weigh in the npm package; lines stay short enough to be read in a stack trace.
    minifyWhitespace: true,
    lineLimit: 160,
    plugins: VENDORED.map((name) => beside(new RegExp(`^${name}$`), `./vendor/${name}.js`)),
  };
  await esbuild.build({
    ...program,
    entryPoints: ['harness/lib/index.ts'],
    outfile: 'dist/harness.js',
    // tsconfig.json maps it to src/ for the type checker; bundled, it would be a second copy of every class.
    external: ['latentgpu/node'],
  });
  // A thread of the programs: of the library it needs the errors, not Dawn.
  await esbuild.build({
    ...program,
    entryPoints: ['harness/lib/pictures/decode-worker.ts'],
    outfile: 'dist/harness-decode.js',
    alias: { 'latentgpu/node': './src/errors.ts' },
  });
}

/** The page: scripts for its own thread and for its workers, styles, and what is served as it is. */
export async function buildWeb() {
  const web = 'harness/web';
  const out = path.join(root, 'dist/web');
  fs.rmSync(out, { recursive: true, force: true });
  /** @type {esbuild.BuildOptions} */
  const page = { ...common, platform: 'browser', minify: true, sourcemap: true, outdir: out, plugins: [smallWgsl] };
  // In parts: what the page and its workers need is loaded once, and what few visitors ask for when they do. That is layers that
  // are not linear, readers of files, the profiler, the benchmark, and a model on the CPU where there is no WebGPU.
  await esbuild.build({
    ...page,
    splitting: true,
    chunkNames: '[name]-[hash]',
    entryPoints: [
      { in: `${web}/main.ts`, out: 'main' },
      { in: `${web}/style/style.css`, out: 'style' },
      { in: `${web}/worker.ts`, out: 'worker' },
      { in: `${web}/data/worker.ts`, out: 'data-worker' },
    ],
  });
  fs.copyFileSync(path.join(root, web, 'icon.svg'), path.join(out, 'icon.svg'));
  const model = await pageModel();
  if (model) fs.copyFileSync(model, path.join(out, PAGE_MODEL));
  const docs = path.join(root, 'dist/docs');
  const documented = fs.existsSync(docs);
  if (documented) fs.cpSync(docs, path.join(out, 'docs'), { recursive: true });
  const html = withLinks(fs.readFileSync(path.join(root, web, 'index.html'), 'utf8'), manifest('.'), documented);
  // A page that has no such file must not ask for it.
  const told = model ? html.replace('<html ', `<html data-pretrained="${PAGE_MODEL}" `) : html;
  fs.writeFileSync(path.join(out, 'index.html'), told);
}

/**
 * The page with links to its documentation, if `npm run docs` has made that, and to its source, if package.json says where it is.
 * @param {string} html
 * @param {{ repository?: string | { url: string } }} manifest
 * @param {boolean} documented
 * @returns {string}
 */
export function withLinks(html, { repository = '' }, documented) {
  const url = typeof repository === 'string' ? repository : repository.url;
  const source = /https:.*?(?=\.git$|$)/.exec(url)?.[0];
  const links = [
    ...(documented ? ['<a href="docs/index.html">Documentation</a>'] : []),
    ...(source ? [`<a href="${source}">Source code</a>`] : []),
  ];
  return html.replace(/(<nav .*>)(<\/nav>)/, (_, start, end) => (links.length > 0 ? start + links.join('') + end : ''));
}

const PAGE_MODEL = 'pretrained.safetensors';
/** Its ingredients, beside the program that trains it. */
const PAGE_MODEL_PARTS = ['src/data/digits.ts', 'src/model/presets.ts'];
const PAGE_MODEL_MS = 300_000;

/**
 * The small model that the page opens with: trained here, on whatever adapter there is, and kept in dist/ until one of its
 * ingredients changes.
 * @returns its file; nothing without an adapter: the page then opens with fresh parameters
 */
async function pageModel() {
  const program = path.join(root, 'dist/page-model.js');
  await esbuild.build({
    ...common,
    entryPoints: ['harness/page-model.ts'],
    outfile: program,
    platform: 'node',
    packages: 'external',
  });
  const key = createHash('sha256');
  for (const file of [program, ...PAGE_MODEL_PARTS.map((part) => path.join(root, part))])
    key.update(fs.readFileSync(file));
  const folder = path.join(root, 'dist/page-model');
  const file = path.join(folder, `${key.digest('hex').slice(0, 16)}.safetensors`);
  if (fs.existsSync(file)) return file;
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  const part = `${file}.${process.pid}`;
  try {
    execFileSync(process.execPath, [program, part], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: PAGE_MODEL_MS,
    });
    fs.renameSync(part, file);
    return file;
  } catch (error) {
    const [why] = /^\w*Error: .*$/m.exec(String(error)) ?? [String(error)];
    console.warn(`dist/web: without a pretrained model, which could not be made: ${why}`);
    return undefined;
  }
}

function buildTypes() {
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  // Of files that have moved since, the package would carry both.
  fs.rmSync(path.join(root, 'dist/types'), { recursive: true, force: true });
  const options = [
    '--noEmit',
    'false',
    '--emitDeclarationOnly',
    '--declaration',
    '--outDir',
    'dist/types',
    '--rootDir',
    '.',
  ];
  execFileSync(process.execPath, [tsc, '-p', 'src', ...options], { cwd: root, stdio: 'inherit' });
}

/** Test files get uvu by way of test/support/suite.ts. @type {esbuild.Plugin} */
const suites = {
  name: 'suites',
  setup(build) {
    const suite = path.join(root, 'test/support/suite.ts');
    build.onResolve({ filter: /^uvu$/ }, ({ importer }) =>
      importer === suite ? { path: 'uvu', external: true } : { path: suite },
    );
  },
};

async function buildTests() {
  fs.rmSync(path.join(root, 'dist/test'), { recursive: true, force: true });
  const entryPoints = fs
    .readdirSync(path.join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => `test/${file}`);
  await esbuild.build({
    ...common,
    entryPoints,
    outdir: 'dist/test',
    outbase: 'test',
    platform: 'node',
    packages: 'external',
    sourcemap: true,
    plugins: [wgsl, suites],
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await buildLibrary();
  if (process.argv.includes('--tests')) {
    if (!process.argv.includes('--no-page')) await buildWeb();
    await buildTests();
  } else buildTypes();
}
