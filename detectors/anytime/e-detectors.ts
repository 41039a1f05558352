/**
 * Change detectors from e-values: each look brings an eₜ with a mean of at most 1 while nothing changed, given the past.
 *
 * Shiryaev–Roberts: SRₜ = eₜ(SRₜ₋₁ + 1). CUSUM: CUₜ = eₜ·max(CUₜ₋₁, 1). An alarm at ≥ A comes after A looks or more on
 * average where nothing changed, whatever the distribution: A is the looks per false alarm one accepts.
 *
 * In logarithms, so that evidence may grow without bound. −Infinity is where both begin. A look whose e is no number, or is
 * negative, is passed over.
 *
 * Source: Shin, Ramdas and Rinaldo, E-detectors, New England Journal of Statistics in Data Science 2 (2024).
 */
export interface EDetectorState {
  readonly logShiryaevRoberts: number;
  readonly logCusum: number;
}

/** JSON has no −Infinity: this stands for it, and is far below any evidence that matters. */
const never = -1e300;

export const eDetectorStart: EDetectorState = { logShiryaevRoberts: never, logCusum: never };

export function eDetectorStep(
  state: EDetectorState | undefined,
  logE: number,
): { readonly state: EDetectorState } {
  const before = state ?? eDetectorStart;
  if (Number.isNaN(logE)) return { state: before };
  const bounded = (value: number) => Math.min(-never, Math.max(never, value));
  const { logShiryaevRoberts: sr, logCusum: cusum } = before;
  // ln(SR + 1), without leaving the logarithms.
  const onePlus = Math.max(0, sr) + Math.log1p(Math.exp(-Math.abs(sr)));
  return {
    state: {
      logShiryaevRoberts: bounded(logE + onePlus),
      logCusum: bounded(logE + Math.max(0, cusum)),
    },
  };
}
