// The set-up of a small screen: folded until somebody asks for it, as the map is what they came for.
import { button, byId, setText } from '../../dom.js';

export function foldSetup(): void {
  const setup = byId('setup');
  const fold = button('fold', () => {
    const open = setup.classList.toggle('open');
    fold.setAttribute('aria-expanded', String(open));
    setText(fold, open ? 'Hide' : 'Show');
  });
}
