// kill -9 at 50 seeded random moments of a run that writes a checkpoint every few steps: each time it goes on, and in the end
// its files are those of a run that nobody disturbed, byte for byte.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { inspect } from 'node:util';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { uniformAt } from '../../src/random.js';
import { ADAPTER, writeBars } from '../support/programs/programs.js';
import { sameResults, train } from '../support/training/killed-runs.js';

const KILLS = 50;
/** A kill comes at most so long after a checkpoint is there. */
const LATEST_MS = 400;

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'latentgpu-kill-'));
const data = path.join(scratch, 'data');
writeBars(data);

test(`${KILLS} kills at random moments`, async () => {
  const at = (name: string) => path.join(scratch, name);
  const args = ['--adapter', ADAPTER, '--data', data, '--hidden', '6', '--latent', '3', '--batch', '8', '--seed', '5'];
  const more = ['--checkpoint-every', '3', '--validation', '0.2', '--epochs', '200'];
  await train([...args, ...more, '--out', at('whole')], at('whole'));
  let kills = 0;
  for (let round = 0; kills < KILLS; round++) {
    const folder = at(`killed-${round}`);
    let again = [...args, ...more, '--out', folder];
    for (;;) {
      const after = kills < KILLS ? Math.round(uniformAt(7, 99, round, kills) * LATEST_MS) : undefined;
      const { killed, err } = await train(again, folder, after);
      if (!killed) {
        assert.is(err, '', `after ${kills} kills, the last ${inspect(after)} ms after a checkpoint`);
        break;
      }
      kills++;
      again = ['--resume', folder];
    }
    sameResults(folder, at('whole'));
    const left = fs.readdirSync(folder, { recursive: true, encoding: 'utf8' });
    assert.equal(
      left.filter((name) => /\.part$|\.lock$/.test(name)),
      [],
      'nothing is left over',
    );
  }
});

test.after(() => fs.rmSync(scratch, { recursive: true, force: true }));
test.run();
