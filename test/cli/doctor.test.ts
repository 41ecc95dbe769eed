// harness/doctor.js as its users start it, on this very machine. Made-up machines are in test/unit/programs/doctor.test.ts.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { runProgram } from '../support/programs/programs.js';

const doctor = (...args: string[]) => runProgram('harness/doctor.js', args);

test('this machine: its adapters, and a product that is right', () => {
  const { status, out } = doctor();
  assert.is(status, 0);
  assert.match(out, /^system {4}linux x64, .*glibc \d/);
  assert.match(out, /^(adapters)? +SwiftShader.*\(swiftshader, vulkan\)\n {12}binds \d+ MiB, buffers of \d+ MiB, /m);
  assert.match(
    out,
    /^matmul {4}256x256x256 is right in every variant; the fastest, matmul_\w+\S*: [\d.e+]+ GFLOP\/s$/m,
  );
  assert.match(out, /\nTraining runs on .*\.\n$/);
});

test('--json: the same for programs', () => {
  const { status, out } = doctor('--json');
  assert.is(status, 0);
  const { platform, adapters, product, missing, drivers } = JSON.parse(out);
  assert.is(platform, 'linux');
  assert.ok(
    adapters.some(
      ({ kind, features }: { kind: string; features: string[] }) =>
        kind === 'swiftshader' && features.includes('subgroups'),
    ),
  );
  assert.ok(product.gflops > 0);
  assert.ok(Array.isArray(missing) && Array.isArray(drivers));
});

test('--help, and a flag that is none', () => {
  assert.match(doctor('--help').out, /--json +print everything/);
  const { status, err } = doctor('--jsn');
  assert.equal([status, err], [2, 'error: --jsn: unknown; did you mean --json? See --help\n']);
});

test.run();
