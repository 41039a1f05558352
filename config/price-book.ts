import type { PriceBook, PriceEntry } from './config.ts';

/** USD per million tokens; a cache price that is not there is the input price. */
interface ListPrice {
  readonly input: number;
  readonly read?: number;
  readonly write?: number;
  readonly output?: number;
}

const openai = ['openai', 'azure.ai.openai'];
const google = ['gcp.gemini', 'gcp.vertex_ai', 'gcp.gen_ai'];
/** Claude has the same names and list prices wherever it is sold. */
const anywhere: readonly string[] = [];

/**
 * List prices as found in @pydantic/genai-prices 0.1.8, compared with Langfuse (worker/src/constants/
 * default-model-prices.json @62751446) and OpenLIT (assets/pricing.json @ad20b7b4): other projects' figures,
 * not the providers' pages. Prices are flat: long prompts, service classes, one-hour caches, hours of the day
 * and changes of price in the future are not in it, so a call above a provider's long-prompt bound is priced
 * too low, and DeepSeek's is its off-peak price. Your own entries come first.
 */
export const defaultPriceBook: PriceBook = {
  version: '2026-11-21',
  entries: [
    ...entries('openai', openai, {
      'gpt-4o': { input: 2.5, read: 1.25, output: 10 },
      'gpt-4o-mini': { input: 0.15, read: 0.075, output: 0.6 },
      'gpt-4.1': { input: 2, read: 0.5, output: 8 },
      o3: { input: 2, read: 0.5, output: 8 },
      'gpt-4.1-mini': { input: 0.4, read: 0.1, output: 1.6 },
      'gpt-4.1-nano': { input: 0.1, read: 0.025, output: 0.4 },
      'o4-mini': { input: 1.1, read: 0.275, output: 4.4 },
      'gpt-5': { input: 1.25, read: 0.125, output: 10 },
      'gpt-5.1': { input: 1.25, read: 0.125, output: 10 },
      'gpt-5-mini': { input: 0.25, read: 0.025, output: 2 },
      'gpt-5-nano': { input: 0.05, read: 0.005, output: 0.4 },
      'gpt-5.2': { input: 1.75, read: 0.175, output: 14 },
      'gpt-5.4': { input: 2.5, read: 0.25, output: 15 },
      'gpt-5.4-mini': { input: 0.75, read: 0.075, output: 4.5 },
      'gpt-5.4-nano': { input: 0.2, read: 0.02, output: 1.25 },
      'gpt-5.5': { input: 5, read: 0.5, output: 30 },
      'gpt-5.6-sol': { input: 4, read: 0.4, write: 5, output: 20 },
      'gpt-5.6-terra': { input: 2, read: 0.2, write: 2.5, output: 12 },
      'gpt-5.6-luna': { input: 0.2, read: 0.02, write: 0.25, output: 1.2 },
      'text-embedding-3-small': { input: 0.02 },
      'text-embedding-3-large': { input: 0.13 },
    }),
    ...entries('anthropic', anywhere, {
      'claude-haiku-4-5': { input: 1, read: 0.1, write: 1.25, output: 5 },
      'claude-sonnet-4-6': { input: 3, read: 0.3, write: 3.75, output: 15 },
      'claude-sonnet-4-5': { input: 3, read: 0.3, write: 3.75, output: 15 },
      'claude-opus-4-1': { input: 15, read: 1.5, write: 18.75, output: 75 },
      'claude-sonnet-5': { input: 2, read: 0.2, write: 2.5, output: 10 },
      'claude-fable-5': { input: 10, read: 1, write: 12.5, output: 50 },
      'claude-opus-4-5': { input: 5, read: 0.5, write: 6.25, output: 25 },
      'claude-opus-4-6': { input: 5, read: 0.5, write: 6.25, output: 25 },
      'claude-opus-4-7': { input: 5, read: 0.5, write: 6.25, output: 25 },
      'claude-opus-4-8': { input: 5, read: 0.5, write: 6.25, output: 25 },
      'claude-opus-5': { input: 5, read: 0.5, write: 6.25, output: 25 },
    }),
    ...entries('google', google, {
      'gemini-2.5-pro': { input: 1.25, read: 0.125, output: 10 },
      'gemini-2.5-flash': { input: 0.3, read: 0.03, output: 2.5 },
      'gemini-2.5-flash-lite': { input: 0.1, read: 0.01, output: 0.4 },
      'gemini-3-pro-preview': { input: 2, read: 0.2, output: 12 },
      'gemini-3.1-pro-preview': { input: 2, read: 0.2, output: 12 },
      'gemini-3-flash-preview': { input: 0.5, read: 0.05, output: 3 },
      'gemini-3.5-flash': { input: 1.5, read: 0.15, output: 9 },
      'gemini-3.6-flash': { input: 0.75, read: 0.075, output: 3.75 },
      'gemini-3.7-flash': { input: 0.75, read: 0.075, output: 3.75 },
      'gemini-embedding-001': { input: 0.15 },
    }),
    ...entries('mistral', ['mistral_ai'], {
      'mistral-large-latest': { input: 2, output: 6 },
      'mistral-medium-latest': { input: 1.5, read: 0.15, output: 7.5 },
      'mistral-small-latest': { input: 0.1, output: 0.3 },
      'mistral-embed': { input: 0.1, output: 0.1 },
    }),
    ...entries('deepseek', ['deepseek'], {
      'deepseek-chat': { input: 0.135, read: 0.035, output: 0.55 },
      'deepseek-reasoner': { input: 0.135, read: 0.035, output: 0.55 },
    }),
    ...entries('x_ai', ['x_ai'], {
      'grok-4': { input: 3, read: 0.75, output: 15 },
      'grok-4-fast': { input: 0.2, read: 0.05, output: 0.5 },
      'grok-4.5': { input: 2, read: 0.3, output: 6 },
    }),
    ...entries('cohere', ['cohere'], {
      'command-r-plus': { input: 2.5, output: 10 },
      'command-a': { input: 2.5, output: 10 },
    }),
    ...entries('groq', ['groq'], {
      'llama-3.3-70b-versatile': { input: 0.59, output: 0.79 },
      'openai/gpt-oss-120b': { input: 0.15, read: 0.075, output: 0.6 },
    }),
    ...entries('moonshot_ai', ['moonshot_ai'], {
      'kimi-k2-thinking': { input: 0.6, read: 0.15, output: 2.5 },
    }),
    ...entries('aws', ['aws.bedrock'], {
      'amazon.nova-pro-v1:0': { input: 0.8, read: 0.2, output: 3.2 },
      'amazon.nova-lite-v1:0': { input: 0.06, read: 0.015, output: 0.24 },
    }),
  ],
};

function entries(
  owner: string,
  providers: readonly string[],
  prices: Readonly<Record<string, ListPrice>>,
): readonly PriceEntry[] {
  return Object.entries(prices).map(([model, price]) => ({
    id: `${owner}/${model}`,
    providers,
    // The model and its dated releases. A plain `-????????` would also take `gpt-4o-realtime`.
    models: [model, `${model}-20??-??-??`, `${model}-20??????`],
    input: price.input,
    cacheRead: price.read ?? price.input,
    cacheWrite: price.write ?? price.input,
    output: price.output ?? 0,
    perCall: 0,
  }));
}
