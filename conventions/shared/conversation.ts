import { Fields } from '../../core/fields.ts';
import type { Contents, NamedWords } from '../../core/observation.ts';
import type { AttributeView, Item, Key, KeyRegistry, Prefix, Sink } from '../convention.ts';
import { type Message, messagesOf, messagesOfFlat } from './messages.ts';
import { addText, hashWords, textNames } from './text-fields.ts';

/**
 * Prompt and answer of a model call as fields, `undefined` where it has none or is not to be read. Of a failed call the
 * answer is not read. Valid until the next call.
 */
export type ReadConversation = (item: Item, failed: boolean, sink: Sink) => Contents | undefined;

/** Texts of one call, in the names of today and those up to 1.36: a list under one name, or flattened under a prefix. */
interface Side {
  readonly list: Key;
  /** May also be plain text. */
  readonly old: Key;
  readonly flat: Prefix;
}

const prompt = textNames('prompt');
const answer = textNames('answer');

/**
 * `prompt` is what the person said last, `answer` what the model said first (a model asked for several answers gives
 * several). `prompt.messages` counts the conversation, `prompt.context_characters` everything the model was given, with
 * instructions, documents and results of tools; `answer.tool_calls` counts what it asked for.
 */
export function createConversationReader(keys: KeyRegistry): ReadConversation {
  const given: Side = {
    list: keys.key('gen_ai.input.messages'),
    old: keys.key('gen_ai.prompt'),
    flat: keys.prefix('gen_ai.prompt.'),
  };
  const returned: Side = {
    list: keys.key('gen_ai.output.messages'),
    old: keys.key('gen_ai.completion'),
    flat: keys.prefix('gen_ai.completion.'),
  };
  const instructions = keys.key('gen_ai.system_instructions');
  const scratch = new Fields();
  const inputs = new Fields();
  const outputs = new Fields();
  return (item, failed, sink) => {
    const { attributes } = item;
    const hasPrompt = isThere(attributes, given);
    const hasAnswer = !failed && isThere(attributes, returned);
    if (!hasPrompt && !hasAnswer) return undefined;
    const weight = sink.contentWeight(item);
    if (weight === 0) return undefined;
    inputs.clear();
    outputs.clear();
    const words: NamedWords[] = [];
    if (hasPrompt) {
      const around = messagesAt(attributes, instructions, true, sink) ?? [];
      words.push(...addPrompt(inputs, readSide(attributes, given, scratch, sink), around));
    }
    if (hasAnswer) words.push(...addAnswer(outputs, readSide(attributes, returned, scratch, sink)));
    if (inputs.size === 0 && outputs.size === 0) return undefined;
    return { inputs, outputs, vectors: [], words, weight };
  };
}

function isThere(attributes: AttributeView, { list, old, flat }: Side): boolean {
  if (attributes.kind(list) !== 'absent' || attributes.kind(old) !== 'absent') return true;
  return attributes.anyUnder(flat);
}

function readSide(attributes: AttributeView, side: Side, scratch: Fields, sink: Sink): readonly Message[] {
  const messages =
    messagesAt(attributes, side.list, false, sink) ?? messagesAt(attributes, side.old, true, sink);
  if (messages !== undefined) return messages;
  scratch.clear();
  attributes.fieldsUnder(side.flat, scratch);
  return messagesOfFlat(levelsOf(scratch));
}

/** Undefined where there are none, or none that can be read: then it is counted. */
function messagesAt(
  attributes: AttributeView,
  key: Key,
  mayBePlain: boolean,
  sink: Sink,
): readonly Message[] | undefined {
  const kind = attributes.kind(key);
  if (kind === 'absent' || kind === 'null') return undefined;
  const value = kind === 'text' ? attributes.text(key) : attributes.value(key);
  const messages = messagesOf(value ?? null, mayBePlain);
  if (messages === undefined) sink.malformed('json', 1);
  else if (kind !== 'text' && kind !== 'list' && kind !== 'map') sink.malformed('type', 1);
  return messages;
}

function* levelsOf(fields: Fields): Generator<readonly [string, string]> {
  for (let i = 0; i < fields.size; i++) {
    if (fields.kind(i) === 'level') yield [fields.names[i] as string, fields.levels[i] as string];
  }
}

function addPrompt(
  fields: Fields,
  messages: readonly Message[],
  around: readonly Message[],
): readonly NamedWords[] {
  if (messages.length === 0) return [];
  fields.addNumber('prompt.messages', messages.length);
  let length = 0;
  for (const { text, otherLength } of [...messages, ...around]) length += text.length + otherLength;
  fields.addNumber('prompt.context_characters', length);
  const last = messages.findLast(({ role, text }) => isPerson(role) && text !== '');
  if (last === undefined) return [];
  return [hashWords('inputs', prompt.text, addText(fields, prompt, last.text, 'text'))];
}

function isPerson(role: string): boolean {
  return role === '' || role === 'user' || role === 'human';
}

/** A call that only asks for tools says nothing, which is no empty answer. */
function addAnswer(fields: Fields, messages: readonly Message[]): readonly NamedWords[] {
  if (messages.length === 0) return [];
  let toolCalls = 0;
  for (const message of messages) toolCalls += message.toolCalls;
  fields.addNumber('answer.tool_calls', toolCalls);
  const text = messages.find((message) => message.text !== '')?.text ?? '';
  if (text === '' && toolCalls > 0) return [];
  return [hashWords('outputs', answer.text, addText(fields, answer, text, 'answer'))];
}
