import { z } from 'zod';
import { numberText } from '../counters/finding.ts';

/**
 * The looks since a sum last stood at its start, which is about when a change began, and the shift in the latest of them:
 * their mean while there are few, then one that forgets, so that a large change is not hidden by a long small one before.
 */
export const runSchema = z.object({ looks: z.number(), shift: z.number() });

export type Run = z.output<typeof runSchema>;

const none: Run = { looks: 0, shift: 0 };
const newestWeight = 0.25;

/** The run with one more look, or none where the sum is at its start. */
export function extendRun(run: Run | undefined, isRising: boolean, shift: number): Run {
  if (!isRising) return none;
  const before = run ?? none;
  const looks = before.looks + 1;
  const weight = Math.max(newestWeight, 1 / looks);
  return { looks, shift: before.shift + weight * (shift - before.shift) };
}

/** "0.3 sd up, since 4 looks"; the shift is given apart, as what it is against differs. */
export function runText(looks: number, shift: number): string {
  const since = looks > 1 ? `, since ${looks} looks` : '';
  return `${numberText(Math.abs(shift))} sd ${shift < 0 ? 'down' : 'up'}${since}`;
}
