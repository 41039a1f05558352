/** Names a model in the records that are kept for each. */
export function boundaryKey(environment: string, model: string): string {
  return JSON.stringify([environment, model]);
}
