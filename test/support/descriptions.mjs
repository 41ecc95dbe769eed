// A plugin of TypeDoc: what is exported needs a sentence that says what it is, not only tags such as @throws. What has no
// comment at all TypeDoc tells by itself (validation.notDocumented).
// @ts-check
import { Application, ReflectionKind } from 'typedoc';

const KINDS =
  ReflectionKind.CallSignature |
  ReflectionKind.GetSignature |
  ReflectionKind.Interface |
  ReflectionKind.Class |
  ReflectionKind.TypeAlias |
  ReflectionKind.Variable |
  ReflectionKind.Property;

/** @param {Application} app */
export function load(app) {
  app.on(Application.EVENT_VALIDATE_PROJECT, (project) => {
    for (const reflection of project.getReflectionsByKind(KINDS)) {
      const { comment } = reflection;
      if (comment?.inheritedFromParentDeclaration) continue;
      const said = comment?.summary.some(({ text }) => text.trim() !== '');
      if (comment && !said) app.logger.validationWarning(`${reflection.getFullName()} has tags, but no description`);
    }
  });
}
