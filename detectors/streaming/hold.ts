import { z } from 'zod';

/**
 * Charts that begin anew after an alarm say it at one look only, where rules ask for two in a row and people for time to
 * look. So the alarm is held: said again, with its numbers, for some looks.
 */
export const heldSchema = z.object({
  /** Looks for which it is said again. */
  left: z.number(),
  statistic: z.number(),
  threshold: z.number(),
  shift: z.number(),
});

export type Held = z.output<typeof heldSchema>;

/** What to say at this look, if anything, and what to hold for the next. */
export function holdAlarm(
  held: Held | undefined,
  alarm: Omit<Held, 'left'> | undefined,
  looks: number,
): { readonly said: Held | undefined; readonly next: Held | undefined } {
  const said = alarm !== undefined ? { ...alarm, left: looks - 1 } : held;
  if (said === undefined) return { said: undefined, next: undefined };
  const left = alarm !== undefined ? looks - 1 : said.left - 1;
  return { said, next: left > 0 ? { ...said, left } : undefined };
}
