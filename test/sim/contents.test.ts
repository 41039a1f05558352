import { expect, test } from 'vitest';
import { encodeLogs, encodeTraces, logsOf, otlpAttributes, tracesOf } from '../support/otlp.ts';
import { createWriter } from '../support/sentences.ts';
import { normal } from '../support/synthetic.ts';
import { World } from '../support/world.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const paneMs = 5 * minuteMs;
const startMs = 20_000 * 24 * hourMs;
const rowsPerPane = 60;

const yaml = `
data_dir: none
references: { learn: { rows: 1000, at_least: 3h } }
windows: { tick: 10s }
alerting:
  defaults: { group_wait: 30s, group_interval: 5m, repeat_interval: 30d }
  channels: [{ name: hook, type: webhook, url: "http://127.0.0.1:9/hook", secrets: ["whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="] }]
  route: { channels: [hook] }
`;

/** Feeds one request per pane through the receiver, and returns the signals that were alarmed about, quiet time apart. */
async function live(options: {
  readonly seed: number;
  readonly quietHours: number;
  readonly changedHours: number;
  readonly path: '/v1/traces' | '/v1/logs';
  readonly bodyOf: (world: World, atMs: number, isChanged: boolean) => Uint8Array;
  readonly crashAtHour?: number;
}) {
  const world = new World({
    seed: options.seed,
    startMs,
    yaml,
    weather: { refused: 0, lostBefore: 0, lostAfter: 0 },
  });
  await world.start();
  const changeMs = startMs + options.quietHours * hourMs;
  const head = {
    method: 'POST',
    path: options.path,
    headers: { 'content-type': 'application/x-protobuf' },
  };
  for (let atMs = startMs; atMs < changeMs + options.changedHours * hourMs; atMs += paneMs) {
    if (options.crashAtHour !== undefined && atMs === startMs + options.crashAtHour * hourMs)
      await world.start();
    const answer = await world.agent.otlp.handle(head, options.bodyOf(world, atMs, atMs >= changeMs));
    expect(answer.status).toBe(200);
    await world.clock.advanceTo(atMs + paneMs);
  }
  await world.clock.advanceTo(world.clock.nowMs() + 2 * paneMs);
  const signalsOf = (isMeant: (atMs: number) => boolean) =>
    new Set(world.heard.filter((one) => isMeant(one.atMs)).flatMap((one) => one.signals));
  return {
    world,
    before: signalsOf((atMs) => atMs < changeMs),
    after: signalsOf((atMs) => atMs >= changeMs),
  };
}

const hex = (value: number, length: number) => value.toString(16).padStart(length, '0');

function chats(world: World, atMs: number, answerOf: (i: number) => string): Uint8Array {
  const write = createWriter(world.random);
  const spans = Array.from({ length: rowsPerPane }, (_, i) => {
    const timeMs = atMs + i * 1_000;
    const id = Math.floor(world.random.next() * 2 ** 48);
    const messages = [{ role: 'user', parts: [{ type: 'text', content: write.question() }] }];
    const output = [
      { role: 'assistant', parts: [{ type: 'text', content: answerOf(i) }], finish_reason: 'stop' },
    ];
    return {
      traceId: hex(id, 32),
      spanId: hex(id, 16),
      name: 'chat gpt-4o-mini',
      startTimeUnixNano: `${timeMs}000000`,
      endTimeUnixNano: `${timeMs + 500}000000`,
      attributes: otlpAttributes({
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': 'openai',
        'gen_ai.request.model': 'gpt-4o-mini',
        'gen_ai.response.finish_reasons': ['stop'],
        // Half of the clients send JSON in a string, the others the structure itself.
        'gen_ai.input.messages': i % 2 === 0 ? JSON.stringify(messages) : messages,
        'gen_ai.output.messages': i % 2 === 0 ? JSON.stringify(output) : output,
      }),
    };
  });
  return encodeTraces(tracesOf(spans));
}

test.each([
  ['half of the answers are in German', 'english', 'german', 'output.answer.language'],
  ['half of the answers are refusals', 'english', 'refusal', 'output.answer.refusal'],
  ['half of the answers that should be JSON are cut', 'json', 'cut', 'output.answer.json_valid'],
] as const)('%s: found, and nothing before', async (_what, usual, changed, signal) => {
  const { before, after, world } = await live({
    seed: 11,
    quietHours: 6,
    changedHours: 1.5,
    path: '/v1/traces',
    bodyOf: (at, atMs, isChanged) => {
      const write = createWriter(at.random);
      const answerOf = (kind: typeof usual | typeof changed) =>
        kind === 'cut' ? write.json().slice(0, -10) : write[kind]();
      return chats(at, atMs, (i) => answerOf(isChanged && i % 2 === 0 ? changed : usual));
    },
  });
  expect([...before]).toEqual([]);
  expect([...after]).toContain(signal);
  expect(world.meter.value('dropped')).toBe(0);
  expect(world.meter.value('malformed_values')).toBe(0);
  expect(world.meter.value('internal_errors')).toBe(0);
});

const dimension = 48;

/** Vectors around one of a few topics, as embeddings of texts lie. */
function embeddings(world: World, atMs: number, topics: readonly number[]): Uint8Array {
  const records = Array.from({ length: rowsPerPane }, (_, i) => {
    const topic = topics[Math.floor(world.random.next() * topics.length)] as number;
    const vector = Array.from(
      { length: dimension },
      (_entry, place) => (place % 8 === topic ? 1 : 0) + 0.5 * normal(world.random),
    );
    return {
      timeUnixNano: `${atMs + i * 1_000}000000`,
      eventName: 'ml.prediction',
      attributes: otlpAttributes({
        'ml.model.name': 'router',
        'ml.prediction.id': `${atMs}-${i}`,
        'ml.prediction.score': world.random.next(),
        'ml.feature.age': 90 * world.random.next(),
        ...(i % 2 === 0 ? { 'ml.feature.question': vector } : { 'ml.embedding.question': vector }),
      }),
    };
  });
  return encodeLogs(logsOf(records));
}

test('embeddings move to a new topic: found, and nothing before; a crash in between changes nothing', async () => {
  const { before, after, world } = await live({
    seed: 5,
    quietHours: 8,
    changedHours: 1.5,
    crashAtHour: 6,
    path: '/v1/logs',
    bodyOf: (at, atMs, isChanged) => embeddings(at, atMs, isChanged ? [0, 1, 2, 7, 7] : [0, 1, 2]),
  });
  expect([...before]).toEqual([]);
  expect([...after]).toContain('input.question.nearest_distance');
  expect([...after]).not.toContain('input.age');
  expect(world.meter.value('dropped')).toBe(0);
  expect(world.meter.value('malformed_values')).toBe(0);
  expect(world.meter.value('internal_errors')).toBe(0);
});
