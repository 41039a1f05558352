import { formatDuration, parseDuration } from '../core/duration.ts';
import { durationAt, refuseUnknown } from './check-tools.ts';
import { defaults } from './defaults.ts';
import type { Examination } from './examination.ts';
import type { Path } from './yaml-source.ts';

interface TimingAbove {
  readonly group_wait: number | undefined;
  readonly group_interval: number | undefined;
  readonly repeat_interval: number | undefined;
}

const timingDefaults = {
  group_wait: defaults.groupWait,
  group_interval: defaults.groupInterval,
  repeat_interval: defaults.repeatInterval,
} as const;
const timingKeys = ['group_wait', 'group_interval', 'repeat_interval'] as const;

export function checkRoutes(examination: Examination): void {
  const channels = examination.named(['alerting', 'channels']).map(({ name }) => name);
  const above = checkTiming(examination, ['alerting', 'defaults'], {
    group_wait: parseDuration(timingDefaults.group_wait),
    group_interval: parseDuration(timingDefaults.group_interval),
    repeat_interval: parseDuration(timingDefaults.repeat_interval),
  });
  const root: Path = ['alerting', 'route'];
  if (examination.at(root) === undefined) return;
  const used = new Set<string>();
  checkRoute(examination, root, channels, above, used);
  if (channels.length > 0 && examination.indices([...root, 'channels']).length === 0) {
    examination.refuse(
      root,
      'the root route names no channel: alerts that no child takes would reach nobody',
    );
  }
  for (const { name, path } of examination.named(['alerting', 'channels'])) {
    if (!used.has(name)) examination.warn(path, `no route uses the channel ${examination.show(path)}`);
  }
}

function checkRoute(
  examination: Examination,
  path: Path,
  channels: readonly string[],
  above: TimingAbove,
  used: Set<string>,
): void {
  for (const i of examination.indices([...path, 'channels'])) {
    const place = [...path, 'channels', i];
    const channel = examination.text(place);
    if (channel === undefined) continue;
    used.add(channel);
    refuseUnknown(examination, place, 'channel', channel, channels);
  }
  const timing = checkTiming(examination, path, above);
  for (const i of examination.indices([...path, 'routes'])) {
    checkRoute(examination, [...path, 'routes', i], channels, timing, used);
  }
}

function checkTiming(examination: Examination, path: Path, above: TimingAbove): TimingAbove {
  const read = (key: (typeof timingKeys)[number]) => {
    const written = examination.at([...path, key]);
    return written === undefined ? above[key] : durationAt(examination, [...path, key], '');
  };
  const here = {
    group_wait: read('group_wait'),
    group_interval: read('group_interval'),
    repeat_interval: read('repeat_interval'),
  };
  for (const [shorter, longer] of [
    ['group_wait', 'group_interval'],
    ['group_interval', 'repeat_interval'],
  ] as const) {
    const [low, high] = [here[shorter], here[longer]];
    if (low === undefined || high === undefined || low <= high) continue;
    const isHere = [shorter, longer].filter((key) => examination.at([...path, key]) !== undefined);
    // Said where one of the two is written; a route that inherits both has been told of above.
    if (isHere[0] === undefined) continue;
    const said = `${shorter} (${formatDuration(low)}) is longer than ${longer} (${formatDuration(high)})`;
    examination.refuse([...path, isHere[0]], said);
  }
  return here;
}
