import type { LevelsScale } from '../../core/scale.ts';

/** Cells of `error_share`: 0 is ok, 1 is error; the rest stays empty. */
export const resultScale: LevelsScale = {
  kind: 'levels',
  id: 'sc_result',
  cells: new Map([
    ['ok', 0],
    ['error', 1],
  ]),
};
