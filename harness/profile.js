// Where does a training step's time go? Times every kernel of it and says what limits it; `--help` lists the flags.
// A thin program: arguments, data and the tables are in harness/lib/, the measuring is the public library.
// @ts-check
import fs from 'node:fs';
import {
  candidatesOn,
  countOf,
  createModel,
  createTrainer,
  measureCeilings,
  openDevice,
  profileMatmul,
  profileTrainer,
  shaderText,
} from 'latentgpu/node';
import * as harness from '#harness';

await harness.runProgram(async (program) => {
  const options = harness.readProfileOptions(process.argv.slice(2));
  if (options.help) return harness.print(harness.profileHelp());
  if (options.compare) return harness.print(compare(options.compare));
  harness.checkOutputs(options);
  const report = new harness.Report({ quiet: options.quiet || options.wgsl !== undefined });
  const withoutFeatures = options.repeat ? ['timestamp-query'] : [];
  if (options.product) return printProduct(options.product, options, report);
  if (options.ceilings) return printCeilings(options.adapter, report);

  const specFor = harness.chosenModel(options);
  const loaded = await harness.loadData(options.data, report, options);
  const dataset = harness.chooseImages(loaded.dataset, options, report);
  report.say(harness.describeData(dataset, loaded.from));
  const spec = specFor(dataset);
  const device = await openDevice({ adapter: options.adapter, withoutFeatures });
  try {
    report.say(harness.describeAdapter(device.adapter));
    harness.tryPrecision(options, device);
    const wanted = harness.trainerOptions(options);
    const batch = wanted.batch ?? Math.min(128, countOf(dataset.train));
    const variants = await harness.chooseVariants({ device, spec, batch, options, report });
    const model = await createModel(device, spec, { seed: options.seed, variants });
    const trainer = await createTrainer(model, dataset, wanted);
    if (options.wgsl !== undefined) return printShader(trainer.plan, options.wgsl);
    report.say(`model     ${harness.describeModel(options, spec)}, batch ${trainer.options.batch}`);
    if (options.kernel !== undefined) harness.dispatchesNamed(trainer.plan, options.kernel);
    program.accepted = true;
    const profile = await profileTrainer(trainer, { steps: options.steps, ceilings: true });
    harness.print(`\n${harness.profileTable(profile, options.kernel)}\n\n${harness.profileSummary(profile)}`);
    write(options.json, profile);
    if (options.trace !== undefined) write(options.trace, harness.traceEvents(profile));
    return 0;
  } finally {
    report.clear();
    device.dispose();
  }
});

/**
 * The table that an autotuner would choose from; 1 if a variant was wrong and therefore not timed.
 * @param {{ m: number, n: number, k: number }} sizes
 * @param {harness.ProfileProgramOptions} options
 * @param {harness.Report} report
 */
async function printProduct(sizes, { adapter, repeat, kernel, precision, json, quiet }, report) {
  const device = await openDevice({ adapter, withoutFeatures: repeat ? ['timestamp-query'] : [] });
  try {
    report.say(harness.describeAdapter(device.adapter));
    const profile = await profileMatmul(device, {
      ...sizes,
      candidates: candidatesOn,
      ...(precision !== undefined && { precision }),
      ...(kernel !== undefined && kernel !== 'matmul' && { first: kernel }),
      ...(!quiet && { onProgress: (next) => harness.print(harness.progressLine(next), process.stderr) }),
    });
    harness.print(`\n${harness.kernelTable(profile)}\n\n${harness.kernelSummary(profile)}`);
    write(json, profile);
    return profile.refused.length > 0 ? 1 : 0;
  } finally {
    device.dispose();
  }
}

/** @param {[string, string]} files */
function compare([before, after]) {
  return harness.compareReports(harness.readReport(before), harness.readReport(after), [before, after]);
}

/** @param {string | undefined} file @param {unknown} content */
function write(file, content) {
  if (file === undefined) return;
  fs.writeFileSync(file, `${JSON.stringify(content)}\n`);
  harness.print(`written to ${file}`);
}

/** @param {string} adapter @param {harness.Report} report */
async function printCeilings(adapter, report) {
  const device = await openDevice({ adapter });
  try {
    report.say(harness.describeAdapter(device.adapter));
    return harness.print(harness.ceilingsText(await measureCeilings(device)));
  } finally {
    device.dispose();
  }
}

/**
 * WGSL that compiles as it stands: what is said about it is comments.
 * @param {import('latentgpu/node').Plan} plan @param {string} name
 */
function printShader(plan, name) {
  const found = harness.dispatchesNamed(plan, name);
  const [dispatch] = found;
  if (dispatch === undefined) return 2;
  const { code, map } = shaderText(dispatch);
  const number = (/** @type {typeof dispatch} */ one) => plan.dispatches.indexOf(one) + 1;
  const others = found.slice(1).map((other) => `${number(other)} (${other.label} ${other.kernel})`);
  return harness.print(
    [
      code.trimEnd(),
      '',
      `// dispatch ${number(dispatch)}: ${dispatch.label} ${dispatch.kernel}; grid ${dispatch.grid.join('x')}`,
      ...map.map(({ from, to, file, line }) => `// lines ${from}-${to}: ${file}:${line}`),
      ...(others.length > 0 ? [`// also named so: ${others.join(', ')}; --wgsl takes the number too`] : []),
    ].join('\n'),
  );
}
