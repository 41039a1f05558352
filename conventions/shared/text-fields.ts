import { type Fields, levelLengthMax } from '../../core/fields.ts';
import type { NamedWords } from '../../core/observation.ts';
import { readText } from './descriptors.ts';
import { Hash64 } from './hash.ts';
import { detectLanguage } from './language.ts';

/**
 * A text as fields: the one list of names that signals of texts have, behind the name of the text (`answer.words` is judged
 * as `output.answer.words`). Shares are 0 to 1, flags are levels `true` and `false`, and the language is a level.
 *
 * An answer has all of them, any other text those that are no flags of answers. An empty text has a length of 0 and nothing
 * else: shares of nothing would look like a change. `language` and `refusal` say what language.ts and descriptors.ts say.
 */
export const textFields = [
  'characters',
  'words',
  'repetition',
  'entropy',
  'non_ascii_share',
  'digit_share',
  'language',
] as const;
export const answerFields = ['type_token_ratio', 'longest_run', 'json_valid', 'refusal'] as const;

type TextField = (typeof textFields)[number] | (typeof answerFields)[number];
export type TextNames = Readonly<Record<TextField, string>> & { readonly text: string };

/** Stands where a level was too long to be one. */
export const longTextLevel = '(long text)';

/** Words of one text that are hashed. */
const hashedWordsMax = 2_000;

/** Made once for each name of a text: joining names per row would cost more than it looks. */
export function textNames(text: string): TextNames {
  const names = [...textFields, ...answerFields].map((field) => [field, `${text}.${field}`]);
  return { text, ...(Object.fromEntries(names) as Record<TextField, string>) };
}

/** Adds the description of a text; returns its words. */
export function addText(
  fields: Fields,
  names: TextNames,
  text: string,
  kind: 'answer' | 'text',
): readonly string[] {
  const { descriptors, words } = readText(text);
  fields.addNumber(names.characters, descriptors.characters);
  fields.addNumber(names.words, descriptors.words);
  if (descriptors.characters === 0) return words;
  fields.addNumber(names.repetition, descriptors.repeatedTrigramShare);
  fields.addNumber(names.entropy, descriptors.entropyBits);
  fields.addNumber(names.non_ascii_share, descriptors.nonAsciiShare);
  fields.addNumber(names.digit_share, descriptors.digitShare);
  fields.addLevel(names.language, detectLanguage(text));
  if (kind === 'text') return words;
  fields.addNumber(names.type_token_ratio, descriptors.typeTokenRatio);
  fields.addNumber(names.longest_run, descriptors.longestTokenRun);
  if (descriptors.isJson !== undefined) fields.addLevel(names.json_valid, String(descriptors.isJson));
  fields.addLevel(names.refusal, String(descriptors.isRefusal));
  return words;
}

const hash = new Hash64();

/** Words as 53-bit hashes, which doubles hold exactly; the first of a long text only. */
export function hashWords(group: NamedWords['group'], name: string, words: readonly string[]): NamedWords {
  const hashes = new Float64Array(Math.min(words.length, hashedWordsMax));
  for (let i = 0; i < hashes.length; i++) {
    hash.reset();
    hash.add(words[i] as string);
    hash.finish();
    hashes[i] = (hash.high >>> 0) * 2 ** 21 + (hash.low >>> 11);
  }
  return { group, name, hashes };
}

/** Puts a fixed level where a level is too long to be one, and returns what stood there by name. */
export function takeLongLevels(fields: Fields): readonly (readonly [name: string, text: string])[] {
  const taken: (readonly [string, string])[] = [];
  for (let i = 0; i < fields.size && fields.longLevels > 0; i++) {
    const level = fields.levels[i] as string;
    if (fields.kind(i) !== 'level' || level.length <= levelLengthMax) continue;
    taken.push([fields.names[i] as string, level]);
    fields.levels[i] = longTextLevel;
    fields.longLevels--;
  }
  return taken;
}
