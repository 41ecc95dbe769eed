// Several programs' times in turn: A B C A B C ..., so that what else the machine does falls on all of them alike, and the
// ratios of neighbours. Knows neither what they compute nor where.
import { type Spread, spreadOf } from './statistics.js';

export interface Contestant {
  name: string;
  /** Milliseconds a step, measured now. */
  time(): Promise<number>;
}

export interface ContestResult {
  name: string;
  /** One entry a round. */
  samples: number[];
  ms: Spread;
  /** Times of the first contestant's, round by round: 2 takes twice as long. 1 for the first itself. */
  ratio: Spread;
}

/**
 * @param contestants the first is what the others are compared with
 * @param onTurn told before each turn: who, and which turn of how many (from 1)
 */
export async function contest(
  contestants: readonly Contestant[],
  rounds: number,
  onTurn: (name: string, turn: number, turns: number) => void = () => undefined,
): Promise<ContestResult[]> {
  const samples = contestants.map((): number[] => []);
  let turn = 0;
  for (let round = 0; round < rounds; round++)
    for (const [index, { name, time }] of contestants.entries()) {
      onTurn(name, ++turn, rounds * contestants.length);
      samples[index]?.push(await time());
    }
  const ours = samples[0] ?? [];
  return contestants.map(({ name }, index) => {
    const own = samples[index] ?? [];
    const ratios = own.map((ms, round) => ms / (ours[round] ?? Number.NaN));
    return { name, samples: own, ms: spreadOf(own), ratio: spreadOf(ratios) };
  });
}
