/**
 * Does it matter? A person is woken (`page`) for what reaches the output, and reads of the rest in the morning (`digest`).
 *
 * 1. A rule of severity critical: page.
 * 2. Anything but an input (an output, errors, cost, latency, tokens): page. It is what the model gives, not what it is given.
 * 3. An input, and an output, errors, cost or latency moved as well: page.
 * 4. An input, and no output could be judged: page, as it is not known.
 * 5. An input whose change by itself moves the mean output by a tenth of its standard deviation or more: page. Less: digest.
 * 6. An input of which that is not known (no numeric output, too few rows seen): page.
 *
 * A tenth of a standard deviation is what the default rule takes for an effect at all (`min_effect` 0.01).
 */
import type { Matters } from '../../core/explanation.ts';
import type { Severity } from '../../core/rule.ts';

export const deviationsThatMatter = 0.1;

export interface MattersInput {
  readonly signal: string;
  readonly severity: Severity;
  /** Signals other than inputs that breach now. */
  readonly moved: readonly string[];
  /** Outputs that were judged and found as their reference. */
  readonly still: readonly string[];
  /** What the change of this input brings to the mean output, in its standard deviations; absent: not known. */
  readonly contribution: number | undefined;
  readonly output: string | undefined;
}

export interface MattersAnswer {
  readonly matters: Matters;
  /** One sentence without its full stop. */
  readonly reason: string;
}

export function mattersOf(input: MattersInput): MattersAnswer {
  const { signal, severity, moved, still, contribution, output } = input;
  if (severity === 'critical') return page('its rule is critical');
  if (!signal.startsWith('input.')) return page('it is what the model gives or costs, not what it is given');
  const first = moved[0];
  if (first !== undefined) return page(`${first} moved as well`);
  if (still.length === 0) return page('whether it matters is not known: no output could be judged');
  if (contribution === undefined || output === undefined)
    return page(`how much it moves ${still[0]} is not known yet`);
  const size = Math.abs(contribution).toFixed(2);
  const what = `by itself it moves ${output} by ${size} standard deviations`;
  if (Math.abs(contribution) >= deviationsThatMatter) return page(what);
  return { matters: 'digest', reason: `${what}, and no output moved` };
}

function page(reason: string): MattersAnswer {
  return { matters: 'page', reason };
}
