#!/usr/bin/env node
// The command `latentgpu` of the npm package: `latentgpu train ...` is train.js beside this file, and so on. It does nothing
// of its own but `--help`, `--version` and to refuse what is no command.
// @ts-check
import * as harness from '#harness';

const START = {
  train: () => import('./train.js'),
  generate: () => import('./generate.js'),
  score: () => import('./score.js'),
  inspect: () => import('./inspect.js'),
  export: () => import('./export.js'),
  profile: () => import('./profile.js'),
  bench: () => import('./bench.js'),
  doctor: () => import('./doctor.js'),
};

/** @type {keyof typeof START | undefined} */
let program;
await harness.runProgram(async () => {
  const command = harness.readCommand(process.argv[2]);
  if (command === 'help') return harness.print(harness.latentgpuHelp());
  if (command === 'version') return harness.print(harness.versions().latentgpu);
  program = command;
  return 0;
});
if (program !== undefined) {
  process.argv.splice(2, 1); // a program's arguments begin where they do when it is started by itself
  await START[program]();
}
