import { expect, test } from 'vitest';
import { memoryLog } from '../../../agent/adapters/memory-log.ts';
import { memoryMeter } from '../../../agent/adapters/memory-meter.ts';
import { nodeDigest } from '../../../agent/adapters/node-digest.ts';
import type { AnswerHttp } from '../../../agent/adapters/record-only.ts';
import { type ActOptions, type ActStage, createActStage } from '../../../agent/pipeline/act.ts';
import { webhook } from '../../../alerts/actions/webhook.ts';
import { createAuditLog, emptyHead, verifyChain } from '../../../alerts/audit-chain.ts';
import type { RollbackPolicy, RollbackTarget } from '../../../config/config.ts';
import type { Action } from '../../../core/action.ts';
import type { AlertEvent } from '../../../core/alert.ts';
import type { AuditEntry } from '../../../core/audit.ts';
import { canonicalJson, decodeJson } from '../../../core/json.ts';
import { sha256 } from '../../support/alert-samples.ts';
import { driftOf, minuteMs, sinceMs } from '../../support/notices.ts';
import { answer, bodyOf, createOutboxRig } from '../../support/outbox-rig.ts';

const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const nowMs = sinceMs + 10 * minuteMs;
const url = 'http://deploy.example.com/rollback';

const target: RollbackTarget = {
  name: 'credit',
  model: 'credit-risk',
  environment: 'prod',
  type: 'webhook',
  options: webhook.options.parse({ url }),
};

const policyOf = (over: Partial<RollbackPolicy> = {}): RollbackPolicy => ({
  name: 'credit-back',
  target: 'credit',
  mode: 'auto',
  rules: ['error*', 'drift'],
  minSeverity: 'major',
  cooldownMs: 6 * hourMs,
  maxPerDay: 1,
  maxVersionAgeMs: 7 * dayMs,
  expiresMs: 30 * minuteMs,
  ...over,
});

const versions = ['1.9.0', '2.0.0'].map((version, index) => ({
  version,
  firstSeenMs: sinceMs - (index === 0 ? 30 * dayMs : hourMs),
  lastSeenMs: nowMs,
  rows: 1_000,
}));

const errorAlert = driftOf({
  rule: 'errors',
  class: 'error',
  signal: 'error_share',
  fingerprint: 'f-errors',
});
const fired = (alert = errorAlert) => ({ alert, event: 'fired' as AlertEvent });

interface WorldOptions extends Partial<Pick<ActOptions, 'killSwitch' | 'restored'>> {
  readonly policy?: Partial<RollbackPolicy>;
  readonly http?: AnswerHttp;
  readonly records?: Map<string, Uint8Array>;
}

/** Both stages over one store, as the composition root wires them. */
async function createWorld(options: WorldOptions = {}) {
  const meter = memoryMeter();
  const log = memoryLog();
  const killSwitch = options.killSwitch ?? (() => false);
  const audit = createAuditLog({ head: emptyHead, sha256 });
  const act: ActStage = createActStage({
    policies: [policyOf(options.policy)],
    targets: [target],
    versionsOf: () => versions,
    killSwitch,
    audit,
    restored: options.restored ?? [],
    agent: 'kedge-test',
    ports: { digest: nodeDigest(), meter, log },
  });
  const rig = await createOutboxRig({
    targets: [target],
    startMs: nowMs,
    killSwitch,
    onSettled: (row) => act.settled(row),
    ...(options.http === undefined ? {} : { http: options.http }),
    ...(options.records === undefined ? {} : { records: options.records }),
  });
  return {
    ...rig,
    act,
    meter,
    /** What a tick does with transitions. */
    async tick(causes: Parameters<ActStage['consider']>[0]) {
      const atMs = rig.clock.nowMs();
      const decision = act.consider(causes, atMs);
      const calls = decision.requests.map((request) => rig.deliver.enqueueRollback(request, atMs));
      await rig.store.commit([...decision.writes, ...calls.flatMap(({ writes }) => writes)]);
      decision.commit();
      for (const call of calls) call.commit();
      rig.deliver.wake();
      return decision;
    },
    actions: () => read<Action>(rig.records, 'action/'),
    lines: () => read<AuditEntry>(rig.records, 'audit/'),
  };
}

function read<T>(records: ReadonlyMap<string, Uint8Array>, prefix: string): T[] {
  return [...records]
    .filter(([key]) => key.startsWith(prefix))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, bytes]) => decodeJson<T>(bytes));
}

