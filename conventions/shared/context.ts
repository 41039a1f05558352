import type { Call } from '../../core/observation.ts';
import type { Item, KeyRegistry, Sink } from '../convention.ts';

/** What every vocabulary says about a call in the same attributes. */
export interface ContextReader {
  /** Resource first, else the record itself; '' where neither says. */
  environment(item: Item): string;
  /** Champion where nothing is said. A role that is none of ours is counted as malformed (type). */
  role(item: Item, sink: Sink): Call['role'];
  /** The business transaction, '' where none is named. */
  transaction(item: Item): string;
}

export function createContextReader(keys: KeyRegistry): ContextReader {
  const environmentName = keys.key('deployment.environment.name');
  const environmentOld = keys.key('deployment.environment');
  const role = keys.key('ml.deployment.role');
  const transaction = keys.key('ml.transaction.id');
  return {
    environment: ({ resource, attributes }) =>
      resource.text(environmentName) ||
      resource.text(environmentOld) ||
      attributes.text(environmentName) ||
      attributes.text(environmentOld),
    role: ({ attributes }, sink) => {
      if (attributes.kind(role) === 'absent') return 'champion';
      const text = attributes.text(role);
      if (text === 'champion' || text === 'challenger' || text === 'canary' || text === 'shadow') return text;
      sink.malformed('type', 1);
      return 'champion';
    },
    transaction: ({ attributes }) => attributes.text(transaction),
  };
}
