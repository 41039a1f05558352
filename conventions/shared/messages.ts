/**
 * The messages of a conversation with a language model, in the forms that are sent: lists of `{role, parts: [{type,
 * content}]}` (OpenTelemetry), of `{role, content}` (OpenAI), as decoded values or as JSON in a string; and plain text.
 * Whatever has another form holds no text.
 */

/** Messages of a conversation that are looked at: the last ones. */
export const messagesMax = 1_000;
/** Parts of one message that are looked at. */
const partsMax = 1_000;

export interface Message {
  /** '' where none is named. */
  readonly role: string;
  /** What the person or the model says: text parts, one per line. */
  readonly text: string;
  readonly toolCalls: number;
  /** UTF-16 units of text that nobody says, such as what a tool returned. */
  readonly otherLength: number;
}

/**
 * Undefined where a text begins like JSON and is none: it was cut, or is damaged. Where `mayBePlain`, that is what was said:
 * perhaps an answer that should have been JSON.
 */
export function messagesOf(value: unknown, mayBePlain: boolean): readonly Message[] | undefined {
  const node = typeof value === 'string' ? (parsed(value) ?? (mayBePlain ? value : undefined)) : value;
  if (node === undefined) return undefined;
  if (typeof node === 'string') return node === '' ? [] : [said('', node)];
  if (Array.isArray(node)) return node.slice(-messagesMax).map(messageOf);
  const inner = memberOf(node, 'messages');
  if (Array.isArray(inner)) return inner.slice(-messagesMax).map(messageOf);
  return isMessage(node) ? [messageOf(node)] : [];
}

/** Text of the form `0.role`, `0.content`, … under a common prefix, as older senders flatten a list of messages. */
export function messagesOfFlat(
  entries: Iterable<readonly [name: string, value: string]>,
): readonly Message[] {
  const rows: { role: string; text: string; tools: Set<string> }[] = [];
  for (const [name, value] of entries) {
    const [, place, key, tool] = /^(\d{1,3})\.(role|content|tool_calls\.(\d{1,3})\.\w+)$/.exec(name) ?? [];
    if (place === undefined || key === undefined) continue;
    const at = Number(place);
    while (rows.length <= at) rows.push({ role: '', text: '', tools: new Set() });
    const row = rows[at];
    if (row === undefined) continue;
    if (key === 'role') row.role = value;
    else if (key === 'content') row.text = contentText(value);
    else row.tools.add(tool ?? '');
  }
  return rows.map(({ role, text, tools }) => ({ role, text, toolCalls: tools.size, otherLength: 0 }));
}

/** A content may be text, or a list of parts as JSON. */
function contentText(value: string): string {
  if (!value.startsWith('[{')) return value;
  const parts = parsed(value);
  return Array.isArray(parts) ? messageOf({ parts }).text : value;
}

/** A string that is a JSON list or a message becomes what it says; any other stays text, so an answer in JSON does. */
function parsed(text: string): unknown {
  const first = text.trimStart()[0];
  if (first !== '[' && first !== '{') return text;
  try {
    const value: unknown = JSON.parse(text);
    const isConversation = Array.isArray(value)
      ? value.every((one) => isMessage(one))
      : isMessage(value) || Array.isArray(memberOf(value, 'messages'));
    return isConversation ? value : text;
  } catch {
    // The error quotes the text, which must not leave here; the caller counts it.
    return undefined;
  }
}

function isMessage(node: unknown): boolean {
  return ['parts', 'content', 'role', 'type'].some((key) => memberOf(node, key) !== undefined);
}

function messageOf(node: unknown): Message {
  if (typeof node === 'string') return said('', node);
  const role = textOf(memberOf(node, 'role'));
  const parts = memberOf(node, 'parts') ?? memberOf(node, 'content');
  const calls = memberOf(node, 'tool_calls');
  const ownCalls = Array.isArray(calls) ? calls.length : 0;
  if (typeof parts === 'string' && memberOf(node, 'type') === undefined)
    return { ...said(role, parts), toolCalls: ownCalls };
  return {
    ...joined(role, Array.isArray(parts) ? parts : [node]),
    role,
    ...(ownCalls > 0 && { toolCalls: ownCalls }),
  };
}

function said(role: string, text: string): Message {
  return { role, text, toolCalls: 0, otherLength: 0 };
}

function joined(role: string, parts: readonly unknown[]): Message {
  const texts: string[] = [];
  let [toolCalls, otherLength] = [0, 0];
  for (const part of parts.slice(0, partsMax)) {
    switch (kindOf(part)) {
      case 'text':
        texts.push(partText(part));
        break;
      case 'call':
        toolCalls++;
        break;
      case 'other':
        otherLength += partText(part).length;
    }
  }
  return { role, text: texts.join('\n'), toolCalls, otherLength };
}

function kindOf(part: unknown): 'text' | 'call' | 'other' {
  if (typeof part === 'string') return 'text';
  switch (memberOf(part, 'type')) {
    case undefined:
    case 'text':
    case 'input_text':
    case 'output_text':
    case 'refusal':
      return 'text';
    case 'tool_call':
    case 'tool_use':
    case 'tool-call':
    case 'function_call':
      return 'call';
    default:
      return 'other';
  }
}

function partText(part: unknown): string {
  if (typeof part === 'string') return part;
  for (const key of ['content', 'text', 'refusal', 'response', 'result']) {
    const value = memberOf(part, key);
    if (typeof value === 'string') return value;
  }
  return '';
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Of a decoded map or a parsed object; own members only, so that `constructor` is none. */
function memberOf(node: unknown, key: string): unknown {
  if (node instanceof Map) return (node as ReadonlyMap<string, unknown>).get(key) ?? undefined;
  if (typeof node !== 'object' || node === null || Array.isArray(node) || !Object.hasOwn(node, key)) {
    return undefined;
  }
  return (node as Readonly<Record<string, unknown>>)[key] ?? undefined;
}
