import type { Log } from '../../core/ports.ts';

/** A slot is still run when the loop was busy for this long; node-cron itself drops one after a second. */
const lateMsMax = 10 * 60_000;

/**
 * Runs a task by a cron expression: for maintenance, digests and reports only, never for evaluation.
 * node-cron leaves out slots at the change to daylight-saving time, so the usual zone is UTC, which has none.
 * A run that is still going when the next is due is not doubled. Rejects on an expression or zone that is
 * none.
 */
export async function scheduleCron(
  expression: string,
  timezone: string,
  task: () => void | Promise<void>,
  log: Log,
): Promise<{ stop(): Promise<void> }> {
  const { default: cron } = await import('node-cron');
  const { valid, errors } = cron.validateDetailed(expression);
  if (!valid) {
    throw new RangeError(
      `"${expression}" is no cron expression: ${errors.map((one) => one.message).join('; ')}`,
    );
  }
  const run = async () => {
    try {
      await task();
    } catch (error) {
      log.error('a scheduled task failed', { name: expression, error });
    }
  };
  const scheduled = cron.schedule(expression, run, {
    timezone,
    noOverlap: true,
    missedExecutionTolerance: lateMsMax,
    logger: {
      info: () => {},
      debug: () => {},
      warn: (message) => log.warn('cron', { name: expression, message }),
      error: (error) => log.warn('cron', { name: expression, message: String(error) }),
    },
  });
  return {
    stop: async () => {
      await scheduled.destroy();
    },
  };
}
