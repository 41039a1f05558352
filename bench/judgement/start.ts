/** Streams begin here: a Monday. */
export const startTick = 2016 * 1400 + 4 * 288;
