// binary16 as bits (src/data/files/half.ts): every half there is, and numbers between two of them.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fromHalf, halfBits } from '../../../src/data/files/half.js';

const INFINITE = 0x7c00;

test('each half is its own nearest', () => {
  for (let bits = 0; bits < 2 ** 16; bits++) {
    const value = fromHalf(bits);
    if (Number.isNaN(value)) assert.ok(Number.isNaN(fromHalf(halfBits(value))), `NaN ${bits}`);
    else assert.is(halfBits(value), bits, `${value}`);
  }
});

test('between two halves the nearer one, and of equal distance the even one', () => {
  for (let bits = 0; bits < INFINITE; bits++) {
    // The number after the largest would be 65536: f32 has it, f16 calls it infinite.
    const [low, high] = [fromHalf(bits), bits + 1 === INFINITE ? 65536 : fromHalf(bits + 1)];
    const middle = (low + high) / 2;
    const sliver = middle * 2 ** -22;
    assert.is(halfBits(middle), bits % 2 === 0 ? bits : bits + 1, `${middle}`);
    assert.is(halfBits(Math.fround(middle - sliver)), bits, `just below ${middle}`);
    assert.is(halfBits(Math.fround(middle + sliver)), bits + 1, `just above ${middle}`);
    assert.is(halfBits(-middle), 0x8000 | halfBits(middle), `${-middle}`);
  }
});

test('what is beyond all halves', () => {
  assert.is(halfBits(1e30), INFINITE);
  assert.is(halfBits(Number.NEGATIVE_INFINITY), 0x8000 | INFINITE);
  assert.is(halfBits(1e-30), 0);
  assert.is(halfBits(-1e-30), 0x8000);
});

test.run();
