import { expect, test } from 'vitest';
import {
  appendEntry,
  auditKey,
  createAuditLog,
  emptyHead,
  verifyChain,
} from '../../../alerts/audit-chain.ts';
import type { AuditEntry } from '../../../core/audit.ts';
import { decodeJson, encodeJson } from '../../../core/json.ts';
import { Secret } from '../../../core/secret.ts';
import { sha256 } from '../../support/alert-samples.ts';

function chainOf(length: number): AuditEntry[] {
  const log = createAuditLog({ head: emptyHead, sha256 });
  for (let i = 0; i < length; i++) {
    log.append(i * 1_000, {
      type: 'rollback_dry_run',
      actor: 'kedge',
      data: { z: i, a: [undefined, Number.NaN] },
    });
  }
  // As a reader finds them: through the store's bytes.
  return log.writes().map(({ value }) => decodeJson<AuditEntry>(value ?? encodeJson(null)));
}

test('a chain that nobody touched is whole', () => {
  const entries = chainOf(5);
  expect(entries.map(({ seq, at }) => [seq, at])).toEqual([
    [1, '1970-01-01T00:00:00.000Z'],
    [2, '1970-01-01T00:00:01.000Z'],
    [3, '1970-01-01T00:00:02.000Z'],
    [4, '1970-01-01T00:00:03.000Z'],
    [5, '1970-01-01T00:00:04.000Z'],
  ]);
  expect(entries[1]?.prev).toBe(entries[0]?.hash);
  expect(verifyChain(entries, sha256)).toEqual({ whole: true, head: { seq: 5, hash: entries[4]?.hash } });
  expect(verifyChain([], sha256)).toEqual({ whole: true, head: emptyHead });
});

test('a hash is that of the canonical JSON of all the rest', () => {
  const entry = appendEntry(
    emptyHead,
    { at: 't', type: 'config_loaded', actor: 'kedge', data: { b: 1, a: 2 } },
    sha256,
  );
  expect(entry.hash).toBe(
    sha256('{"actor":"kedge","at":"t","data":{"a":2,"b":1},"prev":"","seq":1,"type":"config_loaded"}'),
  );
});

test.each<[string, (entries: AuditEntry[]) => AuditEntry[], number]>([
  ['data changed', (all) => all.map((one) => (one.seq === 3 ? { ...one, data: { z: 99 } } : one)), 3],
  ['one changed with its hash', (all) => all.map((one) => (one.seq === 3 ? rehashed(one) : one)), 4],
  ['one taken out', (all) => all.filter(({ seq }) => seq !== 3), 3],
  ['two swapped', (all) => [...all.slice(0, 1), ...all.slice(1, 3).reverse(), ...all.slice(3)], 2],
  ['the first one replaced', (all) => all.map((one) => (one.seq === 1 ? { ...one, prev: 'x' } : one)), 1],
])('%s: the first bad number is named', (_, change, badSeq) => {
  expect(verifyChain(change(chainOf(5)), sha256)).toMatchObject({ whole: false, badSeq });
});

function rehashed(entry: AuditEntry): AuditEntry {
  const head = { seq: entry.seq - 1, hash: entry.prev };
  return appendEntry(head, { ...entry, data: 'another' }, sha256);
}

test('a cut tail shows only against a head noted elsewhere', () => {
  const all = chainOf(5);
  const cut = all.slice(0, 3);
  expect(verifyChain(cut, sha256).whole).toBe(true);
  expect(verifyChain(cut, sha256, all[4]?.hash)).toMatchObject({ whole: false, badSeq: 4 });
  expect(verifyChain(all, sha256, all[2]?.hash).whole).toBe(true);
});

test('old entries may have been let go: the chain is whole from the first one kept', () => {
  expect(verifyChain(chainOf(5).slice(2), sha256).whole).toBe(true);
});

test('keys order as numbers do, and a secret is out before it is hashed', () => {
  expect([auditKey(10), auditKey(9)].sort()).toEqual([auditKey(9), auditKey(10)]);
  const log = createAuditLog({ head: emptyHead, sha256 });
  const entry = log.append(0, { type: 't', actor: 'a', data: { token: new Secret('planted') } });
  expect(JSON.stringify(entry)).not.toContain('planted');
  expect(entry === undefined ? undefined : verifyChain([entry], sha256).whole).toBe(true);
});

test('what no transaction has confirmed comes with the next one', () => {
  const log = createAuditLog({ head: { seq: 7, hash: 'h' }, sha256 });
  log.append(0, { type: 'one', actor: 'a', data: null });
  const first = log.writes();
  log.append(1, { type: 'two', actor: 'a', data: null });
  expect(log.writes().map(({ key }) => key)).toEqual([auditKey(8), auditKey(9)]);
  log.confirm(first);
  expect(log.writes().map(({ key }) => key)).toEqual([auditKey(9)]);
  expect(log.head().seq).toBe(9);
});

test('with too much waiting for the store nothing more is taken down', () => {
  const log = createAuditLog({ head: emptyHead, sha256 });
  for (let i = 0; i < 10_000; i++) log.append(0, { type: 't', actor: 'a', data: null });
  expect(log.append(0, { type: 't', actor: 'a', data: null })).toBeUndefined();
  log.confirm(log.writes());
  expect(log.append(0, { type: 't', actor: 'a', data: null })?.seq).toBe(10_001);
});
