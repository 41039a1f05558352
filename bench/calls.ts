import { createHash } from 'node:crypto';
import protobuf from 'protobufjs';
import { registries } from '../agent/agent.ts';
import { createNormaliser } from '../agent/pipeline/normalise.ts';
import { createReader } from '../agent/receivers/wire/reader.ts';
import type { Fields } from '../core/fields.ts';
import type { Call } from '../core/observation.ts';
import type { Meter } from '../core/ports.ts';
import { otlpSchema } from '../test/support/otlp.ts';

export type Signal = 'traces' | 'logs';

/** Counts nothing: what is measured here is reading. */
export const silentMeter: Meter = { add() {}, set() {}, observe() {}, clear() {} };

/** What the agent does with a body before it counts: our reader and all conventions. Throws where it is refused. */
export function createKedgeDecoder(
  onCall: (call: Call) => void,
): (body: Uint8Array, signal: Signal) => number {
  const reader = createReader();
  const { conventions } = registries;
  const visit = createNormaliser({
    conventions,
    keys: reader.keys,
    meter: silentMeter,
    contentWeight: () => 1,
    onCall,
  });
  return (body, signal) => {
    const read = signal === 'traces' ? reader.readTraces : reader.readLogs;
    const result = read(body, 'protobuf', 0, visit);
    if (!result.ok) throw new Error(`our reader refused a body: ${result.message}`);
    return result.counts.items;
  };
}

// What a schema made at run time decodes has no type of its own.
// biome-ignore lint/suspicious/noExplicitAny: see above
type Loose = any;

const { root } = protobuf.parse(otlpSchema, { keepCase: false });
const requests = { traces: root.lookupType('TracesRequest'), logs: root.lookupType('LogsRequest') };

/** Decoding alone, as protobufjs generates it; nothing is taken out of the objects. */
export function decodeWithProtobufjs(body: Uint8Array, signal: Signal): Loose {
  return requests[signal].decode(body);
}

/** A digest of all calls of a body, by the agent's own code. */
export function digestByKedge(body: Uint8Array, signal: Signal): string {
  const texts: string[] = [];
  createKedgeDecoder((call) => texts.push(textOf({ ...call, traceId: call.traceId(), ...fieldsOf(call) })))(
    body,
    signal,
  );
  return digest(texts);
}

/** The same from protobufjs's objects, in plain code that shares nothing with the agent but the form of the text. */
export function digestByProtobufjs(body: Uint8Array, signal: Signal): string {
  const message = decodeWithProtobufjs(body, signal);
  const groups: Loose[] = signal === 'traces' ? message.resourceSpans : message.resourceLogs;
  const calls = groups.flatMap((group: Loose) => {
    const environment = String(mapOf(group.resource.attributes).get('deployment.environment.name'));
    const scopes: Loose[] = signal === 'traces' ? group.scopeSpans : group.scopeLogs;
    return scopes
      .flatMap((scope: Loose) =>
        signal === 'traces' ? scope.spans.flatMap(spanCalls) : scope.logRecords.flatMap(logCalls),
      )
      .map((call: PlainCall) => textOf({ ...call, environment }));
  });
  return digest(calls);
}

function digest(texts: readonly string[]): string {
  return `${texts.length} calls, sha256 ${createHash('sha256').update(texts.join('\n')).digest('hex')}`;
}

type PlainCall = Pick<Call, 'model' | 'version' | 'timeMs' | 'latencyMs' | 'result' | 'root' | 'kind'> & {
  readonly traceId: string;
  readonly tokens: Pick<NonNullable<Call['tokens']>, 'input' | 'output'> | undefined;
  readonly inputValues: readonly string[];
  readonly outputValues: readonly string[];
};

function textOf(call: PlainCall & { readonly environment: string }): string {
  const { kind, model, version, environment, result, traceId, root: isRoot, tokens } = call;
  const numbers = [call.timeMs, call.latencyMs].map((ms) => ms.toFixed(3));
  const counts = tokens === undefined ? [] : [tokens.input, tokens.output];
  const about = [kind, model, version, environment, result, traceId, isRoot, ...numbers, ...counts];
  return [...about, ...call.inputValues, '→', ...call.outputValues].join('|');
}

