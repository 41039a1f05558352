import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { startHttpServer } from '../../../agent/adapters/http-server.ts';
import { memoryLog } from '../../../agent/adapters/memory-log.ts';
import { memoryMeter } from '../../../agent/adapters/memory-meter.ts';
import { nodeDigest } from '../../../agent/adapters/node-digest.ts';
import { openSqliteStore } from '../../../agent/adapters/sqlite-store.ts';
import { createAdmin } from '../../../agent/admin/admin.ts';
import { listVerdicts, showVerdict, type VerdictArgs } from '../../../agent/cli/verdict.ts';
import { recordOf, type VerdictRecord } from '../../../agent/pipeline/verdict-record.ts';
import { encodeJson } from '../../../core/json.ts';
import type { Verdict } from '../../../core/verdict.ts';
import { judgeWindow } from '../../../detectors/ladder/judge-window.ts';

/* `kedge verdict` against a real store and a real admin server. */

const sha256 = (text: string) => nodeDigest().sha256(text);
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A breach of the default rule over two bins of 20, made as the judge makes it. */
function ladderRecord(): VerdictRecord {
  const bins = Array.from({ length: 20 }, (_, j) => (j < 10 ? 40 : 80));
  const input = {
    bins,
    n: 1_200,
    expected: new Array<number>(20).fill(0.05),
    inverseM: 1 / 20_000,
    alpha: 1e-7,
    minEffect: 0.01,
    minRows: 200,
  };
  const found = judgeWindow({
    ...input,
    bins: Float64Array.from(input.bins),
    expected: Float64Array.from(input.expected),
  });
  const verdict: Verdict = {
    status: 'breach',
    statistic: found.psi,
    effect: found.excess,
    threshold: found.psi - found.excess + 0.01,
    ...(found.p === undefined ? {} : { pValue: found.p }),
    size: { reference: 20_000, current: 1_200 },
    reason: 'input.age is higher.',
    evidence: [],
    rule: 'input_drift',
    detector: 'drift',
    series: { model: 'credit', environment: 'prod', version: '2', signal: 'input.age' },
    startMs: 0,
    endMs: 3_600_000,
    referenceId: 'ref_1',
  };
  const alphaOrigin = {
    kind: 'ladder',
    falseAlarms: 1,
    perMs: 2_592_000_000,
    family: 'inputs',
    share: 0.6,
    signals: 1,
    windowLengths: 8,
    looks: 8_640,
    windowMs: 3_600_000,
    caution: 1,
    monthMs: 2_592_000_000,
  } as const;
  return recordOf(
    verdict,
    'breach',
    {
      alphaOrigin,
      replay: { kind: 'ladder', binning: 'ordered', variance: null, clustering: null, ...input },
    },
    sha256,
  );
}

async function storeWith(records: readonly VerdictRecord[]) {
  const folder = mkdtempSync(join(tmpdir(), 'kedge-verdict-'));
  cleanups.push(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'data'));
  const store = await openSqliteStore({
    file: join(folder, 'data', 'kedge.db'),
    log: memoryLog(),
    meter: memoryMeter(),
  });
  await store.commit(records.map((record) => ({ key: `verdict/${record.id}`, value: encodeJson(record) })));
  const config = join(folder, 'kedge.yaml');
  writeFileSync(config, `data_dir: ${join(folder, 'data')}\nadmin: { port: 0 }\n`);
  return { config, store };
}

async function run(command: (write: (text: string) => void) => Promise<number>) {
  const lines: string[] = [];
  const code = await command((text) => lines.push(text));
  return { code, text: lines.join('\n') };
}

test('a stopped agent: its store is read, and the verdict repeats', async () => {
  const record = ladderRecord();
  const { config, store } = await storeWith([record]);
  await store.close();
  const list = await run((write) => listVerdicts({ config }, write));
  expect(list).toMatchObject({ code: 0 });
  expect(list.text).toMatch(
    new RegExp(`^${record.id}  1970-01-01 01:00  breach +input_drift  input.age of credit 2`),
  );
  expect((await run((write) => listVerdicts({ config, model: 'other' }, write))).text).toContain(
    'no verdict is kept',
  );
  const show = await run((write) => showVerdict(record.id, { config }, write));
  expect(show.text).toContain(`statistic  ${record.verdict.statistic}`);
  expect(show.text).toContain('for inputs / (1 signals × 8 window lengths × 8640 looks at 1h)');
  expect(show.text).toContain('with the same numbers to the last bit');
  expect(show.code).toBe(0);
  const json = await run((write) => showVerdict(record.id, { config, json: true }, write));
  expect(JSON.parse(json.text)).toMatchObject({ record, repeated: { outcome: 'equal' } });
});

test('a tampered record is refused with exit code 1', async () => {
  const record = ladderRecord();
  const changed = { ...record, verdict: { ...record.verdict, effect: 0.001 } };
  const { config, store } = await storeWith([changed]);
  await store.close();
  const show = await run((write) => showVerdict(record.id, { config }, write));
  expect(show.code).toBe(1);
  expect(show.text).toContain('REFUSED: the record was changed after it was written');
});

test('a verdict that is not there, and a store that an agent holds: told what to do, exit code 2', async () => {
  const { config, store } = await storeWith([ladderRecord()]);
  cleanups.push(() => store.close());
  const locked = await run((write) => listVerdicts({ config }, write));
  expect(locked).toMatchObject({ code: 2 });
  expect(locked.text).toMatch(/an agent has the store open.*--url/);
  await store.close();
  const missing = await run((write) => showVerdict('vrd_none', { config }, write));
  expect(missing).toMatchObject({ code: 2, text: expect.stringContaining('kedge verdict list') });
  const nowhere = await run((write) => listVerdicts({ config: '/nowhere/kedge.yaml' }, write));
  expect(nowhere).toMatchObject({ code: 2, text: expect.stringContaining('--url') });
});

test('a running agent is asked over its admin port', async () => {
  const record = ladderRecord();
  const server = await startHttpServer({
    host: '127.0.0.1',
    port: 0,
    handler: createAdmin({
      renderMetrics: async () => ({ contentType: 'text/plain', text: '' }),
      health: () => ({}),
      ready: () => ({ ready: true, reasons: [] }),
      status: () => ({}),
      verdicts: () => [],
      verdict: async (id) => (id === record.id ? record : undefined),
      allowedHosts: [],
      meter: memoryMeter(),
    }),
    limits: { connectionsMax: 8, requestsInWorkMax: 8, inflightBytesMax: 1_000_000 },
    onFault: () => {},
  });
  cleanups.push(() => server.close());
  const args: VerdictArgs = { config: '/nowhere', url: `http://127.0.0.1:${server.port}` };
  expect(await run((write) => listVerdicts(args, write))).toEqual({
    code: 0,
    text: 'no verdict is kept (of this kind)',
  });
  const show = await run((write) => showVerdict(record.id, args, write));
  expect(show).toMatchObject({ code: 0, text: expect.stringContaining('to the last bit') });
  expect((await run((write) => showVerdict('vrd_none', args, write))).code).toBe(2);
  await server.close();
  const gone = await run((write) => listVerdicts(args, write));
  expect(gone).toMatchObject({ code: 2, text: expect.stringContaining('does not answer') });
});
