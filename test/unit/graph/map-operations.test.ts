// The f64 meaning of the operations of feature maps (test/support/oracle/interpret.ts), to which kernels are held, is PyTorch's: outputs,
// gradients and running statistics of its modules, which test/train/map-operations.py wrote to a file.
//
// Limit: both are f64, and none sums more than a hundred numbers, each of which is rounded by 2^-53 at most in some ten
// operations: 1000 * 2^-53 = 1.1e-13, relative L2; dx of a norm loses a digit where it cancels.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { MapOperation } from '../../../src/graph/operations/map-operations.js';
import type { Append, Node } from '../../../src/graph/operations/ops.js';
import { interpretNetwork, type Network } from '../../support/models/networks.js';
import { readReference } from '../../support/models/reference.js';
import { relativeL2 } from '../../support/models/tensors.js';
import { meaningOf } from '../../support/oracle/interpret-op.js';

const LIMIT = 1.1e-12;
const { folder } = readReference('test/train/map-operations.safetensors');
const [EXAMPLES, HEIGHT, WIDTH] = [3, 5, 4];
const SIZE = { height: HEIGHT, width: WIDTH };

type Build = (append: Append, x: Node, affine: Node, running: Node) => Node;

const batchNorm =
  (area: number): Build =>
  (append, x, affine, running) =>
    append({ op: 'batch_norm' }, [x, append({ op: 'batch_statistics', area }, [x, running], 'norm'), affine], 'norm');
const groupNorm =
  (area: number, groups: number): Build =>
  (append, x, affine) =>
    append(
      { op: 'group_norm', area, groups },
      [x, append({ op: 'group_statistics', area, groups }, [x], 'norm'), affine],
      'norm',
    );
const one =
  (operation: MapOperation): Build =>
  (append, x) =>
    append(operation, [x], 'map');
const pool = (op: 'max_pool2d' | 'avg_pool2d', kernel: number, stride: number, padding: number) =>
  one({ op, window: { ...SIZE, kernel, stride, padding } });
const upsample = (mode: 'nearest' | 'bilinear', factor: number) =>
  one({ op: 'upsample', scale: { ...SIZE, mode, factor } });

const CASES: Record<string, Build> = {
  'batch_norm/dense': batchNorm(1),
  'batch_norm/map': batchNorm(HEIGHT * WIDTH),
  'layer_norm/dense': groupNorm(1, 1),
  'layer_norm/map': groupNorm(HEIGHT * WIDTH, 1),
  'group_norm/1': groupNorm(HEIGHT * WIDTH, 1),
  'group_norm/2': groupNorm(HEIGHT * WIDTH, 2),
  'max_pool2d/2 2 0': pool('max_pool2d', 2, 2, 0),
  'max_pool2d/3 2 1': pool('max_pool2d', 3, 2, 1),
  'avg_pool2d/2 2 0': pool('avg_pool2d', 2, 2, 0),
  'avg_pool2d/3 2 1': pool('avg_pool2d', 3, 2, 1),
  'upsample/nearest 2': upsample('nearest', 2),
  'upsample/nearest 3': upsample('nearest', 3),
  'upsample/bilinear 2': upsample('bilinear', 2),
  'upsample/bilinear 3': upsample('bilinear', 3),
};

for (const [name, build] of Object.entries(CASES))
  test(`${name}: as PyTorch`, () => {
    const tensors = folder(name);
    const get = (key: string) => {
      const found = tensors.get(key);
      if (!found) throw new Error(`${name} has no ${key}`);
      return { shape: found.shape, values: Array.from(found.values) };
    };
    const held = (key: string) => {
      const { values } = get(key);
      return { shape: [values.length], values };
    };
    const network: Network = {
      parameters: {
        'map.x': get('x'),
        ...(tensors.has('affine') && { 'norm.affine': held('affine') }),
        ...(tensors.has('running') && { 'norm.running': { ...held('running'), trained: false } }),
      },
      build: (append, nodes) =>
        build(append, nodes['map.x'] as Node, nodes['norm.affine'] as Node, nodes['norm.running'] as Node),
      seed: get('dy').values,
      rows: EXAMPLES,
    };
    const { output, gradients, buffers } = interpretNetwork(network);
    const found: [string, ArrayLike<number> | undefined][] = [
      ['y', output],
      ['dx', gradients.get('map.x')?.values],
      ['daffine', gradients.get('norm.affine')?.values],
      ['after', buffers.get('norm.running')?.values],
    ];
    for (const [key, values] of found) {
      assert.is(values !== undefined, tensors.has(key), key);
      if (values)
        assert.ok(relativeL2(values, get(key).values) <= LIMIT, `${key}: ${relativeL2(values, get(key).values)}`);
    }
    if (!tensors.has('evaluated')) return;
    const evaluated = meaningOf({ op: 'batch_norm' }, [get('x'), held('after'), held('affine')]);
    assert.ok(relativeL2(evaluated, get('evaluated').values) <= LIMIT, 'evaluated');
  });

test.run();
