import type { LevelsScale, Scale } from '../../core/scale.ts';
import { logScale } from '../../detectors/sketches/log-histogram.ts';

/** Cells of `error_share`: 0 is ok, 1 is error; the rest stays empty. */
export const resultScale: LevelsScale = {
  kind: 'levels',
  id: 'sc_result',
  cells: new Map([
    ['ok', 0],
    ['error', 1],
  ]),
};

/** Built-in signals are judged by limits, not by shape: their scale is the same everywhere and needs no learning. */
export function fixedScale(signal: string): Scale | undefined {
  switch (signal) {
    case 'latency_ms':
    case 'first_token_ms':
    case 'cost_usd':
    case 'transaction_cost_usd':
      return logScale;
    case 'error_share':
      return resultScale;
    default:
      return undefined;
  }
}
