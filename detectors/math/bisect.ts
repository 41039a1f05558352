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

/** The last whole number of a range at which a condition holds that holds up to some point and not beyond. */
export function lastWhere(holds: (at: number) => boolean, first: number, last: number): number | undefined {
  if (first > last || !holds(first)) return undefined;
  let low = first;
  let high = last;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (holds(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}
