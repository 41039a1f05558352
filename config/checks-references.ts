import { againstOf, comparisons, needsHours } from '../core/comparison.ts';
import { formatDuration, parseDuration } from '../core/duration.ts';
import { globMatches } from '../core/glob.ts';
import { learnedName } from '../core/reference.ts';
import { durationAt } from './check-tools.ts';
import { defaults } from './defaults.ts';
import type { Examination } from './examination.ts';
import { nearest } from './known-keys.ts';
import type { Registries } from './registries.ts';
import { detectorKeys } from './schema-rules.ts';
import type { Path } from './yaml-source.ts';

/** The ladder of windows knows the hour of the week only with panes of this length. */
const seasonalPaneMs = 300_000;

/** What rules are compared with, where they say so. */
export function checkComparisons(examination: Examination, registries: Registries): void {
  for (const i of examination.indices(['rules'])) {
    const path: Path = ['rules', i, 'against'];
    const text = examination.text(path);
    if (text === undefined) continue;
    const against = againstOf(text);
    if ('name' in against) warnOfUnknown(examination, path, against.name);
    else checkKind(examination, i, text, registries);
  }
}

/** A warning only: a reference may be imported, or learned, after the start. */
function warnOfUnknown(examination: Examination, path: Path, name: string): void {
  const known = [learnedName, ...examination.named(['references', 'files']).map((file) => file.name)];
  if (known.includes(name)) return;
  const near = nearest(name, [...comparisons, ...known]);
  const hint = near === undefined ? `give one of ${comparisons.join(', ')}` : `did you mean "${near}"?`;
  examination.warn(path, `no reference file has the name ${examination.show(path)}; ${hint}`);
}

function checkKind(examination: Examination, rule: number, text: string, registries: Registries): void {
  const path: Path = ['rules', rule, 'against'];
  if (text === 'segment_peer') {
    examination.refuse(
      path,
      'segment_peer is not judged by this version of Kedge: worst_segment compares segments with their peers',
    );
    return;
  }
  const types = detectorKeys(
    examination.at(['rules', rule]),
    registries.detectors.map(({ type }) => type),
  );
  const detector = registries.detectors.find(({ type }) => type === types[0]);
  if (detector !== undefined && !detector.needsReference) {
    const said = `${detector.type} compares with no reference, so against has no meaning here`;
    examination.refuse(path, `${said}; leave it out`);
    return;
  }
  if (text === 'rolling') warnOfRamps(examination, rule);
  if (detector?.ladder === true) checkOnLadder(examination, path, text);
  else if (needsHours(text)) warnOfLongWindow(examination, rule);
}

/** On inputs and outputs a rolling reference learns whatever comes slowly enough. */
function warnOfRamps(examination: Examination, rule: number): void {
  const signal = examination.text(['rules', rule, 'match', 'signal']) ?? '';
  if (
    !['input.x', 'output.x'].some(
      (field) => globMatches(signal, field) || signal.startsWith(field.slice(0, -1)),
    )
  )
    return;
  examination.warn(
    ['rules', rule, 'against'],
    'a rolling reference swallows slow ramps: on inputs and outputs compare with pinned or previous_version as well',
  );
}

function checkOnLadder(examination: Examination, path: Path, text: string): void {
  const pane = durationAt(examination, ['windows', 'pane'], defaults.pane);
  if (text !== 'seasonal' || pane === undefined || pane === seasonalPaneMs) return;
  const said = `drift knows the hour of the week only with windows.pane ${formatDuration(seasonalPaneMs)}`;
  examination.refuse(path, `${said}; this file has ${formatDuration(pane)}`);
}

function warnOfLongWindow(examination: Examination, rule: number): void {
  const window = parseDuration(examination.text(['rules', rule, 'window']) ?? defaults.window);
  const gap = durationAt(examination, ['references', 'rolling', 'gap'], '1d');
  if (window === undefined || gap === undefined || window <= gap) return;
  examination.warn(
    ['rules', rule, 'against'],
    `the window is longer than references.rolling.gap (${formatDuration(gap)}): the gap of this rule is its window`,
  );
}
