/**
 * The four cells of a binary classifier's decisions and what is read from them. Cells may be weights or expected values;
 * a ratio of nothing to nothing is 0, as dashboards and scikit-learn have it.
 */
export interface Confusion {
  readonly tp: number;
  readonly fp: number;
  readonly fn: number;
  readonly tn: number;
}

export interface ConfusionMetrics {
  readonly accuracy: number;
  readonly precision: number;
  readonly recall: number;
  readonly specificity: number;
  readonly f1: number;
  readonly balancedAccuracy: number;
  /** Matthews correlation coefficient, −1..1. */
  readonly mcc: number;
  /** Agreement beyond chance (Cohen 1960). */
  readonly kappa: number;
}

/** The quotient, 0 where the divisor is 0. */
export function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

export function confusionMetrics({ tp, fp, fn, tn }: Confusion): ConfusionMetrics {
  const n = tp + fp + fn + tn;
  const recall = ratio(tp, tp + fn);
  const specificity = ratio(tn, tn + fp);
  const accuracy = ratio(tp + tn, n);
  const byChance = ratio((tp + fp) * (tp + fn) + (fn + tn) * (fp + tn), n * n);
  // Roots one by one: the product of four counts of 1e100 rows would overflow.
  const spread = Math.sqrt(tp + fp) * Math.sqrt(tp + fn) * Math.sqrt(tn + fp) * Math.sqrt(tn + fn);
  return {
    accuracy,
    precision: ratio(tp, tp + fp),
    recall,
    specificity,
    f1: ratio(2 * tp, 2 * tp + fp + fn),
    balancedAccuracy: (recall + specificity) / 2,
    mcc: ratio(tp * tn - fp * fn, spread),
    kappa: ratio(accuracy - byChance, 1 - byChance),
  };
}
