/**
 * The model a name belongs to: without a date tail (`-YYYY-MM-DD` or `-YYYYMMDD`), so that
 * `gpt-4o-2024-08-06`, which is what a provider answers, and `gpt-4o`, which is what was asked, are one model
 * with two versions. Eight digits that are no date stay: they are part of the name.
 */
export function withoutDateTail(name: string): string {
  const dashed = name.length - 11;
  if (isDate(name, dashed, { month: 6, day: 9 }) && name[dashed + 5] === '-' && name[dashed + 8] === '-') {
    return name.slice(0, dashed);
  }
  const plain = name.length - 9;
  if (isDate(name, plain, { month: 5, day: 7 })) return name.slice(0, plain);
  return name;
}

/** Is there a name, then `-20YY` at `start`, with a month and a day at these places after it? */
function isDate(
  name: string,
  start: number,
  places: { readonly month: number; readonly day: number },
): boolean {
  if (start < 1 || name[start] !== '-' || name[start + 1] !== '2' || name[start + 2] !== '0') return false;
  const year = twoDigits(name, start + 3);
  const month = twoDigits(name, start + places.month);
  const day = twoDigits(name, start + places.day);
  return year >= 0 && month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

/** -1 where these are not two digits. */
function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 48;
  const ones = text.charCodeAt(at + 1) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1;
}
