// What a step's gradients, which are those of a scaled loss, come to.

struct Scaling {
  factor: f32,    // what each is multiplied by: undoes the scale, and clips
  overflow: u32,  // 1: one of them is infinite or not a number, and none is to be used
}
