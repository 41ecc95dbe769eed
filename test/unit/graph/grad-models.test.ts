// Gradients of every parameter of whole models against central finite differences, in f64 on the host. Each rule alone:
// grad.test.ts.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Images } from '../../../src/data/dataset.js';
import { type Part, trainingGraph } from '../../../src/graph/build.js';
import { type Node, numel } from '../../../src/graph/operations/ops.js';
import { activationOf } from '../../../src/model/layers.js';
import { stacked, vae } from '../../../src/model/presets.js';
import type { ModelSpec } from '../../../src/model/spec.js';
import { normalAt } from '../../../src/random.js';
import { CONVOLUTIONAL } from '../../support/models/convolution-models.js';
import { FAMILY, familyImages } from '../../support/models/family.js';
import { checkSubject, type Loss, normalValues, SEED, type Subject, sum } from '../../support/oracle/gradcheck.js';
import { interpret, type Leaves, type Values } from '../../support/oracle/interpret.js';
import { type Options64, splitParts, stepLeaves } from '../../support/oracle/train64.js';

const IMAGES = {
  count: 7,
  height: 3,
  width: 3,
  labels: Uint8Array.from([0, 2, 1, 1, 0, 2, 2]),
  pixels: Uint8Array.from({ length: 63 }, (_, i) => Math.floor(((normalAt(SEED, 99, 0, i) / 3) ** 2 % 1) * 256)),
};
/** 7 images of 7x7, for feature maps. */
const MAPS = familyImages(7, 3);

/** Step 5 of training on 7 images, 4 at a time: the third epoch's last batch has 3, and its row 3 is empty. */
function modelSubject(spec: ModelSpec, part: Part = 'whole', images: Images = IMAGES): Subject {
  const options: Options64 = { images, batch: 4, lr: 1e-3, seed: SEED, reduction: 'sum' };
  const { graph, parameters, gradients, losses } = trainingGraph(spec, options.batch, part);
  const step = stepLeaves(losses, options, 5);
  assert.equal([step.epoch, step.start, step.rows], [2, 4, 3]);
  const weights = graph.all('parameter').flatMap((node, n) => {
    const [, columns = node.shape[0] ?? 1] = node.shape;
    return [
      ...splitParts(
        node,
        normalValues(numel(node.shape), 100 + n).map((x) => x / Math.sqrt(columns)),
      ),
    ];
  });
  const leaves: Leaves = { parameters: new Map(weights), step };
  const values = interpret(graph.nodes, leaves);
  const loss = (all: Map<Node, Values>): Loss => {
    const terms = losses.flatMap(({ weight, node }) =>
      [...(all.get(node) ?? [])].slice(0, step.rows).map((value) => weight * value),
    );
    const all64 = Float64Array.from(terms);
    return { value: sum(all64), absSum: sum(all64.map(Math.abs)) };
  };
  const named = parameters.flatMap((node, i) => {
    const gradient = gradients[i];
    return [...splitParts(node, (gradient && values.get(gradient)) ?? new Float64Array())];
  });
  const end = Math.max(...losses.map(({ node }) => node.id));
  return { nodes: graph.nodes.slice(0, end + 1), leaves, loss, gradients: new Map(named) };
}

for (const hidden of [[7, 5], [6], []])
  test(`every parameter of a VAE 9-${hidden.join('-')}-3, short batch`, () => {
    const subject = modelSubject(vae({ pixels: 9, hidden, latent: 3, klWeight: 0.7 }));
    assert.is(subject.gradients.size, 2 * (2 * hidden.length + 3));
    checkSubject(subject);
  });

for (const [name, spec] of Object.entries(FAMILY))
  test(`every parameter of a small ${name}, short batch`, () => {
    const [first = 7, second] = spec.encoder.map((_, i) => 7 - 2 * i);
    const hidden = spec.encoder.map((layer, i) => ({
      units: i === 0 ? first : (second ?? 5),
      activation: activationOf(layer),
    }));
    const decoder = spec.decoder.map((layer, i) => ({
      units: i === spec.decoder.length - 1 ? 9 : (hidden.at(-1 - i)?.units ?? 5),
      activation: activationOf(layer),
    }));
    checkSubject(modelSubject({ ...spec, inputs: 9, encoder: hidden, code: { ...spec.code, units: 3 }, decoder }));
  });

