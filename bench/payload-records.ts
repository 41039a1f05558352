import { seededRandom } from '../agent/adapters/seeded-random.ts';
import {
  type OtlpAttribute,
  type OtlpLogRecord,
  type OtlpSpan,
  otlpAttributes,
} from '../test/support/otlp.ts';
import { startMark, textMark, traceMarkHex } from './stamps.ts';

/** Chance from a seed, in the shapes that telemetry has. */
export class Chance {
  readonly #next: () => number;

  constructor(seed: number) {
    this.#next = seededRandom(seed).next;
  }

  /** A whole number from `low` to `high`, both included. */
  whole(low: number, high: number): number {
    return low + Math.floor(this.#next() * (high - low + 1));
  }

  real(low: number, high: number): number {
    return low + this.#next() * (high - low);
  }

  /** Standard normal, by Box and Muller. */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.#next())) * Math.cos(2 * Math.PI * this.#next());
  }

  pick<Value>(values: readonly Value[]): Value {
    return values[this.whole(0, values.length - 1)] as Value;
  }

  hex(bytes: number): string {
    let text = '';
    for (let i = 0; i < bytes; i++) text += this.whole(0, 255).toString(16).padStart(2, '0');
    return text;
  }

  words(lengthMin: number, lengthMax: number): string {
    const length = this.whole(lengthMin, lengthMax);
    let text = '';
    while (text.length < length) text += `${this.pick(vocabulary)} `;
    return text.slice(0, length);
  }
}

const vocabulary =
  'the customer asked whether her loan could be moved to a lower rate after the second year and which documents would be needed for it please answer in short sentences with one example per case thank you'.split(
    ' ',
  );

/** Spans of one trace, in the sets of language models: the last one is its root. */
const callsPerTrace = 4;

interface SpanParts {
  readonly name: string;
  readonly kind: number;
  readonly traceId: string;
  readonly isRoot: boolean;
  readonly durationMs: number;
  readonly attributes: Readonly<Record<string, unknown>>;
}

function spanOf(chance: Chance, parts: SpanParts): OtlpSpan {
  return {
    traceId: parts.traceId,
    spanId: chance.hex(8),
    ...(parts.isRoot ? {} : { parentSpanId: chance.hex(8) }),
    name: parts.name,
    kind: parts.kind,
    startTimeUnixNano: startMark,
    // The stamp adds the start to it. Whole microseconds: what is finer would be lost in a double.
    endTimeUnixNano: String(Math.round(parts.durationMs * 1e3) * 1e3),
    attributes: attributesOf(parts.attributes),
    status: {},
  };
}

