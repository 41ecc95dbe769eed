// A model's step in this engine and in its peers, in turn. Each is checked before it is timed: its first losses, without noise,
// must be this engine's. One that fails is left out.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  type Dataset,
  type Device,
  encodeSafetensors,
  firstImages,
  type HostTensor,
  type Model,
  type ModelSpec,
} from 'latentgpu/node';
import { versions } from '../report/describe.js';
import { imagesFor, withTrainerOf } from './bench-steps.js';
import { type Contestant, contest } from './contest.js';
import { findPeers } from './find-peers.js';
import { PEER_SPECS, type PeerModel } from './peer-models.js';
import { Peer, PeerError, type Ready } from './peer-process.js';
import type { LeftOut, PeerReport } from './report.js';
import { checkedSteps, firstLosses, type Stepper, timedRound } from './steps.js';

export interface PeerOptions {
  adapter: string;
  model: PeerModel;
  batch: number;
  rounds: number;
  /** Steps of a turn at most. */
  steps: number;
}

export interface PeerListener {
  say(line: string): void;
  turn(name: string, turn: number, turns: number): void;
}

/** A program that has been checked and can be timed. */
interface Entrant {
  name: string;
  version: string;
  device: string;
  first: number;
  last: number;
  disagreement: number;
  contestant: Contestant;
}

/** A turn takes about so long: long enough for the clock, short enough for the machine to be the same in the next. */
const TURN_MS = 1500;
const LEAST_STEPS = 2;
/** Images that all train on. */
const IMAGES = 1024;

const stepsOfTurn = (ms: number, most: number) => Math.max(LEAST_STEPS, Math.min(most, Math.round(TURN_MS / ms)));

export async function benchPeers(device: Device, options: PeerOptions, listener: PeerListener): Promise<PeerReport> {
  const { model, batch, rounds } = options;
  const spec = PEER_SPECS[model];
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'latentgpu-bench-'));
  const images = imagesFor([{ batch: Math.max(IMAGES, batch), width: 1 }]);
  const file = path.join(folder, 'images.u8');
  fs.writeFileSync(file, images.train.pixels);
  const files = {
    images: file,
    spec: path.join(folder, 'spec.json'),
    weights: path.join(folder, 'weights.safetensors'),
  };
  fs.writeFileSync(files.spec, JSON.stringify(spec));
  const peers: Peer[] = [];
  try {
    const parameters = await withTrainerOf(device, spec, images, { batch }, (trainer) => trainer.model.parameters());
    fs.writeFileSync(files.weights, encodeSafetensors(parameters));
    const agreed = await quietLosses(device, spec, images, batch, parameters);
    const { commands, leftOut } = findPeers({ ...options, ...files }, (line) => listener.say(line));
    const entrants: Entrant[] = [];
    for (const command of commands) {
      listener.say(`start      ${command.name}: its first steps are checked`);
      const started = await leavingOut(leftOut, command.name, () =>
        Peer.start(command, { pixels: spec.inputs, agreed }),
      );
      if (!started) continue;
      peers.push(started.peer);
      entrants.push(entrantOf(command.name, started.peer, started.ready, agreed, options.steps));
    }
    return await withTrainerOf(device, spec, images, { batch }, (trainer) =>
      trainer.lend(async (stepper) => {
        const ours = await ownEntrant(stepper, device, trainer.model.spec.inputs, options.steps);
        const all = [ours, ...entrants];
        const turns = await contest(
          all.map(({ contestant }) => contestant),
          rounds,
          (name, turn, of) => listener.turn(name, turn, of),
        );
        const results = turns.map((result, index) => {
          const { version = '', device: where = '', first = 0, last = 0, disagreement = 0 } = all[index] ?? {};
          return { ...result, version, device: where, loss: { first, last }, disagreement };
        });
        return { model, batch, rounds, results, leftOut };
      }),
    );
  } finally {
    for (const peer of peers) peer.end();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

async function ownEntrant(stepper: Stepper, device: Device, pixels: number, most: number): Promise<Entrant> {
  const { losses, ms } = await checkedSteps(stepper, pixels);
  const count = stepsOfTurn(ms, most);
  const entrant: Entrant = {
    name: 'latentgpu',
    version: versions().latentgpu,
    device: device.adapter.name,
    first: losses[0] ?? Number.NaN,
    last: losses.at(-1) ?? Number.NaN,
    disagreement: 0,
    contestant: {
      name: 'latentgpu',
      time: async () => {
        const timed = await timedRound(stepper, count, ms);
        entrant.last = timed.last;
        return timed.ms;
      },
    },
  };
  return entrant;
}

/** Of log variances: a code's noise has a deviation of exp(-10) then, which no loss shows. The peers' programs have it, too. */
const QUIET_LOG_VAR = -20;

/** The losses of the first steps without noise, all on the first batch: what those of each peer must be. */
async function quietLosses(
  device: Device,
  spec: ModelSpec,
  images: Dataset,
  batch: number,
  initial: Awaited<ReturnType<Model['parameters']>>,
): Promise<number[]> {
  const parameters = new Map(initial);
  const { shape, values } = parameters.get('log_var.bias') as HostTensor;
  parameters.set('log_var.bias', { shape, values: new Float32Array(values.length).fill(QUIET_LOG_VAR) });
  const one = { ...images, train: firstImages(images.train, batch) };
  return withTrainerOf(device, spec, one, { batch, parameters }, (trainer) => trainer.lend(firstLosses));
}

function entrantOf(
  name: string,
  peer: Peer,
  { version, device, agreed, losses, ms }: Ready,
  ours: readonly number[],
  most: number,
): Entrant {
  const count = stepsOfTurn(ms, most);
  const entrant: Entrant = {
    name,
    version,
    device,
    first: losses[0] ?? Number.NaN,
    last: losses.at(-1) ?? Number.NaN,
    disagreement: Math.max(...ours.map((own, step) => Math.abs((agreed[step] ?? Number.NaN) - own) / own)),
    contestant: {
      name,
      time: async () => {
        const timed = await peer.time(count);
        entrant.last = timed.loss;
        return timed.ms;
      },
    },
  };
  return entrant;
}

async function leavingOut<T>(leftOut: LeftOut[], what: string, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof PeerError)) throw error;
    leftOut.push({ what, why: error.message });
    return undefined;
  }
}
