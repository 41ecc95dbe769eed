import { openDevice } from './dist/node.js';
const d = await openDevice({ adapter: 'lavapipe' }); const g = d.gpu;
const F = ['internal', 'out-of-memory', 'validation'];
for (const f of [1, 3]) for (let r = 0; r < 5; r++) {
  const ps = []; const t0 = performance.now(), c0 = process.cpuUsage();
  for (let i = 0; i < 2000; i++) { for (let k = 0; k < f; k++) g.pushErrorScope(F[k]); for (let k = 0; k < f; k++) ps.push(g.popErrorScope()); }
  const t1 = performance.now(); await Promise.all(ps); const c = process.cpuUsage(c0);
  console.log(f, 'filters: sync us', ((t1 - t0) / 2).toFixed(1), 'cpu us in all', ((c.user + c.system) / 2000).toFixed(1));
}
d.dispose();