test('auto: one signed-up request with the identity of the step, and the whole story on record', async () => {
  const world = await createWorld();
  const decision = await world.tick([fired()]);
  expect(decision.notes.get('inc_01JD8Z')).toEqual([expect.stringContaining('from 2.0.0 to 1.9.0')]);
  await world.advance(10);
  const id = `rb_${sha256(canonicalJson(['credit', '2.0.0', '1.9.0', 'credit-back'])).slice(0, 32)}`;
  const [call, ...more] = world.sent.requests.map(({ request }) => request);
  expect(more).toEqual([]);
  expect(call?.url).toBe(url);
  expect(call?.headers).toMatchObject({ 'idempotency-key': id, 'webhook-id': id });
  const body = bodyOf(call ?? { body: new Uint8Array() });
  expect(body).toMatchObject({
    id,
    type: 'dev.kedge.rollback.requested.v1',
    data: {
      rollback_id: id,
      idempotency_key: id,
      mode: 'auto',
      dry_run: false,
      model: 'credit-risk',
      environment: 'prod',
      from: { version: '2.0.0' },
      to: { version: '1.9.0' },
      policy: { id: 'credit-back' },
      alert: { incident: 'inc_01JD8Z', fingerprint: 'f-errors', rule: 'errors', severity: 'critical' },
      requested_at: '2026-11-21T21:15:00.000Z',
      expires_at: '2026-11-21T21:45:00.000Z',
      audit_head: world.lines()[0]?.hash,
    },
  });
  expect(world.actions()).toMatchObject([{ id, state: 'accepted', incident: 'inc_01JD8Z' }]);
  expect(world.lines().map(({ type }) => type)).toEqual(['rollback_executing', 'rollback_accepted']);
  expect(verifyChain(world.lines(), sha256).whole).toBe(true);
  expect(world.act.sentencesOf('inc_01JD8Z')).toEqual([
    `The rollback of credit-risk (prod) from 2.0.0 to 1.9.0 was accepted (${id}).`,
  ]);
  const labels = { target: 'credit', mode: 'auto', outcome: 'accepted', reason: 'accepted' };
  expect(world.meter.value('rollbacks', labels)).toBe(1);
});

test('the record of the decision is in the store before the call leaves', async () => {
  let stored: readonly string[] = [];
  const world = await createWorld({
    http: () => {
      stored = [...world.actions().map(({ state }) => state), ...world.lines().map(({ type }) => type)];
      return answer(200);
    },
  });
  await world.tick([fired()]);
  await world.advance(10);
  expect(stored).toEqual(['executing', 'rollback_executing']);
});

test('dry run: not one request, and the decision is in record, audit, metric and message', async () => {
  const world = await createWorld({ policy: { mode: 'dry_run' } });
  await world.tick([fired()]);
  await world.advance(hourMs);
  expect(world.sent.requests).toEqual([]);
  expect(world.rows()).toEqual([]);
  expect(world.actions()).toMatchObject([{ state: 'dry_run', reason: 'guards_passed' }]);
  expect(world.lines().map(({ type }) => type)).toEqual(['rollback_dry_run']);
  const labels = { target: 'credit', mode: 'dry_run', outcome: 'dry_run', reason: 'guards_passed' };
  expect(world.meter.value('rollbacks', labels)).toBe(1);
  expect(world.act.sentencesOf('inc_01JD8Z')).toEqual([
    'Would have rolled back credit-risk (prod) from 2.0.0 to 1.9.0 (dry run: nothing was called).',
  ]);
});

