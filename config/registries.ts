import type { ActionAdapter } from '../alerts/action.ts';
import type { Channel } from '../alerts/channel.ts';
import type { Detector } from '../detectors/detector.ts';

/** What the file may name by type. The schema is a pure function of these lists. */
export interface Registries {
  readonly detectors: readonly Detector[];
  readonly channels: readonly Channel[];
  readonly actions: readonly ActionAdapter[];
}
