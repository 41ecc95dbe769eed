// End of an epilogue that adds up a term of the loss and the gradient of a learned log_sigma: the first stage of both, in a
// fixed order. lib/step/finish_step.wgsl does the second of the loss, sum_parts.wgsl that of the gradient.
//   -> losses, sigma_parts [workgroups]
#include "lib/reduce.wgsl"

@group(0) @binding(BINDING_LOSSES) var<storage, read_write> losses: array<f32>;
@group(0) @binding(BINDING_SIGMA_PARTS) var<storage, read_write> sigma_parts: array<f32>;

var<private> loss_sum: f32;  // of the elements that this lane has stored
var<private> sigma_sum: f32;

fn add_sigma_gradient(value: f32) {
  sigma_sum += value;
}

fn end_epilogue(tile: u32, lane: u32) {
  let loss = reduce_sum(lane, loss_sum);
  let sigma = reduce_sum(lane, sigma_sum);
  if (lane == 0u) {
    losses[tile] = loss;
    sigma_parts[tile] = sigma;
  }
}
