// naga, wgpu's shader compiler (naga-wasm), takes every kernel of every training plan of the family, in every matmul variant with
// every epilogue; that for subgroups, too, which no adapter of Deno or Firefox runs.
import { pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { moduleText } from '../../src/gpu/pipelines.js';
import type { MatmulVariant } from '../../src/kernels/matmul/matmul.js';
import { OPTIMIZERS } from '../../src/model/optimizer.js';
import { ACTIVATIONS } from '../../src/model/spec.js';
import type { Plan } from '../../src/plan/plan.js';
import { CONVOLUTIONAL } from '../support/models/convolution-models.js';
import { FAMILY } from '../support/models/family.js';
import { CASES, planOfNetwork } from '../support/models/networks.js';
import { trainingPlan } from '../support/models/plans.js';
import { nagaFile } from './engines.js';

/** What is used here of naga-wasm. */
interface Naga {
  parseWgsl(source: string): Handle;
  validate(module: Handle): Handle;
}
interface Handle {
  free(): void;
}
const { parseWgsl, validate }: Naga = await import(pathToFileURL(nagaFile()).href);

const VARIANTS: MatmulVariant[] = [
  { name: 'tiled' },
  ...[4, 8, 16].map((lanes): MatmulVariant => ({ name: 'registers', lanes })),
  ...[4, 8, 16].map((lanes): MatmulVariant => ({ name: 'subgroups', lanes })),
  { name: 'rows', lanes: 8, columns: 4 },
];

/**
 * naga knows subgroup operations, but not yet the line that turns them on (github.com/gfx-rs/wgpu/issues/5555): such a device
 * would refuse the whole shader, and `matmulVariants` offers it to none that lacks the feature.
 */
const withoutEnable = (text: string) => text.replace(/^enable subgroups;$/m, '');

function compile(text: string): void {
  const module = parseWgsl(withoutEnable(text));
  const info = validate(module);
  info.free();
  module.free();
}

for (const variant of VARIANTS)
  test(`every kernel of the family, matmul_${variant.name}${'lanes' in variant ? ` of ${variant.lanes} lanes` : ''}`, () => {
    const texts = new Map<string, string>();
    const add = ({ dispatches }: Plan) => {
      for (const dispatch of dispatches)
        for (const sizes of ['constants', 'data'] as const) texts.set(moduleText(dispatch, sizes), dispatch.kernel);
    };
    const collect = (spec: (typeof FAMILY)[string], form: object = {}) => {
      for (const fuse of [true, false]) add(trainingPlan(spec, 16, { fuse, matmulVariant: variant, ...form }));
    };
    for (const { network } of CASES) for (const fuse of [true, false]) add(planOfNetwork(network, fuse));
    for (const spec of [...Object.values(FAMILY), ...Object.values(CONVOLUTIONAL)]) collect(spec);
    const { vae } = FAMILY;
    assert.ok(vae);
    for (const activation of ACTIVATIONS)
      collect({ ...vae, encoder: vae.encoder.map((layer) => ({ ...layer, activation })) });
    for (const kind of OPTIMIZERS)
      collect(vae, { optimizer: { kind, momentum: kind === 'sgd', nesterov: false, weightDecay: true, clip: true } });
    for (const [text, kernel] of texts)
      try {
        compile(text);
      } catch (error) {
        assert.unreachable(`${kernel}: ${(error as { formatted?: string }).formatted ?? error}`);
      }
    assert.ok([...texts.values()].filter((kernel) => kernel.startsWith(`matmul_${variant.name}`)).length >= 5);
    console.log(`${texts.size} shaders`);
  });

test('a fault is seen', () => {
  const [dispatch] = trainingPlan(FAMILY.vae as NonNullable<typeof FAMILY.vae>, 16, { fuse: true }).dispatches;
  assert.ok(dispatch);
  assert.throws(() => compile(`${moduleText(dispatch, 'data')}\nfn wrong() -> u32 { return 1.5; }`));
});

test.run();
