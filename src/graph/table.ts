// Every operation's shape rule and gradient rule.
import { DROPOUT } from './dropout.js';
import { NORMALIZATIONS } from './normalization.js';
import { BASIC_OPS, type OpTable } from './ops.js';
import { POOLING } from './pooling.js';

export const OPS: OpTable = { ...BASIC_OPS, ...NORMALIZATIONS, ...DROPOUT, ...POOLING };
