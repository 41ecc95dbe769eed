// Part of the end of a step: gradients are not scaled.

fn adjust_loss_scale() {}
