import type { Convention, Item, KeyRegistry, Sink } from '../../conventions/convention.ts';
import type { Call } from '../../core/observation.ts';
import type { Meter } from '../../core/ports.ts';

/** `service.name` of our own telemetry: rows that say so are ignored, or watching ourselves would never end. */
export const ownServiceName = 'kedge';

export interface NormaliserOptions {
  readonly conventions: readonly Convention[];
  readonly keys: KeyRegistry;
  readonly meter: Meter;
  /** How many rows one stands for whose texts and vectors are read; 0: they are not. */
  readonly contentWeight: (item: Item) => number;
  /** Called synchronously; the call's fields are valid only until it returns. */
  readonly onCall: (call: Call) => void;
}

/** Asks the conventions in order of rank; `true`: one of them knew the item. A convention that throws is counted. */
export function createNormaliser(options: NormaliserOptions): (item: Item) => boolean {
  const { keys, meter } = options;
  const serviceName = keys.key('service.name');
  const readers = [...options.conventions]
    .sort((a, b) => a.rank - b.rank)
    .map((convention) => convention.create(keys));
  const sink: Sink = {
    call: options.onCall,
    contentWeight: options.contentWeight,
    malformed: (reason, count) => meter.add('malformed_values', count, { reason }),
  };
  return (item) => {
    if (item.resource.text(serviceName) === ownServiceName) {
      meter.add('dropped', 1, { reason: 'own_telemetry' });
      return true;
    }
    try {
      return readers.some((read) => read(item, sink));
    } catch {
      meter.add('internal_errors', 1, { stage: 'normalise' });
      return false;
    }
  };
}