function fieldsOf(call: Call): Pick<PlainCall, 'inputValues' | 'outputValues'> {
  const values = (fields: Fields) =>
    Array.from({ length: fields.size }, (_, i) => {
      const value = fields.kind(i) === 'number' ? fields.number(i) : fields.levels[i];
      return `${fields.names[i]}=${fields.kind(i)}:${value}`;
    });
  return { inputValues: values(call.inputs), outputValues: values(call.outputs) };
}

function spanCalls(span: Loose): PlainCall[] {
  const attributes = mapOf(span.attributes);
  const about = {
    timeMs: Number(span.startTimeUnixNano) / 1e6,
    latencyMs: Number(BigInt(String(span.endTimeUnixNano)) - BigInt(String(span.startTimeUnixNano))) / 1e6,
    result: 'ok',
    traceId: Buffer.from(span.traceId).toString('hex'),
    root: span.parentSpanId.length === 0,
  } as const;
  if (attributes.get('ml.operation.name') !== undefined) {
    const features = [...attributes].filter(([key]) => key.startsWith('ml.feature.'));
    const inputValues = features.map(([key, value]) => fieldText(key.slice('ml.feature.'.length), value));
    return [{ ...about, ...tabularParts(attributes), inputValues }];
  }
  if (attributes.get('gen_ai.operation.name') !== 'chat') return [];
  const version = String(attributes.get('gen_ai.response.model'));
  const reasons = attributes.get('gen_ai.response.finish_reasons') as readonly string[];
  const tokens = {
    input: Number(attributes.get('gen_ai.usage.input_tokens')),
    output: Number(attributes.get('gen_ai.usage.output_tokens')),
  };
  const model = String(attributes.get('gen_ai.request.model'));
  const outputValues = [fieldText('finish_reason', reasons[0])];
  return [{ kind: 'inference', ...about, model, version, tokens, inputValues: [], outputValues }];
}

function logCalls(log: Loose): PlainCall[] {
  const attributes = mapOf(log.attributes);
  const about = {
    timeMs: Number(log.timeUnixNano) / 1e6,
    result: 'ok',
    traceId: Buffer.from(log.traceId).toString('hex'),
    root: false,
  } as const;
  const parts = tabularParts(attributes);
  if (log.eventName === 'ml.prediction') {
    const features = attributes.get('ml.input.features') as ReadonlyMap<string, unknown>;
    const inputValues = [...features].map(([name, value]) => fieldText(name, value));
    const latencyMs = Number(attributes.get('ml.inference.duration')) * 1_000;
    return [{ ...about, ...parts, latencyMs, inputValues }];
  }
  const body = plain(log.body) as ReadonlyMap<string, ReadonlyMap<string, readonly unknown[]>>;
  const columns = [...(body.get('features') ?? [])];
  const scores = body.get('prediction')?.get('score') ?? [];
  return scores.map((score, row) => ({
    ...about,
    ...parts,
    latencyMs: Number.NaN,
    inputValues: columns.map(([name, values]) => fieldText(name, values[row])),
    outputValues: [fieldText('score', score)],
  }));
}

function tabularParts(attributes: ReadonlyMap<string, unknown>) {
  const outputs = ['score', 'decision'].filter((name) => attributes.has(`ml.prediction.${name}`));
  return {
    kind: 'prediction',
    model: String(attributes.get('ml.model.name')),
    version: String(attributes.get('ml.model.version')),
    tokens: undefined,
    outputValues: outputs.map((name) => fieldText(name, attributes.get(`ml.prediction.${name}`))),
  } as const;
}

function fieldText(name: string, value: unknown): string {
  return `${name}=${typeof value === 'number' ? 'number' : 'level'}:${value}`;
}

function mapOf(attributes: readonly Loose[]): Map<string, unknown> {
  return new Map(attributes.map(({ key, value }) => [key, plain(value)]));
}

/** An AnyValue of protobufjs as a plain value: 64-bit integers are objects there. */
function plain(value: Loose): unknown {
  switch (value.value) {
    case 'intValue':
      return Number(String(value.intValue));
    case 'arrayValue':
      return value.arrayValue.values.map(plain);
    case 'kvlistValue':
      return mapOf(value.kvlistValue.values);
    default:
      return value[value.value];
  }
}
