declare module '*.wgsl' {
  const source: import('./shader.js').ShaderSource;
  export default source;
}
