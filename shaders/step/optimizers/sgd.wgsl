// Stochastic gradient descent: w -= lr g; with momentum w -= lr velocity, which the file of that name says.
// Source: torch.optim.SGD.

fn begin_update() {}

fn update(at: u32, gradient: Number) {
  w[at] -= learning_rate() * velocity(at, penalized(gradient, at));
}
