// host time a submit, and steps/s of a tiny model
import { createModel, createTrainer, digits, openDevice, vae } from './dist/node.js';
const d = await openDevice({ adapter: process.argv[2] ?? 'lavapipe' });
const m = await createModel(d, vae({ hidden: [16], latent: 2 }));
const t = await createTrainer(m, digits({ train: 640, test: 64 }), { batch: 64 });
for await (const _ of t.train({ epochs: 5 }));
const rates = [], hosts = [];
const s = t.stepper ?? t.parts.stepper;
for (let r = 0; r < 7; r++) {
  let n = 0; const pend = [];
  const t0 = performance.now(); let host = 0;
  for (let i = 0; i < 60; i++) { const a = performance.now(); pend.push(s.submit(1)); host += performance.now() - a; if (pend.length >= 2) await pend.shift().sums; }
  for (const p of pend) await p.sums;
  rates.push(60000 / (performance.now() - t0)); hosts.push(1000 * host / 60);
}
const med = (x) => x.sort((a, b) => a - b)[3];
console.log('steps/s one a submit', med(rates).toFixed(0), 'host us a submit', med(hosts).toFixed(0));
d.dispose();
