// The rate of counts from its logarithm: exp, finite for every x.

const EXP_MOST = 20.0;  // of src/model/spec.ts

fn rate_of(x: Number) -> Number {
  return exp(min(x, Number(EXP_MOST)));
}
