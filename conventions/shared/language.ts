/**
 * Which language a text is in, as an ISO 639-1 code; `und` (undetermined, ISO 639-2) where it cannot be said. Good for
 * the share of languages over many texts, which is what is watched; single short texts may be taken wrongly.
 *
 * 1. The script decides where one language has it for itself: Greek, Hebrew, Thai, Hangul, Devanagari (taken as Hindi), and
 *    Han (Japanese where a tenth of the letters is kana, else Chinese).
 * 2. Among languages that share Latin, Cyrillic or Arabic letters each gets points: for a word that is among its commonest
 *    1 over the number of languages it is common in, for a run of letters a fraction of that. The most points win, if they
 *    are enough for the number of words and lead by a margin.
 *
 * Work is bounded: the first 400 UTF-16 units are looked at.
 */
import { languageProfiles } from './language-profiles.ts';

export const undetermined = 'und';

const scannedMax = 400;
/** Words whose runs of letters are looked at. */
const runWordsMax = 16;
/** Han letters of a text with at least this share of kana are Japanese. */
const kanaShare = 0.1;
/** A run of letters counts as so much of a word; a letter that English has not, more. */
const runPoints = 0.15;
const letterPoints = 0.4;
/** Points per word that the winner needs; and how far the second may come. */
const pointsMin = 0.08;
const secondMax = 0.92;
/** Points of words alone that leave no doubt, where the second has no more than this part of them. */
const clearPoints = 4;
const clearSecondMax = 0.5;

type Script =
  | 'latin'
  | 'cyrillic'
  | 'arabic'
  | 'greek'
  | 'hebrew'
  | 'thai'
  | 'hangul'
  | 'devanagari'
  | 'kana'
  | 'han';

/** First code point, last code point; only where letters of languages known here lie. Rising. */
const ranges: readonly (readonly [first: number, last: number, script: Script])[] = [
  [0x41, 0x5a, 'latin'],
  [0x61, 0x7a, 'latin'],
  [0xc0, 0x24f, 'latin'],
  [0x370, 0x3ff, 'greek'],
  [0x400, 0x52f, 'cyrillic'],
  [0x590, 0x5ff, 'hebrew'],
  [0x600, 0x6ff, 'arabic'],
  [0x900, 0x97f, 'devanagari'],
  [0xe00, 0xe7f, 'thai'],
  [0x1100, 0x11ff, 'hangul'],
  [0x1e00, 0x1eff, 'latin'],
  [0x1f00, 0x1fff, 'greek'],
  [0x3040, 0x30ff, 'kana'],
  [0x3400, 0x4dbf, 'han'],
  [0x4e00, 0x9fff, 'han'],
  [0xac00, 0xd7af, 'hangul'],
];

const languageOfScript: Readonly<Partial<Record<Script, string>>> = {
  greek: 'el',
  hebrew: 'he',
  thai: 'th',
  hangul: 'ko',
  devanagari: 'hi',
};

export function detectLanguage(text: string): string {
  const scanned = text.length > scannedMax ? text.slice(0, scannedMax) : text;
  const letters = countScripts(scanned);
  const kana = letters.get('kana') ?? 0;
  const han = letters.get('han') ?? 0;
  const [script, most] = commonest(letters);
  if (script === undefined || kana + han >= most) return languageOfHan(kana, han);
  const alone = languageOfScript[script];
  return alone ?? languageOfWords(scanned, script);
}

function languageOfHan(kana: number, han: number): string {
  if (kana + han === 0) return undetermined;
  return kana >= kanaShare * (kana + han) ? 'ja' : 'zh';
}

/** Han and kana say a word with two letters where others need five: each counts for two. */
function countScripts(text: string): ReadonlyMap<Script, number> {
  const letters = new Map<Script, number>();
  for (let i = 0; i < text.length; i++) {
    const script = scriptOf(text.charCodeAt(i));
    if (script !== undefined)
      letters.set(script, (letters.get(script) ?? 0) + (script === 'han' || script === 'kana' ? 2 : 1));
  }
  return letters;
}

function scriptOf(code: number): Script | undefined {
  for (const [first, last, script] of ranges) {
    if (code < first) return undefined;
    if (code <= last) return script;
  }
  return undefined;
}

function commonest(letters: ReadonlyMap<Script, number>): readonly [Script | undefined, number] {
  let best: Script | undefined;
  let most = 0;
  for (const [script, count] of letters) {
    if (script === 'han' || script === 'kana' || count <= most) continue;
    [best, most] = [script, count];
  }
  return [best, most];
}

/** What a word or run of letters says for each language that has it. */
interface Vote {
  readonly languages: readonly string[];
  readonly points: number;
}

const wordVotes = votesOf('words', () => 1);
const runVotes = votesOf('runs', (run) => (/^[^a-z_]$/.test(run) ? letterPoints : runPoints));
const runLengthMax = Math.max(...[...runVotes.keys()].map((run) => run.length));

function votesOf(part: 'words' | 'runs', pointsOf: (key: string) => number): ReadonlyMap<string, Vote> {
  const owners = new Map<string, Set<string>>();
  for (const [language, profile] of Object.entries(languageProfiles)) {
    for (const key of profile[part].split(' ')) owners.set(key, (owners.get(key) ?? new Set()).add(language));
  }
  const votes = new Map<string, Vote>();
  for (const [key, languages] of owners) {
    votes.set(key, { languages: [...languages], points: pointsOf(key) / languages.size });
  }
  return votes;
}

function languageOfWords(text: string, script: Script): string {
  const words = text.toLowerCase().match(/\p{L}[\p{L}\p{M}']*/gu) ?? [];
  const points = new Map<string, number>();
  for (const word of words) give(points, wordVotes.get(word));
  const byWords = winnerOf(points, script);
  // Runs of letters cost ten times as much: they are asked only where the words leave a doubt.
  if (byWords.most >= clearPoints && byWords.second <= clearSecondMax * byWords.most) return byWords.best;
  for (const word of words.slice(0, runWordsMax)) giveRuns(points, `_${word}_`);
  const { best, most, second } = winnerOf(points, script);
  return most >= pointsMin * words.length && second <= secondMax * most ? best : undetermined;
}

function winnerOf(points: ReadonlyMap<string, number>, script: Script) {
  let [best, most, second] = [undetermined, 0, 0];
  for (const [language, sum] of points) {
    if (languageProfiles[language]?.script !== script) continue;
    if (sum > most) [best, most, second] = [language, sum, most];
    else if (sum > second) second = sum;
  }
  return { best, most, second };
}

function give(points: Map<string, number>, vote: Vote | undefined): void {
  if (vote === undefined) return;
  for (const language of vote.languages) points.set(language, (points.get(language) ?? 0) + vote.points);
}

function giveRuns(points: Map<string, number>, word: string): void {
  for (let from = 0; from < word.length; from++) {
    const longest = Math.min(runLengthMax, word.length - from);
    for (let length = 1; length <= longest; length++)
      give(points, runVotes.get(word.slice(from, from + length)));
  }
}
