// The operations of several samples of the code an example, as graph nodes have them: sample k of example e is row e * samples + k.
// Their rules are in importance.ts.
// Source: Burda et al. 2016, "Importance Weighted Autoencoders".
import type { ReconstructionTerm } from '../../model/spec.js';

export type SampleOperation =
  /** [rows, n] -> [rows * times, n]: each row so many times, one after the other. */
  | { op: 'repeat_rows'; times: number }
  /** The reverse, [rows * times, n] -> [rows, n]: the sum of each row's repetitions. */
  | { op: 'sum_repeats'; times: number }
  /**
   * (reconstruction, log ratio, [rows * samples] each) -> [rows * samples]: what each sample counts in the bound, w / sum of w
   * over an example's samples, log w = -(weight of the term) reconstruction + (weight of the KL term) log ratio.
   */
  | { op: 'importance_weights'; samples: number; term: ReconstructionTerm }
  /**
   * (weights, x, [rows * samples] each) -> [rows]: sign times the sum of weight x over an example's samples. Without a gradient of
   * the weights: the whole loss is least for these weights, so it has none (importance.ts).
   */
  | { op: 'sample_mean'; samples: number; sign: 1 | -1 }
  /** (dy [rows], weights [rows * samples]) -> the gradient of x */
  | { op: 'sample_mean_gradient'; samples: number; sign: 1 | -1 }
  /** weights [rows * samples] -> KL(weights || equal ones) [rows], nats: 0 if all count alike, log(samples) if one alone does */
  | { op: 'weight_divergence'; samples: number };