test('drift of an input, of any strength: no rollback, and the reason is said', async () => {
  const world = await createWorld();
  const decision = await world.tick([fired(driftOf())]);
  expect(decision.requests).toEqual([]);
  expect(world.actions()).toMatchObject([{ state: 'suppressed', reason: 'not_eligible' }]);
  expect(world.act.sentencesOf('inc_01JD8Z')[0]).toMatch(
    /^No rollback of credit-risk \(prod\): not_eligible \(/,
  );
});

test('an eligible alert among others that are not is enough, for one request', async () => {
  const world = await createWorld();
  const decision = await world.tick([fired(driftOf()), fired(), fired(driftOf({ signal: 'input.age' }))]);
  expect(decision.requests).toHaveLength(1);
  expect(decision.requests[0]?.alerts.map(({ signal }) => signal)).toEqual(['error_share']);
});

test.each<[string, RollbackPolicy['rules'], string, string]>([
  ['no rule of the policy', ['latency*'], 'credit-risk', 'prod'],
  ['another model', ['*'], 'fraud', 'prod'],
  ['another environment', ['*'], 'credit-risk', 'staging'],
])('%s: nothing is decided', async (_, rules, model, environment) => {
  const world = await createWorld({ policy: { rules } });
  const decision = await world.tick([fired({ ...errorAlert, model, environment })]);
  expect(decision.writes).toEqual([]);
});

test('asked again only when it fires again or worse, and never called twice for one step', async () => {
  const world = await createWorld({ policy: { cooldownMs: 0, maxPerDay: 100 } });
  await world.tick([{ alert: { ...errorAlert, condition: 'pending' }, event: 'pending' }]);
  expect(world.lines()).toHaveLength(0);
  await world.tick([fired({ ...errorAlert, severity: 'warning' })]);
  expect(world.actions()).toMatchObject([{ reason: 'not_eligible' }]);
  await world.tick([{ alert: { ...errorAlert, severity: 'warning' }, event: 'none' }]);
  expect(world.lines()).toHaveLength(1);
  await world.tick([{ alert: errorAlert, event: 'none' }]);
  await world.advance(10);
  expect(world.sent.requests).toHaveLength(1);
  await world.tick([{ alert: errorAlert, event: 'resolved' }, fired()]);
  await world.advance(hourMs);
  expect(world.sent.requests).toHaveLength(1);
  // The record of what was done stays; that it was not done again is in the chain.
  expect(world.actions()).toMatchObject([{ state: 'accepted' }]);
  expect(world.lines().at(-1)).toMatchObject({
    type: 'rollback_suppressed',
    data: { reason: 'once_per_version' },
  });
});

test('after a restart a step that was made is not made again', async () => {
  const first = await createWorld();
  await first.tick([fired()]);
  await first.advance(10);
  const second = await createWorld({ restored: first.actions(), records: first.records });
  second.deliver.wake();
  await second.tick([fired()]);
  await second.advance(hourMs);
  expect(second.sent.requests).toEqual([]);
});

test('a call under way when the process ends is repeated with the same key', async () => {
  const first = await createWorld({ http: () => answer(503) });
  await first.tick([fired()]);
  await first.advance(10);
  const second = await createWorld({ restored: first.actions(), records: first.records });
  second.deliver.wake();
  await second.advance(minuteMs);
  expect(second.sent.requests).toHaveLength(1);
  const [id] = first.actions().map((action) => action.id);
  expect(second.sent.requests[0]?.request.headers['idempotency-key']).toBe(id);
  expect(second.actions()).toMatchObject([{ id, state: 'accepted' }]);
});

test('a call that nobody takes expires: it failed, and nothing is sent after', async () => {
  const world = await createWorld({ http: () => answer(500), policy: { expiresMs: 10 * minuteMs } });
  await world.tick([fired()]);
  await world.advance(hourMs);
  expect(world.actions()).toMatchObject([{ state: 'failed', reason: 'transient' }]);
  const atMs = nowMs + 10 * minuteMs;
  expect(world.lines().at(-1)).toMatchObject({ type: 'rollback_failed' });
  expect(world.sent.requests.length).toBeGreaterThan(3);
  const bodies = world.sent.requests.map(
    ({ request }) => Number(request.headers['webhook-timestamp']) * 1_000,
  );
  expect(Math.max(...bodies)).toBeLessThan(atMs);
});

test('the kill switch stops a call that was decided and has not left', async () => {
  let isOn = false;
  const world = await createWorld({ killSwitch: () => isOn });
  const decision = world.act.consider([fired()], nowMs);
  isOn = true;
  const calls = decision.requests.map((request) => world.deliver.enqueueRollback(request, nowMs));
  await world.store.commit([...decision.writes, ...calls.flatMap(({ writes }) => writes)]);
  for (const call of calls) call.commit();
  world.deliver.wake();
  await world.advance(hourMs);
  expect(world.sent.requests).toEqual([]);
  expect(world.actions()).toMatchObject([{ state: 'failed', reason: 'config' }]);
});

test('a decision that could not be stored is not carried out', async () => {
  const world = await createWorld();
  const decision = world.act.consider([fired()], nowMs);
  const calls = decision.requests.map((request) => world.deliver.enqueueRollback(request, nowMs));
  for (const call of calls) call.commitUnsaved();
  world.deliver.wake();
  await world.advance(hourMs);
  expect(world.sent.requests).toEqual([]);
  expect(world.actions()).toMatchObject([{ state: 'failed' }]);
  expect(world.rows()).toMatchObject([{ state: 'dead', lastError: expect.stringContaining('audit_failed') }]);
  expect(verifyChain(world.lines(), sha256)).toMatchObject({ whole: true, head: { seq: 2 } });
  // Whoever failed may write the decision late: the next tick puts its end over it.
  await world.store.commit(decision.writes);
  await world.tick([]);
  expect(world.actions()).toMatchObject([{ state: 'failed' }]);
  expect(world.act.consider([], world.clock.nowMs()).writes).toEqual([]);
});

test('a target that answers 4xx fails the action and says which class', async () => {
  const world = await createWorld({ http: () => answer(422) });
  await world.tick([fired()]);
  await world.advance(minuteMs);
  expect(world.sent.requests).toHaveLength(1);
  expect(world.actions()).toMatchObject([{ state: 'failed', reason: 'payload' }]);
  expect(world.act.sentencesOf('inc_01JD8Z')[0]).toMatch(/could not be called: payload/);
});
