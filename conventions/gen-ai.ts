import { Fields } from '../core/fields.ts';
import type { Cost } from '../core/observation.ts';
import type { AttributeView, Convention, Item, Key, KeyRegistry, Normalise, Sink } from './convention.ts';
import { type ContextReader, createContextReader } from './shared/context.ts';
import { createConversationReader, type ReadConversation } from './shared/conversation.ts';
import { foldFinishReason } from './shared/finish-reason.ts';
import { withoutDateTail } from './shared/model-name.ts';
import { foldProvider } from './shared/provider.ts';
import { createWeightReader, type ReadWeight } from './shared/sampling-weight.ts';
import { createTokenReader, type ReadTokens } from './shared/tokens.ts';
import { amountOf } from './shared/values.ts';

/**
 * Calls of language models as OpenTelemetry's GenAI conventions write them, today's names and those up to
 * 1.36 side by side: one body may hold both. Spans count; log records only carry prompt text, which is left
 * where it is.
 */
export const genAi: Convention = {
  name: 'gen_ai',
  title: 'OpenTelemetry GenAI',
  stability: 'beta',
  rank: 20,
  create: (keys) => new GenAiReader(keys).normalise,
};

const callOperations: ReadonlySet<string> = new Set([
  'chat',
  'generate_content',
  'text_completion',
  'embeddings',
]);

/** Recognised, but no calls of a model: what they wrap has a span of its own. */
const otherOperations: ReadonlySet<string> = new Set([
  'invoke_agent',
  'create_agent',
  'agent_step',
  'invoke_workflow',
  'plan',
  'execute_tool',
  'retrieval',
]);

/**
 * Marks of other vocabularies. Some borrow gen_ai names on wrappers, so that without them every call would
 * count twice.
 */
const foreignMarks = [
  'ai.operationId',
  'openinference.span.kind',
  'langfuse.observation.type',
  'traceloop.span.kind',
  'mlflow.spanType',
] as const;

type Role = 'call' | 'other' | 'foreign';

interface GenAiKeys {
  readonly operation: Key;
  readonly provider: Key;
  readonly system: Key;
  readonly asked: Key;
  readonly answered: Key;
  readonly finishReasons: Key;
  readonly stopReason: Key;
  readonly firstToken: readonly Key[];
  readonly cost: Key;
  readonly errorType: Key;
  readonly foreign: readonly Key[];
}

function registerKeys(keys: KeyRegistry): GenAiKeys {
  return {
    operation: keys.key('gen_ai.operation.name'),
    provider: keys.key('gen_ai.provider.name'),
    system: keys.key('gen_ai.system'),
    asked: keys.key('gen_ai.request.model'),
    answered: keys.key('gen_ai.response.model'),
    finishReasons: keys.key('gen_ai.response.finish_reasons'),
    stopReason: keys.key('anthropic.message.stop_reason'),
    firstToken: [
      keys.key('gen_ai.response.time_to_first_chunk'),
      keys.key('gen_ai.client.operation.time_to_first_chunk'),
      keys.key('gen_ai.server.time_to_first_token'),
    ],
    cost: keys.key('gen_ai.usage.cost'),
    errorType: keys.key('error.type'),
    foreign: foreignMarks.map((name) => keys.key(name)),
  };
}

class GenAiReader {
  readonly #keys: GenAiKeys;
  readonly #context: ContextReader;
  readonly #readWeight: ReadWeight;
  readonly #readTokens: ReadTokens;
  readonly #readConversation: ReadConversation;
  readonly #inputs = new Fields();
  readonly #outputs = new Fields();

  constructor(keys: KeyRegistry) {
    this.#keys = registerKeys(keys);
    this.#context = createContextReader(keys);
    this.#readWeight = createWeightReader(keys);
    this.#readTokens = createTokenReader(keys);
    this.#readConversation = createConversationReader(keys);
  }

  readonly normalise: Normalise = (item, sink) => {
    if (item.kind === 'log') return item.name.startsWith('gen_ai.');
    const role = this.#roleOf(item.attributes);
    if (role === 'call') this.#call(item, sink);
    return role !== 'foreign';
  };

  /**
   * The operation decides where it is known; else a model and its provider make a call, unless the span is
   * another's.
   */
  #roleOf(attributes: AttributeView): Role {
    const keys = this.#keys;
    const operation = attributes.text(keys.operation);
    if (callOperations.has(operation)) return 'call';
    if (otherOperations.has(operation)) return 'other';
    if (attributes.text(keys.asked) === '') return operation === '' ? 'foreign' : 'other';
    const named = attributes.text(keys.system) !== '' || attributes.text(keys.provider) !== '';
    if (!named || keys.foreign.some((key) => attributes.kind(key) !== 'absent')) return 'foreign';
    return 'call';
  }

  #call(item: Item, sink: Sink): void {
    const { attributes } = item;
    const keys = this.#keys;
    const failed = item.failed || attributes.text(keys.errorType) !== '';
    const answered = attributes.text(keys.answered);
    const asked = attributes.text(keys.asked);
    const { weight, known } = this.#readWeight(item, sink);
    this.#outputs.clear();
    if (!failed) this.#readFinishReason(attributes);
    sink.call({
      kind: 'inference',
      idHigh: item.idHigh,
      idLow: item.idLow,
      timeMs: item.timeMs,
      model: withoutDateTail(asked || answered),
      version: answered,
      environment: this.#context.environment(item),
      provider: foldProvider(attributes.text(keys.provider) || attributes.text(keys.system)),
      role: this.#context.role(item, sink),
      inputs: this.#inputs,
      outputs: this.#outputs,
      contents: this.#readConversation(item, failed, sink),
      latencyMs: item.durationMs,
      firstTokenMs: this.#firstTokenMs(attributes, sink),
      cost: failed ? undefined : this.#reportedCost(attributes, sink),
      tokens: this.#readTokens(item, { failed, embeds: this.#embeds(attributes) }, sink),
      result: failed ? 'error' : 'ok',
      traceId: () => item.traceId(),
      transactionId: this.#context.transaction(item),
      root: item.root,
      weight,
      weightKnown: known,
      convention: genAi.name,
    });
  }

  /**
   * A model that was asked for several answers gives several reasons; the first one stands for the call.
   * Anthropic's SDK has a name of its own.
   */
  #readFinishReason(attributes: AttributeView): void {
    const key = this.#keys.finishReasons;
    const kind = attributes.kind(key);
    const value = kind === 'list' ? attributes.value(key) : undefined;
    const first = Array.isArray(value)
      ? value[0]
      : attributes.text(key) || attributes.text(this.#keys.stopReason);
    if (typeof first === 'string' && first !== '') {
      this.#outputs.addLevel('finish_reason', foldFinishReason(first));
    }
  }

  #embeds(attributes: AttributeView): boolean {
    const operation = attributes.text(this.#keys.operation);
    if (callOperations.has(operation)) return operation === 'embeddings';
    return attributes.text(this.#keys.asked).includes('embed');
  }

  /** Seconds on the wire. */
  #firstTokenMs(attributes: AttributeView, sink: Sink): number {
    const key = this.#keys.firstToken.find((candidate) => attributes.kind(candidate) !== 'absent');
    return key === undefined ? Number.NaN : amountOf(attributes, key, sink) * 1000;
  }

  /** Clients that know no price report 0: that is no cost. */
  #reportedCost(attributes: AttributeView, sink: Sink): Cost | undefined {
    const amountUsd = amountOf(attributes, this.#keys.cost, sink);
    return amountUsd > 0 ? { amountUsd, source: 'reported' } : undefined;
  }
}
