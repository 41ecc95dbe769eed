// What an example's samples count in the importance-weighted bound, log(1/K sum of w): w / sum of w.
// The including file has distance and ratio [batch * samples], and settings and progress.
// Source: Burda et al. 2016, "Importance Weighted Autoencoders", equation 8.
#include "lib/losses/row_weight.wgsl"

struct LogWeights {
  greatest: f32,   // of log w: exp of what is left cannot overflow
  log_total: f32,  // log of the sum of exp(log w - greatest)
}

// log w of a sample: log p(x|z), less a constant that all have, and log p(z) - log q(z|x).
fn log_weight(at: u32) -> f32 {
  return term_weight(settings, progress, TERM_KL) * ratio[at]
    - term_weight(settings, progress, TERM_RECONSTRUCTION) * distance[at];
}

// Of the samples of example `row`.
fn log_weights_of(row: u32) -> LogWeights {
  let first = row * sizes.samples;
  var greatest = log_weight(first);
  for (var sample = 1u; sample < sizes.samples; sample++) {
    greatest = max(greatest, log_weight(first + sample));
  }
  var total = 0.0;
  for (var sample = 0u; sample < sizes.samples; sample++) {
    total += exp(log_weight(first + sample) - greatest);
  }
  return LogWeights(greatest, log(total));
}

// log of what sample `at` counts
fn log_share(at: u32, of_example: LogWeights) -> f32 {
  return log_weight(at) - of_example.greatest - of_example.log_total;
}
