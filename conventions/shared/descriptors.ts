/**
 * A text as numbers, so that answers and prompts can be watched without being kept: the text goes no further than here.
 *
 * 1. `characters` are Unicode code points; words are the longest runs of letters and digits, in lower case.
 * 2. `typeTokenRatio`: distinct words over words. `repeatedTrigramShare`: 1 − distinct over all runs of three words; high
 *    where a model repeats itself. `longestTokenRun`: the same word so often in a row; high where it loops.
 * 3. `entropyBits` of the characters; shares of non-ASCII characters and of digits.
 * 4. `isJson`: a JSON object or list, nothing around it; undefined where the text was cut. `isRefusal`: says in English
 *    that it cannot or will not.
 *
 * Every ratio of nothing is 0. Work is bounded: of a text longer than `scannedMax` only that much is looked at, and the
 * rest is added to `characters` by its UTF-16 length. All takes linear time: no pattern here can go back further than the
 * length of its fixed words, whatever the text.
 */

/** UTF-16 units of a text that are looked at. */
export const scannedMax = 100_000;

export interface Descriptors {
  readonly characters: number;
  readonly words: number;
  readonly typeTokenRatio: number;
  readonly repeatedTrigramShare: number;
  readonly longestTokenRun: number;
  readonly entropyBits: number;
  readonly nonAsciiShare: number;
  readonly digitShare: number;
  readonly isJson: boolean | undefined;
  readonly isRefusal: boolean;
  /** Share of words that the reference's vocabulary has not; absent without one. */
  readonly outOfVocabularyShare?: number;
}

/** `vocabulary`: the words of the reference, in lower case. */
export function describeText(text: string, vocabulary?: ReadonlySet<string>): Descriptors {
  const { descriptors, words } = readText(text);
  if (vocabulary === undefined) return descriptors;
  return { ...descriptors, outOfVocabularyShare: unseenShare(words, vocabulary) };
}

/** The same, with the words it was made from: they must go no further than the text itself. */
export function readText(text: string): {
  readonly descriptors: Descriptors;
  readonly words: readonly string[];
} {
  const isCut = text.length > scannedMax;
  const scanned = isCut ? text.slice(0, scannedMax) : text;
  const words = wordsOf(scanned);
  const descriptors = {
    ...describeCharacters(scanned, text.length - scanned.length),
    ...describeWords(words),
    isJson: isCut ? undefined : isJsonContainer(scanned),
    isRefusal: isRefusal(scanned),
  };
  return { descriptors, words };
}

function wordsOf(text: string): readonly string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

const digit = /\p{Nd}/u;
const asciiCount = 128;

function describeCharacters(text: string, cutOff: number) {
  const { ascii, others, scanned } = countCharacters(text);
  let [bits, nonAscii, digits] = [0, 0, 0];
  const share = (count: number) => (count / scanned) * Math.log2(count / scanned);
  for (let code = 0; code < asciiCount; code++) {
    const count = ascii[code] as number;
    if (count > 0) bits -= share(count);
    if (code >= 0x30 && code <= 0x39) digits += count;
  }
  for (const [point, count] of others) {
    bits -= share(count);
    nonAscii += count;
    if (digit.test(String.fromCodePoint(point))) digits += count;
  }
  return {
    characters: scanned + cutOff,
    // One character alone has no entropy, and no negative zero.
    entropyBits: Math.max(0, bits),
    nonAsciiShare: ratio(nonAscii, scanned),
    digitShare: ratio(digits, scanned),
  };
}

/** ASCII in an array, as that is most of most texts. */
function countCharacters(text: string) {
  const ascii = new Uint32Array(asciiCount);
  const others = new Map<number, number>();
  let scanned = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    scanned++;
    if (code < asciiCount) {
      ascii[code] = (ascii[code] as number) + 1;
      continue;
    }
    const point = text.codePointAt(i) as number;
    if (point > 0xffff) i++;
    others.set(point, (others.get(point) ?? 0) + 1);
  }
  return { ascii, others, scanned };
}

function describeWords(words: readonly string[]) {
  const numbers = new Map<string, number>();
  const trigrams = new Set<number>();
  let [run, longest, first, second] = [0, 0, -1, -1];
  for (const [i, word] of words.entries()) {
    const number = numbers.get(word) ?? numbers.size;
    numbers.set(word, number);
    run = number === second ? run + 1 : 1;
    longest = Math.max(longest, run);
    // Three numbers below 2^17 are one below 2^51: exact, and no text is joined.
    if (i >= 2) trigrams.add((first * 2 ** 17 + second) * 2 ** 17 + number);
    [first, second] = [second, number];
  }
  const all = Math.max(0, words.length - 2);
  return {
    words: words.length,
    typeTokenRatio: ratio(numbers.size, words.length),
    repeatedTrigramShare: all === 0 ? 0 : 1 - trigrams.size / all,
    longestTokenRun: longest,
  };
}

function isJsonContainer(text: string): boolean {
  const start = text.trimStart()[0];
  if (start !== '{' && start !== '[') return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    // The error quotes the text, which must not leave here.
    return false;
  }
}

/** What stands before and behind a word: the `\b` of JavaScript knows ASCII only. */
const notInWord = String.raw`(?<![\p{L}\p{N}_])`;
const notOnInWord = String.raw`(?![\p{L}\p{N}_])`;
const refusals = [
  "i(?:'m| am) (?:sorry|unable|not able)",
  "i (?:can't|cannot|can not|won't) (?:help|assist|provide|comply|do that)",
  'as an ai',
].join('|');
const refusal = new RegExp(`${notInWord}(?:${refusals})${notOnInWord}`, 'u');

function isRefusal(text: string): boolean {
  return refusal.test(text.toLowerCase().replaceAll('\u2019', "'"));
}

function unseenShare(words: readonly string[], vocabulary: ReadonlySet<string>): number {
  return ratio(words.filter((word) => !vocabulary.has(word)).length, words.length);
}
