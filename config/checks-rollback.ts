import { globMatches } from '../core/glob.ts';
import { refuseUnknown } from './check-tools.ts';
import type { Examination } from './examination.ts';
import { nearest } from './known-keys.ts';

export function checkRollback(examination: Examination, rules: readonly string[]): void {
  const targets = examination.named(['rollback', 'targets']).map(({ name }) => name);
  for (const i of examination.indices(['rollback', 'policies'])) {
    const path = ['rollback', 'policies', i];
    const target = examination.text([...path, 'target']);
    if (target !== undefined) refuseUnknown(examination, [...path, 'target'], 'target', target, targets);
    for (const j of examination.indices([...path, 'rules'])) {
      const pattern = examination.text([...path, 'rules', j]);
      if (pattern === undefined || rules.some((rule) => globMatches(pattern, rule))) continue;
      const near = nearest(pattern, rules);
      const hint = near === undefined ? `rules: ${rules.slice(0, 20).join(', ')}` : `did you mean "${near}"?`;
      const place = [...path, 'rules', j];
      examination.refuse(place, `no rule has a name that matches ${examination.show(place)}; ${hint}`);
    }
    if (examination.at([...path, 'mode']) === 'auto') {
      examination.warn([...path, 'mode'], 'this policy acts: it calls its target without asking anybody');
    }
  }
}
