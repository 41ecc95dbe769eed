// What changes from step to step is data, never part of a pipeline.  Host: src/train/step/step-state.ts

// Written by the host, between submits only.
struct Settings {
  key: vec2u,              // the seed, as Philox's key
  examples: u32,           // images in the resident dataset
  batch: u32,              // images in a full batch
  learning_rate: f32,      // before the schedule's factor
  beta1: f32,
  beta2: f32,              // Adam's; RMSprop's alpha
  one_minus_beta1: f32,    // from the host's f64: 1 - f32(0.999) would be off by 1e-5
  one_minus_beta2: f32,
  log_beta1: f32,          // beta^t = exp(t log beta)
  log_beta2: f32,
  epsilon: f32,
  momentum: f32,           // SGD's and RMSprop's
  weight_decay: f32,
  clip_norm: f32,          // the largest norm of all gradients together
  schedule: u32,           // an index into SCHEDULES of src/model/learning-rate.ts
  schedule_steps: u32,     // of a step schedule: between two changes; of a cosine: to its end
  log_schedule_factor: f32,  // factor^n = exp(n log factor)
  schedule_floor: f32,     // what a cosine falls to, as a share of learning_rate
  warmup: u32,             // steps in which the learning rate rises
  kl_warmup: u32,          // steps in which the KL term's weight rises
  mean: u32,               // 1: gradients are those of the mean over the batch's images; 0: of the sum
  reconstruction_weight: f32,
  kl_weight: f32,          // before progress.kl_factor
  // Or of a quantised code's commitment: no model has both.
  l1_weight: f32,
  sparsity_weight: f32,
}

// Which step comes next: advanced by the GPU itself at the end of each (lib/step/finish_step.wgsl), so that many steps go in one
// submit. Only the first and the last dispatch of a step look at it.
struct Counters {
  step: u32,   // steps done
  epoch: u32,  // from 0
  start: u32,  // position in the epoch of the next batch's first row
  loss_scale: f32,  // what gradients are multiplied by on their way back; 1 unless they are stored as f16
  good: u32,        // steps since it changed whose gradients were finite
  skipped: u32,     // steps that updated nothing, because a gradient was not finite
}

// What follows from the counters for this step: written by its first dispatch (gather.wgsl), read by the others.
struct Progress {
  step: u32,         // steps done before this one
  rows: u32,         // rows of this batch that hold an image; the last batch of an epoch may be short
  rate_factor: f32,  // of settings.learning_rate, by the schedule
  kl_factor: f32,    // of settings.kl_weight, by its warm-up
  row_scale: f32,    // how much one image counts in the gradients: 1, or 1 / rows
  loss_scale: f32,   // counters.loss_scale
  updates: u32,      // updates done before this step's
}
