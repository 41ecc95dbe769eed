// The f64 optimizers and schedules that the GPU's are compared with (test/support/oracle/optimizer64.ts), and the host's twin of
// the schedules, against PyTorch's own numbers (test/train/optimizers.py).
import fs from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { rateFactor, resolveSchedule } from '../../../src/model/learning-rate.js';
import { learningRate64, Optimizer64, type OptimizerOptions64 } from '../../support/oracle/optimizer64.js';

const { cases: CASES }: { cases: { options: OptimizerOptions64; rates: number[]; final: number[] }[] } = JSON.parse(
  fs.readFileSync('test/train/optimizers.json', 'utf8'),
);

const near = (got: number, want: number, what: string) =>
  assert.ok(Math.abs(got - want) <= 1e-12 * Math.max(1, Math.abs(want)), `${what}: got ${got}, want ${want}`);

test('there are cases of everything', () => assert.is(CASES.length, 14));

for (const { options, rates, final } of CASES)
  test(`PyTorch's ${rates.length} steps: ${JSON.stringify(options)}`, () => {
    const first = [-0.5, -0.25, 0, 0.25, 0.5];
    const parts = (values: number[]) =>
      new Map([
        ['a', Float64Array.from(values.slice(0, 3))],
        ['b', Float64Array.from(values.slice(3))],
      ]);
    const parameters = parts(first);
    const optimizer = new Optimizer64(options);
    const schedule = resolveSchedule(options.schedule);
    rates.forEach((rate, t) => {
      near(learningRate64(options, t), rate, `rate of step ${t}`);
      near(options.lr * rateFactor(schedule, t), rate, `the host's rate of step ${t}`);
      optimizer.step(parameters, parts(first.map((_, i) => ((i + 1) / 3) * Math.sin(1 + 1.7 * t + 0.9 * i))));
    });
    [...parameters.values()]
      .flatMap((values) => [...values])
      .forEach((value, i) => {
        near(value, final[i] ?? Number.NaN, `number ${i}`);
      });
  });

test.run();
