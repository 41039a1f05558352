/**
 * Two services as Kedge sees them: a credit model that sends `ml.prediction` log events, and an assistant that sends
 * OpenTelemetry GenAI spans. Both post real OTLP/JSON to the agent's port. Values come from a seed.
 */

export interface Traffic {
  /** The version of the credit model now deployed. */
  deploy(version: string): void;
  version(): string;
  /** Export requests that were not answered with 200. */
  refused(): number;
  stop(): void;
}

const everyMs = 200;
const predictionsPerBatch = 30;
const conversationsPerBatch = 16;

type Attribute = { key: string; value: Record<string, unknown> };

export function startTraffic(endpoint: string, seed: number): Traffic {
  const random = uniform(seed);
  let version = '1.0.0';
  let refused = 0;
  const post = async (path: string, body: unknown): Promise<void> => {
    try {
      const answer = await fetch(endpoint + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      await answer.arrayBuffer();
      if (answer.status !== 200) refused++;
    } catch {
      refused++;
    }
  };
  const timer = setInterval(() => {
    void post('/v1/logs', predictions(random, version));
    void post('/v1/traces', conversations(random));
  }, everyMs);
  return {
    deploy: (next) => {
      version = next;
    },
    version: () => version,
    refused: () => refused,
    stop: () => clearInterval(timer),
  };
}

/** Version 2.0.0 has a bug that no test of the model found: its service sends debt_to_income in percent. */
function predictions(random: () => number, version: string): unknown {
  const logRecords = Array.from({ length: predictionsPerBatch }, () => {
    const income = Math.exp(10.6 + 0.5 * normal(random));
    const debtToIncome = Math.max(0.01, 0.28 + 0.1 * normal(random));
    const seen = version === '2.0.0' ? debtToIncome * 100 : debtToIncome;
    const score = 1 / (1 + Math.exp(2 - 6 * Math.min(seen, 1) + (income - 45_000) / 40_000));
    return {
      timeUnixNano: nanos(Date.now()),
      eventName: 'ml.prediction',
      attributes: [
        text('ml.model.name', 'credit-risk'),
        text('ml.model.version', version),
        text('ml.prediction.id', `p-${Math.floor(random() * 2 ** 52)}`),
        number('ml.feature.annual_income', income),
        number('ml.feature.debt_to_income', seen),
        number('ml.feature.age', Math.floor(20 + 50 * random())),
        text('ml.feature.purpose', random() < 0.6 ? 'car' : random() < 0.5 ? 'home' : 'education'),
        number('ml.prediction.score', score),
        text('ml.prediction.decision', score > 0.5 ? 'decline' : 'approve'),
        number('ml.inference.duration', 0.003 + 0.002 * random()),
      ],
    };
  });
  return {
    resourceLogs: [
      { resource: service('credit-scoring'), scopeLogs: [{ scope: { name: 'credit' }, logRecords }] },
    ],
  };
}

function conversations(random: () => number): unknown {
  const spans = Array.from({ length: conversationsPerBatch }, () => {
    const startMs = Date.now() - 10;
    const outputTokens = Math.floor(60 + 240 * random());
    return {
      traceId: hex(random, 32),
      spanId: hex(random, 16),
      name: 'chat gpt-4o-mini',
      kind: 3,
      startTimeUnixNano: nanos(startMs),
      endTimeUnixNano: nanos(startMs + 400 + 4 * outputTokens),
      status: {},
      attributes: [
        text('gen_ai.operation.name', 'chat'),
        text('gen_ai.provider.name', 'openai'),
        text('gen_ai.request.model', 'assistant-gpt-4o-mini'),
        text('gen_ai.response.model', 'gpt-4o-mini'),
        number('gen_ai.usage.input_tokens', Math.floor(400 + 900 * random())),
        number('gen_ai.usage.output_tokens', outputTokens),
        {
          key: 'gen_ai.response.finish_reasons',
          value: { arrayValue: { values: [{ stringValue: 'stop' }] } },
        },
      ],
    };
  });
  return {
    resourceSpans: [
      { resource: service('assistant'), scopeSpans: [{ scope: { name: 'assistant' }, spans }] },
    ],
  };
}

function service(name: string) {
  return { attributes: [text('service.name', name), text('deployment.environment.name', 'demo')] };
}

function text(key: string, value: string): Attribute {
  return { key, value: { stringValue: value } };
}

function number(key: string, value: number): Attribute {
  return { key, value: Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value } };
}

function nanos(ms: number): string {
  return `${Math.floor(ms)}000000`;
}

function hex(random: () => number, digits: number): string {
  return Array.from({ length: digits }, () => Math.floor(random() * 16).toString(16)).join('');
}

/** mulberry32: a small generator with a seed. */
function uniform(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Box and Muller. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
