import { z } from 'zod';
import type { Detector } from '../detectors/detector.ts';
import { defaults } from './defaults.ts';
import { duration, money, share, span } from './scalars.ts';

/** Rules, at most: each is judged on every signal it matches, and is a label value of the metrics. */
export const rulesMax = 100;
const minuteMs = 60_000;
const windowMsMax = 31 * 24 * 60 * minuteMs;

export const glob = () => z.string().min(1).max(200);
export const name = () =>
  z
    .string()
    .max(100)
    .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, 'expected a name of letters, digits, "_", "-" and "."');
export const severity = () => z.enum(['info', 'warning', 'major', 'critical']);

const match = () =>
  z.strictObject({
    model: glob().default('*').describe('Names of models; `*` stands for any text, also none.'),
    environment: glob().default('*').describe('Names of environments, as a pattern.'),
    version: glob().default('*').describe('Versions, as a pattern.'),
    signal: glob().describe(
      'Signals, as a pattern: `input.<name>`, `output.<name>`, `latency_ms`, `first_token_ms`, `cost_usd`, ' +
        '`transaction_cost_usd`, `tokens.input`, `tokens.output`, `error_share`, `calls`.',
    ),
    segment: z
      .string()
      .max(300)
      .optional()
      .describe(
        'Declared segments, as a pattern such as `city=*`. Without it the whole model and every segment; empty text: the whole model only.',
      ),
  });

const ruleShape = () => ({
  name: name().describe(
    'A unique name: it is part of the identity of an alert, so a new name is a new alert.',
  ),
  match: match().describe('What the rule is for.'),
  window: duration(1, windowMsMax)
    .prefault(defaults.window)
    .describe('Length of the window that is judged; a multiple of `windows.pane`.'),
  hop: duration(1, windowMsMax)
    .optional()
    .describe(
      'Distance between windows, a multiple of `windows.pane`; without it, the length of the window.',
    ),
  for: span().prefault(defaults.for).describe('How long windows must breach before the alert fires.'),
  keep_firing_for: span()
    .prefault(defaults.keepFiringFor)
    .describe('How long windows must be well again before the alert resolves.'),
  severity: severity().default('warning').describe('How bad it is.'),
  no_data_after: z
    .int()
    .min(0)
    .max(10_000)
    .default(defaults.noDataAfter)
    .describe('Windows without any row before missing data is raised; 0: never.'),
  against: z
    .string()
    .max(100)
    .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, 'expected a kind of comparison or the name of a reference')
    .optional()
    .describe(
      'What windows are compared with: `pinned` (the reference in force), `rolling`, `seasonal` (the same hours of the ' +
        'week), `previous_version`, or the name of a reference. Without it, `pinned`.',
    ),
  runbook_url: z.url().optional().describe('Where a person reads what to do; shown in messages.'),
});

/** A rule as the schema hands it on. Beside these keys it holds exactly one, the type of its detector. */
export type RuleForm = z.infer<z.ZodObject<ReturnType<typeof ruleShape>>>;

/** A rule, with one optional key per detector, of which exactly one must be there. */
export function ruleSchema(detectors: readonly Detector[]) {
  const types = detectors.map(({ type }) => type);
  const shape = {
    ...ruleShape(),
    ...Object.fromEntries(detectors.map((detector) => [detector.type, detectorOptions(detector)])),
  };
  return (z.strictObject(shape) as unknown as z.ZodType<RuleForm>).superRefine(
    Object.assign((rule: unknown, context: z.RefinementCtx) => {
      const found = detectorKeys(rule, types);
      if (found.length === 1) return;
      const problem =
        found.length === 0
          ? 'the rule names no detector'
          : `the rule names ${found.length} detectors (${found.join(', ')})`;
      context.addIssue({ code: 'custom', message: `${problem}; give it exactly one of ${types.join(', ')}` });
    }),
    // Also when other keys of the rule are faulty: every fault is told at once.
    { when: ({ value }: { readonly value: unknown }) => typeof value === 'object' && value !== null },
  );
}

/** Which detectors a rule names. */
export function detectorKeys(rule: unknown, types: readonly string[]): readonly string[] {
  if (typeof rule !== 'object' || rule === null) return [];
  return types.filter((type) => Object.hasOwn(rule, type));
}

/** The options of a detector; a bare value means its shorthand: `psi: 0.2` is `psi: {threshold: 0.2}`. */
function detectorOptions(detector: Detector) {
  const { shorthand } = detector;
  return z
    .preprocess((raw) => {
      if (raw === null) return {};
      const bare = shorthand !== undefined && (typeof raw === 'number' || typeof raw === 'string');
      return bare ? { [shorthand]: raw } : raw;
    }, detector.options)
    .meta({
      description: `${detector.title}. ${detector.description}`,
      ...(shorthand === undefined ? {} : { 'x-shorthand': shorthand }),
    })
    .optional();
}

/** Limits in plain words. Each becomes a rule; see budgets.ts. */
export const budgetSchema = () =>
  z.strictObject({
    name: name()
      .optional()
      .describe('First part of the names of its rules; without it `budget`, and the model if one is named.'),
    model: glob().default('*').describe('Names of models, as a pattern.'),
    environment: glob().default('*').describe('Names of environments, as a pattern.'),
    latency_p50: duration(1).optional().describe('Half of the calls of a window are faster than this.'),
    latency_p95: duration(1).optional().describe('95 % of the calls of a window are faster than this.'),
    latency_p99: duration(1).optional().describe('99 % of the calls of a window are faster than this.'),
    cost_per_call: money().optional().describe('The mean cost of a call in a window.'),
    cost_per_transaction: money()
      .optional()
      .describe('The mean cost of a transaction: all calls of one trace or transaction id.'),
    spend_per_day: money()
      .optional()
      .describe('The total cost of the last 24 hours, looked at in every pane.'),
    error_share: share().optional().describe('The share of calls of a window that fail.'),
    window: duration(1, windowMsMax)
      .prefault(defaults.budgetWindow)
      .describe(
        'Length of the window that is judged; a multiple of `windows.pane`. Not for `spend_per_day`.',
      ),
    severity: severity().default('major').describe('How bad it is.'),
  });

export type BudgetForm = z.infer<ReturnType<typeof budgetSchema>>;
