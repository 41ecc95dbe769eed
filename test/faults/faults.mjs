// The faults that plant.mjs plants: one place of one file each, as a slip of the hand would leave it. `search` stands in the
// file once; `tests` are those that should see the fault, the likeliest first. Every shader and every pass of the plan has one.
// @ts-check

/**
 * @typedef {object} Fault
 * @property {string} file
 * @property {string} search
 * @property {string} replace
 * @property {string} what
 * @property {string[]} tests 'TIER/NAME'
 * @property {string} [equivalent] why no test can see it, here or at all
 */

/**
 * @param {string} file in shaders/, without .wgsl
 * @param {string} what
 * @param {string} search
 * @param {string} replace
 * @param {...string} tests
 * @returns {Fault}
 */
const shader = (file, what, search, replace, ...tests) => ({
  file: `shaders/${file}.wgsl`,
  what,
  search,
  replace,
  tests,
});

/** @type {typeof shader} */
const source = (file, what, search, replace, ...tests) => ({ file: `src/${file}.ts`, what, search, replace, tests });

const BARRIER = '\n  workgroupBarrier();';

const IN_STEP = 'a race that software adapters hide: they run all lanes of a workgroup up to the same place';

/** @type {Fault[]} */
const SHADERS = [
  shader('activation', 'off by one', 'activate(x[at])', 'activate(x[at + 1u])', 'kernel/elementwise'),
  shader('activation_gradient', 'sum for product', 'dy[at] *', 'dy[at] +', 'kernel/elementwise'),
  shader('add', 'wrong sign', 'a[at] + b[at]', 'a[at] - b[at]', 'kernel/elementwise'),
  shader('add_bias', 'swapped index', 'at % sizes.columns', 'at / sizes.columns', 'kernel/elementwise'),
  shader('add_bias', 'dropped bias', '+ bias[at', '+ 0.0 * bias[at', 'kernel/elementwise'),
  shader('batch_mean', 'last row left out', 'row < progress.rows', 'row + 1u < progress.rows', 'kernel/sparsity'),
  shader('batch_mean_gradient', 'a row too many', '< progress.rows)', '<= progress.rows)', 'kernel/sparsity'),
  shader('bce_with_logits', 'swapped', '(logits[at], targets[at])', '(targets[at], logits[at])', 'kernel/loss'),
  shader('bce_with_logits_gradient', 'swapped index', 'at / sizes.pixels', 'at % sizes.pixels', 'kernel/loss'),
  shader('bernoulli_kl', 'one row for all', 'loss[workgroup.x]', 'loss[0]', 'kernel/sparsity'),
  shader('bernoulli_kl_gradient', 'last for sum', 'weights += weight', 'weights = weight', 'kernel/sparsity'),
  shader('ceilings/copy', 'copies the first', 'source[i]', 'source[0]', 'kernel/ceilings'),
  shader('ceilings/dependent', 'waits for nothing', 'out[0] + 1.0', '1.0', 'kernel/ceilings'),
  shader('ceilings/fma', 'a chain left out', 'c7 = fma', 'c6 = fma', 'kernel/ceilings'),
  shader('ceilings/read', 'last for sum', 'sum += source', 'sum = source', 'kernel/ceilings'),
  shader('ceilings/write', 'half of it', 'i < QUADS', 'i < QUADS / 2u', 'kernel/ceilings'),
  {
    ...shader('ceilings/empty', 'one lane', '@workgroup_size(WORKGROUP)', '@workgroup_size(1)', 'kernel/ceilings'),
    equivalent: 'the kernel does nothing, with any number of lanes: it is there for what a dispatch costs',
  },
  shader('clip_scale', 'last part left out', 'part < sizes.parts', 'part + 1u < sizes.parts', 'kernel/clip'),
  shader('concat', 'off by one at the seam', 'column < sizes.a_columns', 'column <= sizes.a_columns', 'kernel/columns'),
  shader(
    'corrupt',
    'masks the others',
    'select(value, LOW, chance <',
    'select(value, LOW, chance >=',
    'kernel/corrupt',
  ),
  shader('count_not_finite', 'counts the others', 'select(1.0, 0.0', 'select(0.0, 1.0', 'kernel/not-finite'),
  shader('epilogues/activation_gradient', 'slope of another', 'slope(kept[at])', 'slope(value)', 'kernel/matmul'),
  shader('epilogues/numbers/single', 'the first for all', 'at, each[at - column]', 'at, each[0]', 'kernel/loss'),
  shader(
    'epilogues/numbers/quad',
    'a gap that moves',
    'select(vec4f(), values',
    'select(values, values',
    'kernel/optimizer',
  ),
  shader('epilogues/bias_activation', 'dropped bias', 'value + bias[', 'value + 0.0 * bias[', 'kernel/matmul'),
  shader('epilogues/bias_activation_keep', 'kept too early', 'x[at] = sum', 'x[at] = value', 'kernel/matmul'),
  shader('epilogues/plain', 'swapped index', 'number_at(row, column)', 'column * sizes.m + row', 'kernel/matmul'),
  shader('epilogues/ends/finish_step', 'every workgroup', 'tile == 0u', 'tile < 2u', 'train/trainer'),
  shader('epilogues/ends/loss_sum', 'all in one place', 'losses[tile]', 'losses[0]', 'kernel/loss'),
  shader(
    'epilogues/latent_gradient',
    'wrong sign',
    'through_z + through_kl',
    'through_z - through_kl',
    'kernel/latent',
  ),
  shader(
    'epilogues/latent_gradient',
    'labels count',
    'column >= sizes.latent',
    'column > sizes.latent',
    'kernel/latent',
  ),
  shader('epilogues/loss', 'dead rows count', 'row < progress.rows)', 'row <= progress.rows)', 'kernel/loss'),
  shader('epilogues/losses/bce', 'wrong sign', 'sigmoid(x) - wanted', 'wanted - sigmoid(x)', 'kernel/loss'),
  shader('epilogues/losses/gradient', 'all in one place', 'dx[at]', 'dx[0]', 'kernel/loss'),
  shader('epilogues/losses/squared_error', 'slope of another', '(y, x, KEEPS', '(x, y, KEEPS', 'kernel/loss'),
  shader(
    'epilogues/optimizer',
    'the bias on the weight',
    'sizes.bias_at / WIDTH + row',
    'row',
    'train/plan-equivalence',
    'train/pytorch',
  ),
  shader('epilogues/sampled_heads', 'swapped', 'kl_normal(mu, log_var)', 'kl_normal(log_var, mu)', 'kernel/latent'),
  shader('epilogues/sampled_heads', 'one noise for all', 'progress.step, at)', 'progress.step, 0u)', 'kernel/latent'),
  shader(
    'epilogues/weight_gradient',
    'dropped bias',
    'dbias[row] = value',
    'dbias[row] = 0.0 * value',
    'kernel/matmul',
  ),
  shader('finish_step', 'lanes that stay out', 'finish_step(lane);', 'finish_step(0u);', 'kernel/finish-step'),
  shader('gather', 'bytes in the other order', '(8u * (at % 4u))', '(8u * (3u - at % 4u))', 'kernel/gather'),
  shader('gather', 'wrong scale', '/ 255.0', '/ 256.0', 'kernel/gather'),
  shader('gather_labels', 'a row too many', 'row < rows_of_batch(', 'row <= rows_of_batch(', 'kernel/gather'),
  shader('kl_normal', 'off by one', '[mu_at + sizes.latent]', '[mu_at + sizes.latent - 1u]', 'kernel/latent'),
  shader('kl_normal_gradient', 'swapped', 'dheads[mu_at] = gradient.x', 'dheads[mu_at] = gradient.y', 'kernel/latent'),
  shader('l1', 'sign kept', 'abs(z', '(z', 'kernel/sparsity'),
  shader('l1_gradient', 'wrong sign', '* sign(', '* -sign(', 'kernel/sparsity'),
  shader('lib/activation', 'half a slope', '(1.0 - kept) * (1.0 + kept)', '(1.0 - kept)', 'kernel/elementwise'),
  shader('lib/batch_row', 'always the first batch', 'permute(counters.start + row', 'permute(row', 'kernel/gather'),
  shader('lib/bce', 'overflow', 'exp(-abs(l))', 'exp(-l)', 'kernel/loss'),
  shader('lib/bernoulli', 'wrong sign', '- wanted / r;', '+ wanted / r;', 'kernel/sparsity'),
  shader('lib/finite', 'NaN is a number', '(bits & 0x7f800000u)', '(bits & 0x7fffffffu)', 'kernel/not-finite'),
  shader('lib/finish_step', 'an epoch a step too long', 'start >= settings', 'start > settings', 'kernel/finish-step'),
  shader(
    'lib/finish_step',
    'parts of another term',
    'select(sizes.parts_1',
    'select(sizes.parts_0',
    'kernel/finish-step',
  ),
  shader('lib/learning_rate', 'a step late', 'f32(step + 1u) /', 'f32(step) /', 'kernel/progress'),
  shader(
    'lib/linear',
    'one row of workgroups',
    '(workgroup.y * groups.x + workgroup.x)',
    'workgroup.x',
    'kernel/elementwise',
  ),
  shader('lib/log_one_plus', 'wrong coefficient', '1.0 / 9.0', '1.0 / 8.0', 'kernel/elementwise'),
  shader(
    'lib/matmul_operands',
    'mu and log_var swapped',
    'select(0u, sizes.pairs',
    'select(sizes.pairs, 0u',
    'kernel/latent',
  ),
  shader('lib/normal', 'wrong scale', '-2.0 * log', '-1.0 * log', 'kernel/random'),
  shader('lib/normal', 'swapped', '(index & 1u) != 0u', '(index & 1u) == 0u', 'kernel/random'),
  shader('lib/one_minus_exp', 'cancellation', 'a > Number(0.5)', 'a > Number(0.0)', 'kernel/elementwise'),
  shader('lib/optimizer', 'wrong sign', '+ settings.weight_decay', '- settings.weight_decay', 'kernel/optimizer'),
  shader('lib/permutation', 'a round too few', 'round < 8u', 'round < 7u', 'kernel/random'),
  shader('lib/philox', 'a round too few', 'round < 10u', 'round < 9u', 'kernel/random'),
  shader(
    'lib/progress',
    'an image too many',
    'settings.examples - counters.start',
    'settings.batch',
    'kernel/progress',
  ),
  shader('lib/reduce', 'half left out', 'width > 0u', 'width > 1u', 'kernel/loss'),
  shader('lib/reduce', 'skipped barrier, first', `= value;${BARRIER}`, '= value;', 'kernel/loss', 'kernel/finish-step'),
  shader(
    'lib/reduce',
    'skipped barrier, in the tree',
    'workgroupBarrier();  // this level',
    '// this level',
    'kernel/loss',
    'kernel/finish-step',
  ),
  {
    ...shader(
      'lib/reduce',
      'skipped barrier, last',
      `scratch[0];${BARRIER}`,
      'scratch[0];',
      'kernel/loss',
      'kernel/clip',
    ),
    equivalent: IN_STEP,
  },
  shader('lib/row_weight', 'a row too many', 'row < progress.rows', 'row <= progress.rows', 'kernel/loss'),
  shader('lib/sigmoid', 'swapped', 'select(e, Number(1.0)', 'select(Number(1.0), e', 'kernel/elementwise'),
  shader('lib/square_sum', 'wrong scale', '(0x1p-40 * limit)', '(0x1p-41 * limit)', 'kernel/clip'),
  shader(
    'lib/step',
    'swapped fields',
    '  l1_weight: f32,\n  sparsity_weight: f32,',
    '  sparsity_weight: f32,\n  l1_weight: f32,',
    'kernel/loss',
  ),
  shader('lib/turns', 'wrong sign', 'vec2f(-sine, cosine)', 'vec2f(sine, cosine)', 'kernel/random'),
  shader('lib/vae', 'no gradient at the bound', 'log_var > LOG_VAR_HIGH;', 'log_var >= LOG_VAR_HIGH;', 'kernel/latent'),
  shader('lib/vae', 'wrong scale', '0.5 * eps * exp', 'eps * exp', 'kernel/latent'),
  shader(
    'lib/matmul_operands',
    'never the bias gradient',
    'override BIAS_GRADIENT: bool',
    'const BIAS_GRADIENT = false',
    'kernel/matmul',
  ),
  shader('matmul_registers', 'a row for another', 'min(row + 7, last)', 'min(row + 6, last)', 'kernel/matmul'),
  shader('matmul_subgroups', 'a lane for another', '4 + 1], 5 % LANES', '4 + 1], 6 % LANES', 'kernel/matmul'),
  shader('matmul_tiled', 'not transposed', 'rows = transpose(a_block', 'rows = (a_block', 'kernel/matmul'),
  shader('matmul_tiled', 'a group left out', 'other * GROUP', '0 * GROUP', 'kernel/matmul'),
  shader(
    'matmul_tiled',
    'skipped barrier, before reading',
    'own_k, block);\n    }\n    workgroupBarrier();',
    'own_k, block);\n    }',
    'kernel/matmul',
  ),
  shader('optimizer', 'last four left out', 'at < sizes.quads', 'at + 1u < sizes.quads', 'kernel/optimizer'),
  shader('optimizers/adam', 'wrong sign of the decay', 'weight -= rate', 'weight += rate', 'kernel/optimizer'),
  shader('optimizers/adam', 'a step ahead', 'progress.step + 1u', 'progress.step + 2u', 'kernel/optimizer'),
  shader(
    'operands/scalar',
    'not transposed',
    'b[stored_column(column) * sizes.k + k]',
    'b[k * sizes.n + column]',
    'kernel/matmul',
  ),
  shader('operands/scalar', 'one too many at the edge', 'ks < vec4u(sizes.k)', 'ks <= vec4u(sizes.k)', 'kernel/matmul'),
  shader('operands/vec4', 'not transposed', 'return transpose(mat4x4f(b', 'return (mat4x4f(b', 'kernel/matmul'),
  shader('optimizers/clipped', 'not clipped', 'clip * gradient', 'gradient', 'kernel/optimizer'),
  shader('optimizers/momentum', 'no Nesterov', 'direction + settings.momentum * next', 'next', 'kernel/optimizer'),
  shader('optimizers/no_momentum', 'wrong sign', 'return direction', 'return -direction', 'kernel/optimizer'),
  shader('optimizers/unclipped', 'wrong scale', 'return gradient', 'return 0.5 * gradient', 'kernel/optimizer'),
  shader('reparameterize', 'swapped', 'heads[mu_at + sizes.latent]', 'heads[mu_at]', 'kernel/latent'),
  shader(
    'reparameterize_gradient',
    'swapped',
    'dheads[mu_at] = gradient.x',
    'dheads[mu_at] = gradient.y',
    'kernel/latent',
  ),
  shader(
    'optimizers/rmsprop',
    'epsilon in the root',
    '(sqrt(square) + settings.epsilon)',
    'sqrt(square + settings.epsilon)',
    'kernel/optimizer',
  ),
  shader('row_weight', 'last row left out', 'row < sizes.count', 'row + 1u < sizes.count', 'kernel/loss'),
  shader('optimizers/sgd', 'wrong sign', 'w[at] -=', 'w[at] +=', 'kernel/optimizer'),
  shader('slice_columns', 'from the first', '+ sizes.first_column +', '+', 'kernel/columns'),
  shader('square_sums', 'last four left out', 'at < sizes.quads', 'at + 1u < sizes.quads', 'kernel/clip'),
  shader('squared_error', 'wrong sign', 'y[at] - targets', 'y[at] + targets', 'kernel/loss'),
  shader('squared_error_gradient', 'wrong scale', '2.0 * weight', 'weight', 'kernel/loss'),
  shader('sum_rows', 'last row left out', 'row < sizes.rows', 'row + 1u < sizes.rows', 'kernel/elementwise'),
  shader(
    'tiles',
    'swapped index',
    'pixel.y) * tiles.width + pixel.x',
    'pixel.x) * tiles.width + pixel.y',
    'browser/session',
    'browser/page-training',
  ),
];

