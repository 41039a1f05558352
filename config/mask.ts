/** A longer line is not shown at all: masking it could cost much, and nobody reads it. */
const lineReadMax = 4_000;

const secretWord =
  'password|passwd|passphrase|secret|token|credential|api_?key|routing_key|private_key|authorization';
/** A key that sounds like a secret, unless it names a file; and its value, in the forms of YAML. */
const secretKey = new RegExp(
  `([\\w-]*(?:${secretWord})(?!\\w*_file)[\\w-]*["']?\\s*:\\s*)` +
    `("(?:[^"\\\\]|\\\\.)*"?|'[^']*'?|[^\\s,}#][^,}#]*)`,
  'gi',
);

/**
 * A text as it may be shown. Values of keys that sound like secrets are masked, as are passwords inside of
 * URLs, and characters that could steer a terminal are left out. Every character stays in its column.
 */
export function maskSecrets(line: string): string {
  return line
    .replace(secretKey, (all, key: string, value: string) =>
      /^["']?\$\{\w+\}["']?\s*$/.test(value) ? all : key + '*'.repeat(value.length),
    )
    .replace(/whsec_[\w+/=]+/g, (secret) => '*'.repeat(secret.length))
    .replace(
      /(:\/\/)([^/@\s]+)(@)/g,
      (_, a: string, user: string, b: string) => a + '*'.repeat(user.length) + b,
    )
    .replace(/[\p{Cc}\p{Cf}]/gu, (character) => (character === '\t' ? character : '?'));
}

/** A line of the file (1-based) as it may be shown; `undefined` where there is none, or a very long one. */
export function shownLine(text: string, line: number): string | undefined {
  const source = line > 0 ? text.split(/\r?\n/, line)[line - 1] : undefined;
  return source === undefined || source.length > lineReadMax ? undefined : maskSecrets(source);
}

/** The text with stars in place of the ranges (offsets, the end excluded); line ends stay. */
export function maskRanges(text: string, ranges: readonly (readonly [number, number])[]): string {
  let masked = '';
  let end = 0;
  for (const [from, to] of ranges.toSorted((a, b) => a[0] - b[0])) {
    if (from < end) continue;
    masked += text.slice(end, from) + text.slice(from, to).replace(/[^\r\n]/g, '*');
    end = to;
  }
  return masked + text.slice(end);
}
