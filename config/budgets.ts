import type { BudgetForm } from './schema-rules.ts';

const dayMs = 86_400_000;

/** A budget as a rule in the making: the detector's options are still to be read by its own schema. */
export interface BudgetRule {
  /** The key of the budget it comes from, such as `latency_p95`. */
  readonly key: BudgetKey;
  readonly name: string;
  readonly signal: string;
  readonly detector: { readonly type: string; readonly options: Readonly<Record<string, number>> };
  readonly lengthMs: number;
  readonly hopMs: number;
  /** Windows that must breach. */
  readonly windows: number;
}

type BudgetKey = (typeof budgetKeys)[number];

export const budgetKeys = [
  'latency_p50',
  'latency_p95',
  'latency_p99',
  'cost_per_call',
  'cost_per_transaction',
  'spend_per_day',
  'error_share',
] as const;

/** The rules a budget stands for, one for each limit it gives. */
export function budgetRules(budget: BudgetForm, paneMs: number): readonly BudgetRule[] {
  return budgetKeys.flatMap((key): BudgetRule[] => {
    const limit = budget[key];
    if (limit === undefined) return [];
    const { signal, detector } = judging(key, limit);
    const base = { key, name: budgetRuleName(budget, key), signal, detector };
    // Money spent stays spent: a daily total is looked at in every pane, and one window over it is enough.
    return key === 'spend_per_day'
      ? [{ ...base, lengthMs: dayMs, hopMs: paneMs, windows: 1 }]
      : [{ ...base, lengthMs: budget.window, hopMs: budget.window, windows: 2 }];
  });
}

/** Independent of the budget's place in the list, as it is part of the identity of alerts. */
export function budgetRuleName(
  budget: { readonly name?: string | undefined; readonly model?: string | undefined },
  key: string,
): string {
  const model = (budget.model ?? '*').replace(/[^A-Za-z0-9_.-]+/g, '').replace(/^[_.-]+|[_.-]+$/g, '');
  return [budget.name ?? ['budget', model].filter((part) => part !== '').join('_'), key].join('_');
}

function judging(key: BudgetKey, max: number): Pick<BudgetRule, 'signal' | 'detector'> {
  switch (key) {
    case 'latency_p50':
      return { signal: 'latency_ms', detector: quantile(0.5, max) };
    case 'latency_p95':
      return { signal: 'latency_ms', detector: quantile(0.95, max) };
    case 'latency_p99':
      return { signal: 'latency_ms', detector: quantile(0.99, max) };
    case 'cost_per_call':
      return { signal: 'cost_usd', detector: { type: 'mean_limit', options: { max } } };
    case 'cost_per_transaction':
      return { signal: 'transaction_cost_usd', detector: { type: 'mean_limit', options: { max } } };
    case 'spend_per_day':
      return { signal: 'cost_usd', detector: { type: 'total_limit', options: { max } } };
    case 'error_share':
      return { signal: 'error_share', detector: { type: 'share_limit', options: { max } } };
  }
}

const quantile = (level: number, max: number) => ({
  type: 'quantile_limit',
  options: { quantile: level, max },
});
