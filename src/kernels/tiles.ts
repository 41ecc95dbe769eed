// The one shader that draws instead of computing; src/gpu/draw.ts runs it.
export { default as tilesSource } from '../../shaders/tiles.wgsl';
