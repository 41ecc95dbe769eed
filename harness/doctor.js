// What does this machine train on, and what is missing for its GPU? `--help` lists the flags. A thin program: what is looked
// at, what follows from it and how it is told are in harness/lib/doctor/.
// @ts-check
import * as harness from '#harness';

await harness.runProgram(async () => {
  const options = harness.readDoctorOptions(process.argv.slice(2));
  if (!options) return harness.print(harness.doctorHelp());
  const machine = process.platform === 'linux' ? harness.lookAround() : undefined;
  const findings = machine ? harness.adviceFor(machine) : [];
  const trial = await harness.tryAdapters();
  const { platform, arch } = process;
  const all = { platform, arch, versions: harness.versions(), ...machine, ...trial, missing: findings };
  harness.print(options.json ? JSON.stringify(all, null, 2) : harness.doctorText(machine, trial, findings));
  return trial.failure === undefined ? 0 : 1;
});
