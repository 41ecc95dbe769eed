// The WGSL behind a dispatch, for people: exactly what a GPU compiles, with the pipeline's constants written into it, and which
// line comes from which file in shaders/. A software adapter gets the same, but for one line: there `sizes` is a uniform.
import { moduleText, originOf } from '../gpu/pipelines.js';
import type { Dispatch } from '../plan/plan.js';

/** Lines `from .. to` of the text are lines `line ..` of `file`. */
export interface LineRange {
  /** First line of the text, from 1. */
  from: number;
  /** Last line of the text. */
  to: number;
  /** "shaders/...", or "header of" the kernel for lines that the host adds. */
  file: string;
  /** In `file`, from 1. */
  line: number;
}

/** WGSL as the device gets it, and where its lines come from. */
export interface ShaderText {
  /** The text. */
  code: string;
  /** In order, without gaps. */
  map: LineRange[];
}

/** The text has a line for each that the device gets: only the values of `override`s are written into it. */
export function shaderText(dispatch: Dispatch): ShaderText {
  const lines = moduleText(dispatch, 'constants').split('\n');
  const code = lines
    .map((line) =>
      line.replace(/^override (\w+): (\w+)( = [^;]+)?;/, (text, name: string, type: string) => {
        const value = dispatch.constants[name];
        return value === undefined ? text : `override ${name}: ${type} = ${literal(value, type)};`;
      }),
    )
    .join('\n');
  const map: LineRange[] = [];
  for (let line = 1; line <= lines.length; line++) {
    const origin = originOf(dispatch, line);
    const last = map.at(-1);
    if (last && last.file === origin.file && origin.line === last.line + line - last.from) last.to = line;
    else map.push({ from: line, to: line, ...origin });
  }
  return { code, map };
}

function literal(value: number, type: string): string {
  if (type === 'bool') return value === 0 ? 'false' : 'true';
  return type === 'u32' ? `${value}u` : String(value);
}
