// What the page of harness/web says of each kind of model: a sentence, and three more that unfold; and so of each panel.
import fs from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { EXPLANATIONS } from '../../../harness/web/explanations.js';
import { PRESETS } from '../../../harness/web/setup.js';

const sentences = (text: string): string[] => text.split(/(?<=[.!?])\s+(?=[A-Z])/);

test('each kind has a sentence and three more', () => {
  assert.equal(Object.keys(EXPLANATIONS), [...PRESETS]);
  for (const kind of PRESETS) {
    const { sentence, more } = EXPLANATIONS[kind];
    assert.is(sentences(sentence).length, 1, sentence);
    assert.is(sentences(more).length, 3, more);
    for (const one of [sentence, more]) assert.match(one, /^[A-Z].*\.$/);
  }
});

test('each panel says what it is', () => {
  const html = fs.readFileSync('harness/web/index.html', 'utf8');
  const panels = html.slice(html.indexOf('<div class="panels">'), html.indexOf('</main>'));
  // But for the tables in a panel, and the sentence above all panels that says what is happening.
  const sections = panels.split(/<section id=(?!"(?:now|[^"]*-table)")/).slice(1);
  assert.is(sections.length, 9);
  for (const section of sections) {
    const name = section.slice(0, 20);
    assert.match(section, /<summary>What is this\?<\/summary>/, name);
    const texts = [...section.matchAll(/<details class="what">.*?<\/details>/gs)].flatMap(([text]) => [
      ...text.matchAll(/<p[^>]*>([^<]+)<\/p>/g),
    ]);
    assert.is(sentences(texts.at(-1)?.[1] ?? '').length, 3, name);
  }
});

test.run();
