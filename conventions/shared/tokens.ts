import type { Tokens } from '../../core/observation.ts';
import type { AttributeView, Item, Key, KeyRegistry, Sink } from '../convention.ts';
import { amountOf } from './values.ts';

/** What decides how a call's token counts are read. */
export interface TokenRules {
  readonly failed: boolean;
  /** An embedding writes no tokens: output that is not sent is 0. */
  readonly embeds: boolean;
}

/** Undefined: unknown, which is not 0. */
export type ReadTokens = (item: Item, rules: TokenRules, sink: Sink) => Tokens | undefined;

/** These scopes leave cached tokens out of the input count, as the provider's own answer does. */
const inputExcludesCache: ReadonlySet<string> = new Set(['@traceloop/instrumentation-anthropic']);

/**
 * Reads `gen_ai.usage.*` of all generations into one meaning: input includes cached tokens, output includes
 * reasoning. Input and output are known as a pair or not at all; parts that are not sent are 0.
 */
export function createTokenReader(keys: KeyRegistry): ReadTokens {
  const named = (...names: readonly string[]) => names.map((name) => keys.key(`gen_ai.usage.${name}`));
  const input = named('input_tokens', 'prompt_tokens');
  const output = named('output_tokens', 'completion_tokens');
  const cachedRead = named('cache_read.input_tokens', 'cache_read_input_tokens');
  const cachedWrite = named(
    'cache_write.input_tokens',
    'cache_creation.input_tokens',
    'cache_creation_input_tokens',
  );
  const reasoning = named('reasoning.output_tokens', 'reasoning_tokens');
  return (item, rules, sink) => {
    const { attributes } = item;
    const sent = firstAmount(attributes, input, sink);
    const written = firstAmount(attributes, output, sink);
    const outputTokens = rules.embeds && Number.isNaN(written) ? 0 : written;
    if (Number.isNaN(sent) || Number.isNaN(outputTokens)) return undefined;
    // A successful call that read and wrote nothing is a stream whose usage the client never got.
    if (sent === 0 && outputTokens === 0 && !rules.failed) return undefined;
    const read = firstAmount(attributes, cachedRead, sink) || 0;
    const write = firstAmount(attributes, cachedWrite, sink) || 0;
    const excluded = inputExcludesCache.has(item.scope) || read + write > sent;
    return {
      input: excluded ? sent + read + write : sent,
      cachedRead: read,
      cachedWrite: write,
      output: outputTokens,
      reasoning: firstAmount(attributes, reasoning, sink) || 0,
    };
  };
}

/** The first of these attributes that is there; NaN where none is, or where it is no amount. */
function firstAmount(attributes: AttributeView, keys: readonly Key[], sink: Sink): number {
  for (const key of keys) if (attributes.kind(key) !== 'absent') return amountOf(attributes, key, sink);
  return Number.NaN;
}
