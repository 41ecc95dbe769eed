// What `import source from '../../shaders/name.wgsl'` gives: the build (build.mjs) expands includes and keeps, for every
// line, the file and line that a person edits.

/** A shader with its includes in place, and where each of its lines comes from. */
export interface ShaderSource {
  /** Path below shaders/ of the file that was imported. */
  file: string;
  /** WGSL text with includes in place. */
  code: string;
  /** Paths below shaders/ of the file and all it includes. */
  files: string[];
  /** For each line of `code`: index into `files`, and the line number there (from 1). */
  origin: [file: number, line: number][];
}
