// By which variant each matmul of a run is computed: pinned by a file or by the run that goes on, timed, remembered from an
// earlier timing, or the adapter's default. One line says which.
import fs from 'node:fs';
import {
  ArgumentError,
  type Device,
  type MatmulChoice,
  type MatmulVariants,
  type ModelSpec,
  type NumberType,
  type TuneReport,
  tuneMatmuls,
  tuningFile,
} from 'latentgpu/node';
import type { TuningOptions } from '../options/tuning-options.js';
import type { Report } from '../report/report.js';

/** Names the one folder that is remembered in; empty: nothing is remembered. The tests set it. */
const FOLDER_VARIABLE = 'LATENTGPU_TUNING_CACHE';

export interface VariantsWanted {
  device: Device;
  spec: ModelSpec;
  batch: number;
  options: TuningOptions & { precision?: NumberType };
  report: Pick<Report, 'say' | 'warn'>;
}

/** @throws ArgumentError if the file that --variants names has none */
export async function chooseVariants({
  device,
  spec,
  batch,
  options,
  report,
}: VariantsWanted): Promise<MatmulVariants> {
  if (options['no-tune']) return {};
  if (options.variants !== undefined) {
    const variants = readVariants(options.variants);
    report.say(`variants  of ${options.variants}: ${counted(Object.values(variants))}`);
    return variants;
  }
  const folder = process.env[FOLDER_VARIABLE];
  const cache =
    folder === ''
      ? undefined
      : tuningFile({ ...(folder && { folders: [folder] }), onIgnored: (line) => report.warn(line) });
  const again = options.retune ?? false;
  const onlyCached = !options.tune && !again;
  if (onlyCached && !cache) return {};
  const { precision = 'f32' } = options;
  const tuned = await tuneMatmuls(device, spec, { batch, precision, onlyCached, again, ...(cache && { cache }) });
  for (const { shape, candidate, reason } of tuned.refused)
    report.warn(`matmul ${shape}: variant ${candidate} is refused: ${reason}`);
  if (tuned.choices.some(({ from }) => from !== 'default')) report.say(tuningLine(tuned));
  return tuned.variants;
}

/** tuning    17 matmuls: 14 subgroups:8, 3 subgroups:4; 42.1 ms a step, 47 by default; 3 timed in 14.2 s, 14 remembered */
export function tuningLine({ choices, ms }: TuneReport): string {
  const from = (wanted: MatmulChoice['from']) => choices.filter((choice) => choice.from === wanted).length;
  const [timed, remembered, rest] = [from('timed'), from('cache'), from('default')];
  const step = (time: (choice: MatmulChoice) => number | undefined) =>
    Number((choices.reduce((sum, choice) => sum + choice.calls * (time(choice) ?? 0), 0) / 1000).toPrecision(3));
  const how = [
    timed > 0 ? `${timed} timed in ${(ms / 1000).toFixed(1)} s` : '',
    remembered > 0 ? `${remembered} remembered` : '',
    rest > 0 ? `${rest} not timed` : '',
  ].filter(Boolean);
  const times = `${step(({ us }) => us)} ms a step, ${step(({ defaultUs }) => defaultUs)} by default`;
  return `tuning    ${counted(choices.map(({ variant }) => variant))}; ${times}; ${how.join(', ')}`;
}

/** 17 matmuls: 14 subgroups:8, 3 subgroups:4 */
function counted(variants: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const variant of variants) counts.set(variant, (counts.get(variant) ?? 0) + 1);
  const most = [...counts].sort(([, a], [, b]) => b - a).map(([variant, count]) => `${count} ${variant}`);
  return `${variants.length} matmul${variants.length === 1 ? '' : 's'}: ${most.join(', ')}`;
}

/** What they are is checked by createModel. */
function readVariants(file: string): MatmulVariants {
  const must = 'must be a run.json, or a JSON file with the "variants" of one';
  let content: unknown;
  try {
    content = JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new ArgumentError(`--variants ${file} cannot be read (${(cause as Error).message}), ${must}; name another`, {
      cause,
    });
  }
  const { variants = content } = (content ?? {}) as { variants?: unknown };
  const entries = typeof variants === 'object' && variants !== null ? Object.entries(variants) : [];
  if (entries.length === 0 || !entries.every(([, text]) => typeof text === 'string'))
    throw new ArgumentError(`--variants ${file} has no variants, ${must}; name another`);
  return variants as MatmulVariants;
}
