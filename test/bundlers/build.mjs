// Builds the app of this folder for production, as the README says for each bundler:
//   node build.mjs BUNDLER APP OUT    APP is a folder with index.html, main.js and node_modules/latentgpu
// esbuild comes from the project, the others from this folder's package.json.
import fs from 'node:fs';
import path from 'node:path';

/** @typedef {{ app: string, out: string }} Folders */

/** Those that know workers are told nothing; to the others the worker is an entry with a name.
 * @type {Record<string, (folders: Folders) => Promise<unknown>>} */
const BUNDLERS = {
  async vite({ app, out }) {
    const { build } = await import('vite');
    await build({ root: app, base: './', logLevel: 'warn', build: { outDir: out } });
  },
  async webpack({ app, out }) {
    const { default: webpack } = await import('webpack');
    await compiled(webpack(webpackOptions(app, out)));
  },
  async rspack({ app, out }) {
    const { rspack } = await import('@rspack/core');
    await compiled(rspack(webpackOptions(app, out)));
  },
  async rollup({ app, out }) {
    const { rollup } = await import('rollup');
    const { nodeResolve } = await import('@rollup/plugin-node-resolve');
    process.chdir(app);
    const bundle = await rollup({
      input: { main: 'main.js', 'latentgpu-session': 'latentgpu/session' },
      plugins: [nodeResolve()],
    });
    await bundle.write({ dir: out, format: 'es' });
  },
  async esbuild({ app, out }) {
    const { build } = await import('esbuild');
    await build({
      absWorkingDir: app,
      entryPoints: { main: 'main.js', 'latentgpu-session': 'latentgpu/session' },
      bundle: true,
      minify: true,
      splitting: true,
      format: 'esm',
      outdir: out,
    });
  },
};

/** @param {string} app @param {string} out */
const webpackOptions = (app, out) => ({
  mode: /** @type {const} */ ('production'),
  context: app,
  entry: './main.js',
  output: { path: out },
});

/** @param {any} compiler webpack's, or Rspack's with the same interface @returns {Promise<void>} */
const compiled = (compiler) =>
  new Promise((resolve, reject) => {
    compiler.run((/** @type {Error | null} */ error, /** @type {any} */ stats) => {
      if (error ?? stats.hasErrors()) reject(error ?? new Error(stats.toString('errors-warnings')));
      else resolve();
    });
  });

const [name = '', app = '', out = ''] = process.argv.slice(2);
const build = BUNDLERS[name];
if (!build) throw new Error(`bundler: ${name}, must be one of ${Object.keys(BUNDLERS).join(', ')}`);
await build({ app: path.resolve(app), out: path.resolve(out) });
// Vite builds index.html itself.
if (name !== 'vite') fs.copyFileSync(path.join(app, 'index.html'), path.join(out, 'index.html'));
