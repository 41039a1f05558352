import { Fields } from '../../core/fields.ts';
import type { Call } from '../../core/observation.ts';

type FieldValue = number | string | null;

/** Fields from a plain object: numbers, levels, and null for missing. */
export function fieldsOf(values: Readonly<Record<string, FieldValue>>): Fields {
  const fields = new Fields();
  for (const [name, value] of Object.entries(values)) {
    if (value === null) fields.addMissing(name);
    else if (typeof value === 'number') fields.addNumber(name, value);
    else fields.addLevel(name, value);
  }
  return fields;
}

/** A prediction with every field filled in; `id` 0 means no id. */
export function callOf(
  over: Partial<Omit<Call, 'inputs' | 'outputs'>> & {
    readonly inputs?: Readonly<Record<string, FieldValue>>;
    readonly outputs?: Readonly<Record<string, FieldValue>>;
    readonly id?: number;
  } = {},
): Call {
  const { inputs = {}, outputs = {}, id = 0, ...rest } = over;
  return {
    kind: 'prediction',
    idHigh: id === 0 ? 0 : 1,
    idLow: id,
    timeMs: 0,
    model: 'm',
    version: '1',
    environment: 'prod',
    provider: '',
    role: 'champion',
    latencyMs: Number.NaN,
    firstTokenMs: Number.NaN,
    cost: undefined,
    tokens: undefined,
    result: 'ok',
    traceId: () => '',
    transactionId: '',
    root: false,
    weight: 1,
    weightKnown: 'exact',
    convention: 'ml',
    ...rest,
    inputs: fieldsOf(inputs),
    outputs: fieldsOf(outputs),
  };
}