/** Every measured number is a double, as most SDKs send them; only what is given as `Whole` is an int. */
class Whole {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

function attributesOf(values: Readonly<Record<string, unknown>>): OtlpAttribute[] {
  return Object.entries(values).flatMap(([key, value]) => {
    if (typeof value === 'number') return [{ key, value: { doubleValue: value } }];
    return otlpAttributes({ [key]: value instanceof Whole ? value.value : value });
  });
}

function traceId(chance: Chance): string {
  return traceMarkHex + chance.hex(8);
}

const purposes = ['car', 'house', 'education', 'business', 'other'];
const regions = ['north', 'south', 'east', 'west'];
const homes = ['own', 'rent', 'mortgage'];

/** The row of a credit-risk model: 17 numbers, 5 of them whole, and 3 levels. */
export function creditRow(chance: Chance): Readonly<Record<string, number | Whole | string>> {
  const income = Math.exp(10.5 + 0.6 * chance.normal());
  return {
    income,
    loan_amount: income * chance.real(0.1, 2),
    interest_rate: 3 + Math.abs(chance.normal()) * 2,
    debt_to_income: chance.real(0, 0.9),
    credit_utilization: Math.min(1, Math.abs(chance.normal()) / 2),
    account_balance: chance.normal() * 2_000 + 1_500,
    monthly_payment: chance.real(50, 2_500),
    months_employed: chance.real(0, 400),
    external_score: 600 + 80 * chance.normal(),
    savings_ratio: chance.real(0, 0.5),
    distance_km: Math.exp(2 + chance.normal()),
    session_seconds: Math.exp(4 + chance.normal()),
    age: new Whole(chance.whole(18, 80)),
    open_accounts: new Whole(chance.whole(0, 20)),
    late_payments: new Whole(Math.max(0, chance.whole(-5, 4))),
    term_months: new Whole(chance.pick([12, 24, 36, 48, 60])),
    dependants: new Whole(chance.whole(0, 5)),
    purpose: chance.pick(purposes),
    region: chance.pick(regions),
    home: chance.pick(homes),
  };
}

/** 26 attributes, 18 of them numbers (the score is one). */
export function tabularSpan(chance: Chance): OtlpSpan {
  const features = Object.entries(creditRow(chance)).map(([name, value]) => [`ml.feature.${name}`, value]);
  const score = chance.real(0, 1);
  return spanOf(chance, {
    name: 'predict credit-risk',
    kind: 1,
    traceId: traceId(chance),
    isRoot: false,
    durationMs: chance.real(2, 40),
    attributes: {
      'ml.operation.name': 'predict',
      'ml.model.name': 'credit-risk',
      'ml.model.version': '7.2.0',
      'ml.prediction.id': `${textMark}${chance.hex(4)}`,
      ...Object.fromEntries(features),
      'ml.prediction.score': score,
      'ml.prediction.decision': score > 0.7 ? 'refuse' : 'approve',
    },
  });
}

/** The same row as a log event with its features in a map. */
export function tabularLog(chance: Chance): OtlpLogRecord {
  const score = chance.real(0, 1);
  const attributes = attributesOf({
    'ml.model.name': 'credit-risk',
    'ml.model.version': '7.2.0',
    'ml.prediction.id': `${textMark}${chance.hex(4)}`,
    'ml.inference.duration': chance.real(0.002, 0.04),
    'ml.prediction.score': score,
    'ml.prediction.decision': score > 0.7 ? 'refuse' : 'approve',
  });
  const features = { kvlistValue: { values: attributesOf(creditRow(chance)) } };
  return {
    timeUnixNano: startMark,
    eventName: 'ml.prediction',
    traceId: traceId(chance),
    spanId: chance.hex(8),
    attributes: [...attributes, { key: 'ml.input.features', value: features }],
  };
}

/** One log event of many rows in columns: 24 numeric features and a score. */
export function batchLog(chance: Chance, rows: number): OtlpLogRecord {
  const column = (make: () => number) => ({
    arrayValue: { values: Array.from({ length: rows }, () => ({ doubleValue: make() })) },
  });
  const features = Array.from({ length: 24 }, (_, i) => ({
    key: `feature_${i}`,
    value: column(() => (i + 1) * chance.normal() + i),
  }));
  return {
    timeUnixNano: startMark,
    eventName: 'ml.prediction.batch',
    traceId: traceId(chance),
    spanId: chance.hex(8),
    attributes: attributesOf({
      'ml.model.name': 'credit-risk',
      'ml.model.version': '7.2.0',
      'ml.batch.size': new Whole(rows),
    }),
    body: {
      kvlistValue: {
        values: [
          { key: 'features', value: { kvlistValue: { values: features } } },
          {
            key: 'prediction',
            value: { kvlistValue: { values: [{ key: 'score', value: column(() => chance.real(0, 1)) }] } },
          },
        ],
      },
    },
  };
}

const answeredModels: Readonly<Record<string, string>> = {
  'gpt-4o': 'gpt-4o-2024-08-06',
  'gpt-4o-mini': 'gpt-4o-mini-2024-07-18',
};

/** 16 attributes; two of them are messages of 1–2 and 0.4–1.6 KB. */
export function llmSpan(chance: Chance, trace: string, isRoot: boolean): OtlpSpan {
  const model = chance.pick(Object.keys(answeredModels));
  const message = (role: string, text: string) =>
    JSON.stringify([{ role, parts: [{ type: 'text', content: text }] }]);
  return spanOf(chance, {
    name: `chat ${model}`,
    kind: 3,
    traceId: trace,
    isRoot,
    durationMs: chance.real(300, 4_000),
    attributes: {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': model,
      'gen_ai.request.temperature': chance.real(0, 1),
      'gen_ai.request.top_p': 0.95,
      'gen_ai.request.max_tokens': new Whole(1_024),
      'gen_ai.response.model': answeredModels[model],
      'gen_ai.response.id': `chatcmpl-${chance.hex(14)}`,
      'gen_ai.response.finish_reasons': [chance.pick(['stop', 'stop', 'stop', 'length'])],
      'gen_ai.usage.input_tokens': new Whole(chance.whole(250, 600)),
      'gen_ai.usage.output_tokens': new Whole(chance.whole(80, 400)),
      'gen_ai.conversation.id': `conv-${chance.hex(12)}`,
      'server.address': 'api.openai.com',
      'server.port': new Whole(443),
      'gen_ai.input.messages': message('user', chance.words(1_000, 2_000)),
      'gen_ai.output.messages': message('assistant', chance.words(400, 1_600)),
    },
  });
}

/** Calls of one trace after another. */
export function llmSpans(chance: Chance, count: number): OtlpSpan[] {
  let trace = '';
  return Array.from({ length: count }, (_, i) => {
    if (i % callsPerTrace === 0) trace = traceId(chance);
    return llmSpan(chance, trace, i % callsPerTrace === callsPerTrace - 1);
  });
}

/** 12 attributes of a request that called no model: most of what a collector sends. */
export function httpSpan(chance: Chance): OtlpSpan {
  return spanOf(chance, {
    name: 'GET /api/orders/:id',
    kind: 2,
    traceId: traceId(chance),
    isRoot: true,
    durationMs: chance.real(1, 200),
    attributes: {
      'http.request.method': chance.pick(['GET', 'POST']),
      'http.route': '/api/orders/:id',
      'http.response.status_code': new Whole(chance.pick([200, 200, 200, 404, 500])),
      'url.path': `/api/orders/${chance.whole(1, 1_000_000)}`,
      'url.scheme': 'https',
      'server.address': 'orders.example.com',
      'server.port': new Whole(443),
      'client.address': `10.${chance.whole(0, 255)}.${chance.whole(0, 255)}.${chance.whole(0, 255)}`,
      'network.protocol.version': '1.1',
      'network.peer.address': `10.0.0.${chance.whole(1, 254)}`,
      'network.peer.port': new Whole(chance.whole(20_000, 60_000)),
      'user_agent.original': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
    },
  });
}
