import { describeText } from '../../conventions/shared/descriptors.ts';
import type { GoldenCase } from './runner.ts';

export function run({ kind, input }: GoldenCase): unknown {
  if (kind !== 'text') throw new Error(`unknown kind ${kind}`);
  const { text, vocabulary } = input as { readonly text: string; readonly vocabulary?: readonly string[] };
  const found = describeText(text, vocabulary === undefined ? undefined : new Set(vocabulary));
  return {
    chars: found.characters,
    words: found.words,
    type_token_ratio: found.typeTokenRatio,
    repeated_trigram_fraction: found.repeatedTrigramShare,
    max_token_run: found.longestTokenRun,
    char_entropy_bits: found.entropyBits,
    frac_non_ascii: found.nonAsciiShare,
    frac_digit: found.digitShare,
    json_object_or_array: found.isJson ?? false,
    refusal: found.isRefusal,
    oov_fraction: found.outOfVocabularyShare,
  };
}

/** Whole numbers. */
export function families(key: string): readonly string[] {
  return ['chars', 'words', 'max_token_run'].includes(key) ? ['counts'] : [];
}
