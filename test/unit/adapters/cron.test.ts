import { expect, test } from 'vitest';
import { scheduleCron } from '../../../agent/adapters/cron.ts';
import { memoryLog } from '../../../agent/adapters/memory-log.ts';

test('a task runs by its expression until stopped; a failure is logged and the next run comes', async () => {
  const log = memoryLog();
  let runs = 0;
  const second = Promise.withResolvers<void>();
  const job = await scheduleCron(
    '* * * * * *',
    'UTC',
    async () => {
      if (++runs === 2) second.resolve();
      throw new Error('disk full');
    },
    log,
  );
  await second.promise;
  await job.stop();
  expect(log.lines[0]).toMatchObject({ level: 'error', fields: { name: '* * * * * *' } });
  const runsThen = runs;
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  expect(runs).toBe(runsThen);
});

test.each([
  ['every day', 'UTC'],
  ['61 * * * *', 'UTC'],
  ['0 3 * * *', 'Mars/Olympus'],
])('%j in zone %j is refused', async (expression, zone) => {
  await expect(scheduleCron(expression, zone, () => {}, memoryLog())).rejects.toThrow();
});
