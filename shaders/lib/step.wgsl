// What changes from step to step is data, never part of a pipeline.  Host: src/train/step-state.ts

// Written by the host, between submits only.
struct Settings {
  key: vec2u,              // the seed, as Philox's key
  examples: u32,           // images in the resident dataset
  batch: u32,              // images in a full batch
  learning_rate: f32,
  beta1: f32,
  beta2: f32,
  one_minus_beta1: f32,    // from the host's f64: 1 - f32(0.999) would be off by 1e-5
  one_minus_beta2: f32,
  log_beta1: f32,          // beta^t = exp(t log beta)
  log_beta2: f32,
  epsilon: f32,
  reconstruction_weight: f32,
  kl_weight: f32,
  l1_weight: f32,
  sparsity_weight: f32,
}

// Advanced by the GPU itself at the end of every step (finish_step.wgsl), so that many steps go in one submit.
struct Progress {
  step: u32,     // steps done before this one
  epoch: u32,    // from 0
  start: u32,    // position in the epoch of this batch's first row
  rows: u32,     // rows of this batch that hold an image; the last batch of an epoch may be short
}
