// One invocation an element for element-wise kernels: WORKGROUP lanes, workgroups along x and, past 65,535, along y.
// Host: linearGrid() in src/kernels/kernel.ts

override WORKGROUP: u32;

fn linear_index(workgroup: vec3u, groups: vec3u, lane: u32) -> u32 {
  return (workgroup.y * groups.x + workgroup.x) * WORKGROUP + lane;
}
