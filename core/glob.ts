/**
 * Does `text` match `pattern`, in which `*` stands for any text, also none, and `?` for one character? At
 * most the product of both lengths in time: the first place that fits between two stars is as good as any
 * later one.
 */
export function globMatches(pattern: string, text: string): boolean {
  const parts = pattern.split('*');
  const first = parts[0] as string;
  if (parts.length === 1) return text.length === pattern.length && fitsAt(pattern, text, 0);
  const last = parts[parts.length - 1] as string;
  const end = text.length - last.length;
  if (end < first.length || !fitsAt(first, text, 0) || !fitsAt(last, text, end)) return false;
  let from = first.length;
  for (const part of parts.slice(1, -1)) {
    const at = findFrom(part, text, from);
    if (at < 0 || at + part.length > end) return false;
    from = at + part.length;
  }
  return true;
}

/** Where a part without stars first fits, -1 where it does not. */
function findFrom(part: string, text: string, from: number): number {
  if (!part.includes('?')) return text.indexOf(part, from);
  for (let at = from; at + part.length <= text.length; at++) if (fitsAt(part, text, at)) return at;
  return -1;
}

function fitsAt(part: string, text: string, at: number): boolean {
  if (!part.includes('?')) return text.startsWith(part, at);
  for (let i = 0; i < part.length; i++) {
    if (part[i] !== '?' && part[i] !== text[at + i]) return false;
  }
  return true;
}
