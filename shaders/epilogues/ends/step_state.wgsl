// Goes before an end that looks at the step, where the epilogue itself does not.
#include "lib/step/step.wgsl"

@group(0) @binding(BINDING_SETTINGS) var<uniform> settings: Settings;
@group(0) @binding(BINDING_PROGRESS) var<uniform> progress: Progress;