// Each operation's rule is checked in grad.test.ts; here that they are put together. The others take minutes.
for (const [name, spec] of Object.entries(CONVOLUTIONAL).filter(([name]) => ['conv-vae', 'batch norm'].includes(name)))
  test(`every parameter of a small ${name}, short batch`, () => checkSubject(modelSubject(spec, 'whole', MAPS)));

/**
 * What the straight-through estimator is the gradient of: the decoder sees z and a distance that is held, and what z is compared
 * with is held.
 */
function straightened(subject: Subject): Subject {
  const { nodes, leaves, loss } = subject;
  const before = interpret(nodes, leaves);
  const taken = nodes.find(({ operation }) => operation.op === 'take_code');
  const [z] = taken?.inputs ?? [];
  if (!taken || !z) throw new Error('nothing is quantised');
  const vectors = before.get(taken) ?? new Float64Array();
  const apart = vectors.map((value, i) => value - (before.get(z)?.[i] ?? Number.NaN));
  const held = (name: string): Node => ({ ...taken, operation: { op: 'input', name }, inputs: [] });
  const [vectorsHeld, apartHeld] = [held('vectors'), held('apart')];
  const seen: Node = { ...taken, operation: { op: 'add' }, inputs: [z, apartHeld] };
  const own = new Map<Node, Node>();
  const straight = nodes.flatMap((node) => {
    if (node === taken) return [vectorsHeld, apartHeld, Object.assign(seen, { inputs: [own.get(z), apartHeld] })];
    const inputs = node.inputs.map((input) =>
      input === taken ? (node.label === 'commitment' ? vectorsHeld : seen) : (own.get(input) as Node),
    );
    const made = { ...node, inputs };
    own.set(node, made);
    return [made];
  });
  return {
    ...subject,
    nodes: straight,
    leaves: { ...leaves, inputs: new Map([...(leaves.inputs ?? []), ['vectors', vectors], ['apart', apart]]) },
    loss: (all) => loss(new Map([...own].map(([node, made]) => [node, all.get(made) ?? new Float64Array()]))),
  };
}

for (const name of ['vq-vae', 'vq-vae without feature maps'])
  test(`every parameter of a small ${name}, short batch: the straight-through estimator and the commitment`, () => {
    const subject = modelSubject(CONVOLUTIONAL[name] as ModelSpec, 'whole', MAPS);
    assert.not.ok([...subject.gradients.keys()].some((parameter) => parameter.startsWith('codebook')));
    checkSubject(straightened(subject));
  });

for (const layer of [0, 1, 2])
  test(`layer ${layer} of a stacked autoencoder: its own parameters and its mirror's, short batch`, () => {
    const spec = stacked({ pixels: 9, hidden: [7, 5], latent: 3 });
    const subject = modelSubject(spec, { layer });
    const mirror = 2 * (2 - layer);
    assert.equal(
      [...subject.gradients.keys()],
      [`encoder.${2 * layer}`, `decoder.${mirror}`].flatMap((name) => [`${name}.weight`, `${name}.bias`]),
    );
    checkSubject(subject);
  });

/** Every activation but those of the VAE above, each between two layers. */
const DEEP: ModelSpec = {
  inputs: 9,
  encoder: (['leaky-relu', 'gelu', 'tanh', 'elu'] as const).map((activation) => ({ units: 4, activation })),
  code: { kind: 'gaussian', units: 3 },
  decoder: [
    ...(['silu', 'softplus', 'sigmoid'] as const).map((activation) => ({ units: 5, activation })),
    { units: 9, activation: 'sigmoid' },
  ],
  loss: { reconstruction: 'bce', klWeight: 0.7 },
};

test('every parameter of a model with all other activations', () => checkSubject(modelSubject(DEEP)));

test.run();
