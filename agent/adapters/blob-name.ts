/** Names become file names, so they are kept to what every file system takes. */
export function isBlobName(name: string): boolean {
  return /^[a-z0-9_-]{1,64}$/.test(name);
}
