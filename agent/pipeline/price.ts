import type { PriceBook, PriceEntry } from '../../config/config.ts';
import { globMatches } from '../../core/glob.ts';
import type { Call, Tokens } from '../../core/observation.ts';
import type { Meter } from '../../core/ports.ts';
import { nameLengthMax } from './names.ts';

/**
 * Which entry prices which (provider, model, version), remembered; when it is full all are forgotten, at a
 * cost of time only.
 */
const decisionsMax = 1_000;

const perMillion = 1e-6;
const modelUnknown = { reason: 'model_unknown' } as const;
const tokensUnknown = { reason: 'tokens_unknown' } as const;

/** Gives a call its cost, or hands it back as it is where none is known. */
export type Pricer = (call: Call) => Call;

/**
 * A cost that the sender reported is kept. A failed call without tokens costs nothing. A model call without a
 * price, or without tokens, has no cost, which is not 0, and is counted by reason; predictions are priced per
 * call only, and one without a price is no gap.
 */
export function createPricer(book: PriceBook, meter: Meter): Pricer {
  const shelf = new PriceShelf(book);
  return (call) => {
    if (call.cost !== undefined && call.cost.amountUsd > 0) return call;
    if (call.kind === 'prediction') return pricePrediction(call, shelf);
    if (call.result === 'error' && call.tokens === undefined) return withCost(call, 0);
    const entry = shelf.find(call.provider, call.version, call.model);
    if (entry === undefined) {
      meter.add('unpriced', 1, modelUnknown);
      return call;
    }
    if (call.tokens === undefined) {
      meter.add('unpriced', 1, tokensUnknown);
      return call;
    }
    return withCost(call, costOf(call.tokens, entry));
  };
}

/** A version such as `7.2.0` names no price: only the model does. */
function pricePrediction(call: Call, shelf: PriceShelf): Call {
  if (!shelf.hasCallPrices) return call;
  const perCall = shelf.find('', '', call.model)?.perCall ?? 0;
  if (perCall === 0) return call;
  return withCost(call, call.result === 'error' ? 0 : perCall);
}

function withCost(call: Call, amountUsd: number): Call {
  return { ...call, cost: { amountUsd, source: 'priced' } };
}

/** `input` includes cached tokens, `output` includes reasoning, which costs as much. */
function costOf(tokens: Tokens, entry: PriceEntry): number {
  const fresh = Math.max(0, tokens.input - tokens.cachedRead - tokens.cachedWrite);
  const millionths =
    fresh * entry.input +
    tokens.cachedRead * entry.cacheRead +
    tokens.cachedWrite * entry.cacheWrite +
    tokens.output * entry.output;
  return millionths * perMillion + entry.perCall;
}

/** The entries of a book, and what was decided about the models seen so far. */
class PriceShelf {
  readonly hasCallPrices: boolean;
  readonly #entries: readonly PriceEntry[];
  readonly #decisions = new Map<string, PriceEntry | undefined>();

  /** Of entries with one id the first counts, so that the user's own replace the shipped ones. */
  constructor(book: PriceBook) {
    const byId = new Map<string, PriceEntry>();
    for (const entry of book.entries) if (!byId.has(entry.id)) byId.set(entry.id, entry);
    this.#entries = [...byId.values()];
    this.hasCallPrices = this.#entries.some((entry) => entry.perCall > 0);
  }

  /** The entry for the name that answered, else for the one that was asked; '' stands for not known. */
  find(provider: string, answered: string, asked: string): PriceEntry | undefined {
    // Names that long are refused further on, and would make the memory of decisions as large as the sender
    // likes.
    if (Math.max(provider.length, answered.length, asked.length) > nameLengthMax) return undefined;
    const key = `${provider}\n${answered}\n${asked}`;
    const known = this.#decisions.get(key);
    if (known !== undefined || this.#decisions.has(key)) return known;
    const entry = this.#match(provider, answered) ?? this.#match(provider, asked);
    if (this.#decisions.size >= decisionsMax) this.#decisions.clear();
    this.#decisions.set(key, entry);
    return entry;
  }

  /** Exact names go before patterns, and within each the order of the book decides. */
  #match(provider: string, name: string): PriceEntry | undefined {
    if (name === '') return undefined;
    const exact = this.#entries.filter((entry) => entry.models.includes(name));
    const fitting = choose(exact, provider);
    if (fitting !== undefined) return fitting;
    return choose(
      this.#entries.filter((entry) => entry.models.some((glob) => globMatches(glob, name))),
      provider,
    );
  }
}

/**
 * Where the provider is not known and prices differ by provider, only a single candidate is a price and not a
 * guess.
 */
function choose(candidates: readonly PriceEntry[], provider: string): PriceEntry | undefined {
  if (provider !== '') {
    return candidates.find(({ providers }) => providers.length === 0 || providers.includes(provider));
  }
  const [first] = candidates;
  return candidates.length === 1 || first?.providers.length === 0 ? first : undefined;
}
