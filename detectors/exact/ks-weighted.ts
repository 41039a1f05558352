/**
 * Kolmogorov–Smirnov for rows with weights (1 / sampling probability): F(t) is the share of the weight at or below t, and
 * each side counts as Kish's n_eff = (Σ w)² / Σ w² rows in Kolmogorov's limit. Taking Σ w for the number of rows would
 * reject half of all equal samples; a row of weight 0 is not there.
 *
 * Source: Monahan, Numerical Methods of Statistics (2011), §12.
 */
import { kolmogorovLimit, ksTwoSample } from './ks-two-sample.ts';
import { kishSize, type Sample } from './sample.ts';

export interface KsWeighted {
  readonly d: number;
  readonly greater: number;
  readonly less: number;
  /** Effective rows. */
  readonly sizeX: number;
  readonly sizeY: number;
  readonly pValue: number;
}

export function ksWeighted(x: Sample, y: Sample): KsWeighted {
  const { d, greater, less } = ksTwoSample(x, y);
  const sizeX = kishSize(x);
  const sizeY = kishSize(y);
  return { d, greater, less, sizeX, sizeY, pValue: kolmogorovLimit(d, sizeX, sizeY) };
}
