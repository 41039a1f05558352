const stepsMax = 200;

/**
 * The x at which a falling function reaches the target, between two bounds, to the last digits: the interval is halved
 * until no double lies inside it, 200 times at most.
 */
export function bisectFalling(
  f: (x: number) => number,
  target: number,
  bounds: { readonly low: number; readonly high: number },
): number {
  let { low, high } = bounds;
  for (let step = 0; step < stepsMax; step++) {
    const middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) break;
    if (f(middle) > target) low = middle;
    else high = middle;
  }
  return low + (high - low) / 2;
}
