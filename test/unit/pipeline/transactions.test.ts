import { expect, test } from 'vitest';
import { memoryMeter } from '../../../agent/adapters/memory-meter.ts';
import { type ClosedTransaction, Transactions } from '../../../agent/pipeline/transactions.ts';
import { callOf } from '../../support/calls.ts';

function world(openMax = 100) {
  const closed: ClosedTransaction[] = [];
  const meter = memoryMeter();
  const transactions = new Transactions({ idleMs: 1_000, openMax }, meter, (one) => closed.push(one));
  const call = (traceId: string, usd: number, timeMs: number, over = {}) =>
    transactions.add(
      callOf({ traceId: () => traceId, timeMs, cost: { amountUsd: usd, source: 'reported' }, ...over }),
      timeMs,
    );
  return { closed, transactions, call };
}

test('the calls of one trace add up, and end when the trace has been idle', () => {
  const { closed, transactions, call } = world();
  call('a', 0.01, 0);
  call('b', 0.5, 100);
  call('a', 0.02, 800);
  transactions.closeIdle(1_200);
  expect(closed).toMatchObject([{ costUsd: 0.5, timeMs: 1_100 }]);
  transactions.closeIdle(1_800);
  expect(closed[1]?.costUsd).toBeCloseTo(0.03, 12);
  expect(closed[1]?.timeMs).toBe(1_800);
  expect(transactions.size).toBe(0);
});

test('a root call ends its trace at once; a call with a transaction id does not', () => {
  const { closed, call } = world();
  call('a', 0.01, 0);
  call('a', 0.01, 10, { root: true });
  call('b', 0.01, 20, { root: true, transactionId: 'order-7' });
  expect(closed).toHaveLength(1);
  expect(closed[0]?.costUsd).toBeCloseTo(0.02, 12);
});

test('calls without cost or without any id are no transaction', () => {
  const { closed, transactions, call } = world();
  transactions.add(callOf({ traceId: () => 'a' }), 0);
  call('', 0.01, 0);
  transactions.closeIdle(10_000);
  expect(closed).toEqual([]);
});

test('over the limit the transaction idle longest ends early', () => {
  const { closed, transactions, call } = world(2);
  call('a', 1, 0);
  call('b', 2, 1);
  call('a', 1, 2);
  call('c', 4, 3);
  expect(closed.map((one) => one.costUsd)).toEqual([2]);
  expect(transactions.size).toBe(2);
});
