// The order of dispatches (src/plan/schedule.ts): writers before readers, readers before updates in place, and what has
// no order is refused.
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { GraphError } from '../../../src/errors.js';
import type { Access } from '../../../src/kernels/kernel.js';
import type { Dispatch, Tensor } from '../../../src/plan/plan.js';
import { overlap, schedule } from '../../../src/plan/schedule.js';

const scratch = (slot: number): Tensor => ({
  name: `t${slot}`,
  shape: [4],
  bytes: 16,
  place: { kind: 'scratch', slot },
});
const weights = (offset: number, bytes: number): Tensor => ({
  name: `w${offset}`,
  shape: [bytes / 4],
  bytes,
  place: { kind: 'resource', resource: 'parameters', offset },
});

function dispatch(label: string, ...uses: [Access, Tensor][]): Dispatch {
  const bindings = uses.map(([access, tensor], i) => ({ name: `b${i}`, access, tensor }));
  return {
    label,
    kernel: 'k',
    sources: [],
    enables: [],
    header: {},
    constants: {},
    sizes: {},
    bindings,
    grid: [1, 1, 1],
    workgroup: 1,
    flops: 0,
    bytes: 0,
  };
}

const order = (...dispatches: Dispatch[]) => schedule(dispatches).map(({ label }) => label);

const [a, b, c] = [scratch(0), scratch(1), scratch(2)];

test('who writes a tensor comes before who reads it', () => {
  assert.equal(order(dispatch('reader', ['read', a]), dispatch('writer', ['write', a])), ['writer', 'reader']);
});

test('who updates a tensor in place comes after all who read it', () => {
  const w = weights(0, 64);
  const update = dispatch('update', ['read_write', w], ['read', b]);
  const early = dispatch('early', ['read', w], ['write', a]);
  const late = dispatch('late', ['read', a], ['read', w], ['write', b]);
  assert.equal(order(update, late, early), ['early', 'late', 'update']);
});

test('an update of a tensor comes after its writer', () => {
  assert.equal(order(dispatch('update', ['read_write', a]), dispatch('writer', ['write', a])), ['writer', 'update']);
});

test('an update of the whole buffer waits for readers of any part of it', () => {
  const update = dispatch('update', ['read_write', weights(0, 1024)]);
  assert.equal(order(update, dispatch('reader', ['read', weights(512, 16)])), ['reader', 'update']);
});

test('an update of one part does not wait for readers of another', () => {
  const update = dispatch('update', ['read_write', weights(0, 256)]);
  assert.equal(order(update, dispatch('reader', ['read', weights(256, 16)])), ['update', 'reader']);
});

test('where nothing else decides, the order that was given stays', () => {
  assert.equal(order(dispatch('1', ['write', a]), dispatch('2', ['write', b]), dispatch('3', ['write', c])), [
    '1',
    '2',
    '3',
  ]);
});

function refusal(...dispatches: Dispatch[]): string {
  try {
    schedule(dispatches);
  } catch (error) {
    assert.instance(error, GraphError);
    return (error as Error).message;
  }
  return 'accepted';
}

test('two writers of one tensor are refused', () => {
  assert.is(
    refusal(dispatch('encoder.0', ['write', a]), dispatch('encoder.2', ['write', a])),
    '"encoder.0" (k) and "encoder.2" (k) write the same memory',
  );
});

test('two writers of overlapping parts of a buffer are refused; of parts side by side they are not', () => {
  assert.match(
    refusal(dispatch('1', ['write', weights(0, 260)]), dispatch('2', ['write', weights(256, 16)])),
    /^"1" .* write/,
  );
  assert.is(refusal(dispatch('1', ['write', weights(0, 256)]), dispatch('2', ['write', weights(256, 16)])), 'accepted');
});

test('two updates in place of one tensor have no order and are refused', () => {
  assert.is(
    refusal(dispatch('adam', ['read_write', weights(0, 64)]), dispatch('decay', ['read_write', weights(0, 64)])),
    '"adam" (k) and "decay" (k) write the same memory',
  );
});

test('dispatches that wait for each other are refused', () => {
  assert.is(
    refusal(
      dispatch('free', ['write', c]),
      dispatch('x', ['read', b], ['write', a]),
      dispatch('y', ['read', a], ['write', b]),
    ),
    'dispatches wait for each other: x (k), y (k)',
  );
});

test('overlap: the same slot, or ranges of one resource that share a byte', () => {
  assert.ok(overlap(a, scratch(0)));
  assert.not(overlap(a, b));
  assert.ok(overlap(weights(0, 257), weights(256, 4)));
  assert.not(overlap(weights(0, 256), weights(256, 4)));
  assert.not(
    overlap(weights(0, 4), { ...weights(0, 4), place: { kind: 'resource', resource: 'gradients', offset: 0 } }),
  );
  assert.not(overlap(a, { ...weights(0, 4) }));
});

test('for any dispatches in any order: each comes once, after those it depends on', () => {
  // Dispatch i writes tensor i and reads some before it; the last updates one of them in place.
  const edges = fc.array(fc.array(fc.nat(100), { maxLength: 3 }), { minLength: 2, maxLength: 12 });
  fc.assert(
    fc.property(edges, fc.nat(100), fc.infiniteStream(fc.nat(1000)), (reads, updated, shuffle) => {
      const tensors = reads.map((_, i) => scratch(i));
      const pick = (i: number): Tensor => tensors[i % tensors.length] ?? a;
      const inputs = reads.map((all, i) => (i === 0 ? [] : [...new Set(all.map((each) => each % i))]));
      const made = inputs.map((all, i) =>
        dispatch(`${i}`, ...all.map((each): [Access, Tensor] => ['read', pick(each)]), ['write', pick(i)]),
      );
      const target = updated % tensors.length;
      const keys = new Map(made.map((each) => [each, shuffle.next().value ?? 0]));
      const shuffled = made.toSorted((x, y) => (keys.get(x) ?? 0) - (keys.get(y) ?? 0));
      const got = order(dispatch('update', ['read_write', pick(target)]), ...shuffled);
      assert.is(got.length, made.length + 1);
      const at = new Map(got.map((label, index) => [label, index]));
      const before = (x: string, y: string) =>
        assert.ok((at.get(x) ?? Number.NaN) < (at.get(y) ?? Number.NaN), `${x} before ${y} in ${got.join(' ')}`);
      inputs.forEach((all, i) => {
        for (const each of all) before(`${each}`, `${i}`);
        if (i === target || all.includes(target)) before(`${i}`, 'update');
      });
    }),
    { seed: 1, numRuns: 200 },
  );
});

test.run();
