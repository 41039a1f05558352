const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/**
 * A ULID: 10 characters of Unix ms and 16 of chance, in Crockford's base 32; sorts by time.
 * `chance` are 16 bytes, of which 5 bits each are used.
 */
export function ulid(timeMs: number, chance: Uint8Array): string {
  let text = '';
  let rest = Math.max(0, Math.floor(timeMs));
  for (let i = 0; i < 10; i++) {
    text = alphabet[rest % 32] + text;
    rest = Math.floor(rest / 32);
  }
  for (let i = 0; i < 16; i++) text += alphabet[(chance[i] ?? 0) & 31];
  return text;
}

/** The Unix ms a ULID begins with; 0 where the text is none. */
export function ulidTimeMs(text: string): number {
  let timeMs = 0;
  for (const character of text.slice(0, 10)) {
    const digit = alphabet.indexOf(character);
    if (digit < 0) return 0;
    timeMs = timeMs * 32 + digit;
  }
  return timeMs;
}