/** @type {Fault[]} */
const PASSES = [
  source(
    'plan/call',
    'swapped',
    'b.shape, transposeA, transposeB',
    'b.shape, transposeB, transposeA',
    'unit/plan',
    'train/family-pytorch',
    'train/pytorch',
  ),
  source(
    'plan/check',
    'half the weights',
    'const count = bytes / F32_BYTES',
    'const count = bytes / 2 / F32_BYTES',
    'unit/plan',
    'train/model',
    'train/trainer',
  ),
  source(
    'plan/fuse',
    'an output that others need is not kept',
    '&& !context.internal(sum)',
    '&& false',
    'unit/plan',
    'train/plan-equivalence',
  ),
  source(
    'plan/fuse',
    'swapped',
    'kept: context.tensors.of(input(root, 1))',
    'kept: context.tensors.of(input(root, 0))',
    'unit/plan',
    'train/plan-equivalence',
  ),
  source('plan/layout', 'parts at one place', 'row += rows;', '', 'unit/layout'),
  source(
    'plan/lower',
    'what is fused is done once more',
    'for (const covered of call.nodes) done.add(covered);',
    'done.add(node);',
    'unit/plan',
  ),
  source(
    'plan/make',
    'what is asked for is fused away',
    ' && !asked.includes(node)',
    '',
    'unit/plan',
    'train/plan-equivalence',
  ),
  source(
    'plan/make',
    'what an epilogue has updated is updated again',
    '!updated.has(parameter)',
    'true',
    'unit/plan',
    'train/pretrain',
  ),
  source(
    'plan/finish',
    'before all losses are there',
    'index > last &&',
    'index >= 0 &&',
    'unit/plan',
    'train/trainer',
  ),
  source('plan/finish', 'too many buffers', '<= MAX_STORAGE_BUFFERS', '>= 0', 'unit/plan', 'train/trainer'),
  source('plan/waits', 'one run alone', 'run < 2', 'run < 1', 'unit/plan-dispatches'),
  source(
    'plan/memory',
    'two tensors in one place',
    'slot.busyUntil < first - 1',
    'slot.busyUntil < first',
    'unit/memory',
  ),
  source('plan/memory', 'given away too early', 'known.last = index;', '', 'unit/memory'),
  source(
    'plan/schedule',
    'overlap of neighbours',
    'a.place.offset < b.place.offset + b.bytes',
    'a.place.offset <= b.place.offset + b.bytes',
    'unit/plan',
    'unit/memory',
  ),
  source(
    'plan/schedule',
    'written before it is read',
    " || (reads(first) && second.access === 'read_write')",
    '',
    'unit/plan',
    'train/family-pytorch',
    'train/pytorch',
  ),
  source(
    'plan/single',
    'swapped',
    'a: tensors.of(a), b: tensors.of(b), y:',
    'a: tensors.of(b), b: tensors.of(a), y:',
    'unit/plan',
    'train/family-pytorch',
  ),
  source(
    'plan/single',
    'weight of another row',
    'dz: tensors.of(dz), heads: tensors.of(heads)',
    'dz: tensors.of(heads), heads: tensors.of(dz)',
    'unit/plan',
    'train/plan-equivalence',
  ),
  source(
    'plan/tensors',
    'all terms in one place',
    'offset: index * bytes',
    'offset: 0 * bytes',
    'unit/plan',
    'train/plan-equivalence',
  ),
  source('plan/print', 'not aligned', 'cell.padEnd(widths[column] ?? 0)', 'cell', 'unit/plan'),
  source(
    'graph/grad',
    'last for sum',
    "before ? graph.append({ op: 'add' }, [before, gradient], node.label) : gradient",
    'gradient',
    'unit/grad',
  ),
  source(
    'graph/grad',
    'forward order',
    'for (let id = last; id >= 0; id--)',
    'for (let id = 0; id <= last; id++)',
    'unit/grad',
  ),
];

export const FAULTS = [...SHADERS, ...PASSES];

/** Files of declarations alone, where nothing is computed. */
export const WITHOUT = [
  'src/plan/plan.ts',
  'shaders/epilogues/ends/none.wgsl',
  'shaders/epilogues/ends/step_state.wgsl',
  'shaders/epilogues/losses/no_gradient.wgsl',
];
