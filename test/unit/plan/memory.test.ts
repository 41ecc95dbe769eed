// Scratch memory (src/plan/memory.ts): tensors that are alive at the same time, or one right after the other, never share a
// slot: the dispatches of such two may run side by side. Lifetimes are counted
// again here, from nothing but the order of the dispatches.
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { assignScratch } from '../../../src/plan/memory.js';
import type { Binding, Dispatch, Tensor } from '../../../src/plan/plan.js';

interface Use {
  bytes: number;
  /** Dispatches that touch it: the first writes. */
  first: number;
  last: number;
}

/** Dispatches over tensors that live as `uses` says, and the tensors. */
function program(uses: Use[]): { dispatches: Dispatch[]; tensors: Tensor[] } {
  const tensors = uses.map(
    ({ bytes }, slot): Tensor => ({ name: `t${slot}`, shape: [bytes / 4], bytes, place: { kind: 'scratch', slot } }),
  );
  const count = Math.max(...uses.map(({ last }) => last)) + 1;
  const dispatches = Array.from({ length: count }, (_, index): Dispatch => {
    const bindings = uses.flatMap(({ first, last }, i): Binding[] => {
      const tensor = tensors[i];
      if (!tensor || (index !== first && index !== last)) return [];
      return [{ name: `b${i}`, access: index === first ? 'write' : 'read', tensor }];
    });
    return { ...EMPTY, label: `d${index}`, bindings };
  });
  return { dispatches, tensors };
}

const EMPTY: Dispatch = {
  label: '',
  kernel: 'k',
  sources: [],
  enables: [],
  header: {},
  constants: {},
  sizes: {},
  bindings: [],
  grid: [1, 1, 1],
  workgroup: 1,
  flops: 0,
  bytes: 0,
};

const slotOf = ({ place }: Tensor) => (place.kind === 'scratch' ? place.slot : -1);

function assigned(uses: Use[]): { slots: number[]; sizes: number[] } {
  const { dispatches, tensors } = program(uses);
  const sizes = assignScratch(dispatches);
  return { slots: tensors.map(slotOf), sizes };
}

test('one after the other: one slot, as large as the largest', () => {
  const { slots, sizes } = assigned([
    { bytes: 16, first: 0, last: 1 },
    { bytes: 64, first: 3, last: 4 },
    { bytes: 32, first: 6, last: 7 },
  ]);
  assert.equal(slots, [0, 0, 0]);
  assert.equal(sizes, [64]);
});

test('one right after the other: two slots, as the first is read while the second may be written', () => {
  const { slots } = assigned([
    { bytes: 16, first: 0, last: 1 },
    { bytes: 16, first: 2, last: 3 },
  ]);
  assert.equal(slots, [0, 1]);
});

test('a dispatch that reads one tensor and writes the next needs both at once', () => {
  const { slots, sizes } = assigned([
    { bytes: 16, first: 0, last: 1 },
    { bytes: 16, first: 1, last: 2 },
    { bytes: 16, first: 2, last: 3 },
  ]);
  assert.is.not(slots[0], slots[1]);
  assert.is.not(slots[1], slots[2]);
  assert.equal(sizes, [16, 16, 16]);
});

test('a tensor written and never read keeps its slot to itself while it is written', () => {
  const { slots } = assigned([
    { bytes: 16, first: 0, last: 0 },
    { bytes: 16, first: 0, last: 1 },
  ]);
  assert.is.not(slots[0], slots[1]);
});

test('of two free slots the one that fits is taken, so that memory does not grow', () => {
  const { sizes } = assigned([
    { bytes: 1024, first: 0, last: 1 },
    { bytes: 16, first: 0, last: 1 },
    { bytes: 16, first: 3, last: 4 },
    { bytes: 1024, first: 3, last: 4 },
  ]);
  assert.is(
    sizes.reduce((a, b) => a + b),
    1040,
  );
});

test('for any lifetimes: no two tensors share a slot while both are alive or right after, and each fits its slot', () => {
  const use = fc
    .record({ words: fc.integer({ min: 1, max: 50 }), a: fc.nat(20), b: fc.nat(20) })
    .map(({ words, a, b }): Use => ({ bytes: 4 * words, first: Math.min(a, b), last: Math.max(a, b) }));
  fc.assert(
    fc.property(fc.array(use, { minLength: 1, maxLength: 30 }), (uses) => {
      const { slots, sizes } = assigned(uses);
      uses.forEach((one, i) => {
        assert.ok(one.bytes <= (sizes[slots[i] ?? -1] ?? 0), `tensor ${i} fits its slot`);
        uses.forEach((other, j) => {
          if (i < j && one.first <= other.last + 1 && other.first <= one.last + 1)
            assert.is.not(slots[i], slots[j], `tensors ${i} and ${j} share no slot`);
        });
      });
      // No more slots than tensors alive at the busiest dispatch.
      const alive = Array.from(
        { length: 22 },
        (_, t) => uses.filter(({ first, last }) => first <= t && t <= last + 1).length,
      );
      assert.is(sizes.length, Math.max(...alive));
    }),
    { seed: 1, numRuns: 300 },
  );
});

test('memory that has an owner outside the plan is left where it is', () => {
  const tensor: Tensor = {
    name: 'w',
    shape: [4],
    bytes: 16,
    place: { kind: 'resource', resource: 'parameters', offset: 256 },
  };
  assert.equal(assignScratch([{ ...EMPTY, bindings: [{ name: 'w', access: 'read', tensor }] }]), []);
  assert.equal(tensor.place, { kind: 'resource', resource: 'parameters', offset: 256 });
});

test.run();
