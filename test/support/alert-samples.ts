import { createHash } from 'node:crypto';
import type { AlertingConfig, RouteConfig, Timing } from '../../config/config.ts';
import type { Alert } from '../../core/alert.ts';
import type { Rule } from '../../core/rule.ts';
import type { Finding, Verdict } from '../../core/verdict.ts';

/** Windows of the samples: one every five minutes. */
export const hopMs = 300_000;

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** A verdict as one letter: breach, ok, too few rows, gap, fault. */
export type VerdictLetter = 'b' | 'o' | 't' | 'g' | 'f';

const findings: Readonly<Record<VerdictLetter, Partial<Finding> & Pick<Finding, 'status'>>> = {
  b: { status: 'breach', statistic: 0.4, threshold: 0.2, effect: 0.3, direction: 'high' },
  o: { status: 'ok', statistic: 0.05, threshold: 0.2, effect: 0.01 },
  t: { status: 'inconclusive', cause: 'too_few', size: { reference: 1_000, current: 7 } },
  g: { status: 'inconclusive', cause: 'gap', size: { reference: 1_000, current: 0 } },
  f: { status: 'error', cause: 'detector_threw' },
};

/** The verdict of window number `index`, from 0. */
export function verdictOf(letter: VerdictLetter, index: number, over: Partial<Verdict> = {}): Verdict {
  return {
    rule: 'drift',
    detector: 'psi',
    series: { model: 'credit', environment: 'prod', version: 'v1', signal: 'input.age' },
    startMs: index * hopMs,
    endMs: (index + 1) * hopMs,
    size: { reference: 1_000, current: 500 },
    reason: `sample ${letter}`,
    evidence: [],
    ...findings[letter],
    ...over,
  };
}

export function ruleOf(over: Partial<Rule> = {}): Rule {
  return {
    name: 'drift',
    match: { model: '*', environment: '*', version: '*', signal: '*' },
    class: 'drift',
    detector: { type: 'psi', options: {} },
    lengthMs: hopMs,
    hopMs,
    for: { windows: 1 },
    keepFiringFor: { windows: 2 },
    severity: 'warning',
    noDataAfter: 0,
    runbookUrl: '',
    ...over,
  };
}

/** A firing alert. */
export function alertOf(over: Partial<Alert> = {}): Alert {
  const verdict = verdictOf('b', 0);
  return {
    fingerprint: `f-${over.signal ?? 'input.age'}`,
    rule: 'drift',
    class: 'drift',
    severity: 'warning',
    model: 'credit',
    environment: 'prod',
    signal: 'input.age',
    version: 'v1',
    condition: 'firing',
    stale: false,
    flaps: 0,
    activeAtMs: hopMs,
    sinceMs: 0,
    firedAtMs: hopMs,
    breaches: 1,
    oks: 0,
    paused: 0,
    lastBreach: verdict,
    lastVerdict: verdict,
    ...over,
  };
}

export function timingOf(over: Partial<Timing> = {}): Timing {
  return {
    groupWaitMs: 30_000,
    groupIntervalMs: 300_000,
    repeatIntervalMs: 4 * 3_600_000,
    sendResolved: true,
    ...over,
  };
}

export function routeOf(over: Partial<RouteConfig> = {}): RouteConfig {
  return { match: {}, channels: ['mail'], continue: false, timing: timingOf(), routes: [], ...over };
}

export function alertingOf(over: Partial<AlertingConfig> = {}): AlertingConfig {
  return {
    groupBy: ['environment', 'model', 'rule'],
    reopenWindowMs: 900_000,
    channels: [
      { name: 'mail', type: 'email', options: {} },
      { name: 'pager', type: 'webhook', options: {} },
    ],
    route: routeOf(),
    outbox: { rowsMax: 10_000, bytesMax: 64 << 20, maxAgeMs: 72 * 3_600_000 },
    ...over,
  };
}
