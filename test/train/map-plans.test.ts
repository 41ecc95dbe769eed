// Plans with the operations of feature maps: what the fused one and the unfused one compute is what f64 does, forward, back
// and in the running statistics; and which of them run together.
//
// Limit, relative L2 a tensor: there are at most 8 stages there and back (statistics, norm, activation, matmul), each of which
// rounds sums of at most 64 products a lane, by 2^-24 each; roundings that add up like a random walk give sqrt(8 * 64) 2^-24 =
// 1.4e-6. The roundings of a tree and of parts are fewer.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { usesDevice } from '../support/device.js';
import { runNetwork } from '../support/kernels/graph-runner.js';
import { CASES, interpretNetwork, type Network, planOfNetwork, type Ran } from '../support/models/networks.js';
import { closeTensors } from '../support/models/tensors.js';

const LIMIT = 1.4e-6;

const kernelsOf = (network: Network, fuse: boolean) =>
  planOfNetwork(network, fuse)
    .dispatches.map(({ kernel }) => kernel.replace(/^matmul.*/, 'matmul'))
    .filter((name) => !name.startsWith('adam'));

function closeRuns(got: Ran, want: Ran, what: string): void {
  const all = ({ output, gradients, buffers }: Ran) =>
    new Map([['output', { values: output }], ...gradients, ...buffers]);
  closeTensors(all(got), all(want), LIMIT, what);
}

for (const { name, network, fused } of CASES) {
  test(`${name}: what the fused plan has`, () => {
    assert.equal(kernelsOf(network, true).sort(), [...fused, 'activation', 'activation_gradient'].sort());
  });

  for (const fuse of [true, false])
    test(`${name}, ${fuse ? 'fused' : 'unfused'}: output, gradients and buffers are those of f64`, async () => {
      closeRuns(await runNetwork(network, fuse), interpretNetwork(network), name);
    });
}

usesDevice(test);
test.run();
