// Imports run one way only:
//   errors, names, random, show <- data, model <- graph <- kernels <- plan <- gpu <- train, formats <- profile <- index, node <- worker <- harness, test
// `npm test` checks it.

/** Lower layers first; a file may import from its own layer and from those before it. */
const LAYERS = [
  'errors|names|random|show',
  'data|model',
  'graph',
  'kernels',
  'plan',
  'gpu',
  'train|formats',
  'profile',
  'index|node',
  'worker',
];

const inLayer = (layer) => `^src/(${layer})(/|\\.ts$)`;

const oneWay = LAYERS.slice(0, -1).map((layer, index) => ({
  name: `${layer}-imports-upwards`,
  severity: 'error',
  from: { path: inLayer(layer) },
  to: { path: inLayer(LAYERS.slice(index + 1).join('|')) },
}));

module.exports = {
  forbidden: [
    ...oneWay,
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'data-and-model-are-strangers',
      severity: 'error',
      from: { path: '^src/data/' },
      to: { path: '^src/model/' },
    },
    {
      name: 'model-and-data-are-strangers',
      severity: 'error',
      from: { path: '^src/model/' },
      to: { path: '^src/data/' },
    },
    { name: 'src-imports-no-program', severity: 'error', from: { path: '^src/' }, to: { path: '^(harness|test)/' } },
    { name: 'harness-imports-no-test', severity: 'error', from: { path: '^harness/' }, to: { path: '^test/' } },
    {
      name: 'the-page-has-what-every-page-has',
      severity: 'error',
      from: { path: '^harness/web/' },
      to: {
        path: '^(src/(?!(index|worker/index|profile/index|data/index)\\.ts$)|harness/(?!web/|lib/bench/(sizes|statistics|steps)\\.ts$))',
      },
    },
    {
      name: 'only-kernels-import-shaders',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/kernels/' },
      to: { path: '\\.wgsl$' },
    },
    {
      name: 'only-node-imports-node',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/node(/|\\.ts$)' },
      to: { dependencyTypes: ['core', 'npm', 'npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
    // @webgpu/types has declarations only: nothing that a module loader would find. The bundlers and the peers are not the project's own.
    {
      name: 'no-unresolved',
      severity: 'error',
      from: { pathNot: '^(test/bundlers/build\\.mjs$|harness/peers/)' },
      to: { couldNotResolve: true, pathNot: '^(#harness|@webgpu/types)$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules|^dist' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['types', 'import', 'node', 'default'],
      extensions: ['.ts', '.js', '.mjs', '.d.ts'],
    },
  },
};
