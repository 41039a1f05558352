/** Why a model stopped, in the one spelling Kedge keeps. */
export type FinishReason = 'stop' | 'length' | 'tool_call' | 'content_filter' | 'other';

const reasons: ReadonlyMap<string, FinishReason> = new Map<string, FinishReason>([
  ['tool_calls', 'tool_call'],
  ['tool_call', 'tool_call'],
  ['tool-calls', 'tool_call'],
  ['tool_use', 'tool_call'],
  ['function_call', 'tool_call'],
  ['stop', 'stop'],
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop'],
  ['completed', 'stop'],
  ['length', 'length'],
  ['max_tokens', 'length'],
  ['max_output_tokens', 'length'],
  ['incomplete', 'length'],
  ['content_filter', 'content_filter'],
  ['content-filter', 'content_filter'],
  ['refusal', 'content_filter'],
  ['safety', 'content_filter'],
]);

/** Providers and instrumentations spell the same reason differently; whatever is not known is `other`. */
export function foldFinishReason(text: string): FinishReason {
  return reasons.get(text.toLowerCase()) ?? 'other';
}
