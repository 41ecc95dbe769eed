// What the model of the set-up is: a drawing of its layers, and its kind in words.
import { byId, setText } from '../dom.js';
import { drawModel, layersOf } from '../drawing/model-drawing.js';
import { EXPLANATIONS } from '../explanations.js';
import type { Runner } from '../run.js';
import type { State } from '../state.js';
import type { Panel } from './panel.js';

export function explainPanel(state: State, runner: Runner): Panel {
  const show = () => {
    const { sentence, more } = EXPLANATIONS[state.setup.preset];
    setText(byId('kind-sentence'), state.worded(sentence));
    setText(byId('kind-more'), state.worded(more));
    if (state.inputs === 0 || !state.model) return;
    try {
      drawModel(byId('model-drawing'), layersOf(runner.modelOf(state.setup, runner.numbers)));
    } catch {
      byId('model-drawing').replaceChildren(); // the page says elsewhere why there is no such model
    }
  };
  state.on('outdated', show);
  return { renew: show };
}
