/** The names of the GenAI semantic conventions, by other spellings seen or documented. */
const folded: ReadonlyMap<string, string> = new Map([
  ['gemini', 'gcp.gemini'],
  ['google', 'gcp.gemini'],
  ['vertex_ai', 'gcp.vertex_ai'],
  ['vertexai', 'gcp.vertex_ai'],
  ['bedrock', 'aws.bedrock'],
  ['aws_bedrock', 'aws.bedrock'],
  ['azure', 'azure.ai.openai'],
  ['xai', 'x_ai'],
  ['mistral', 'mistral_ai'],
  ['moonshot', 'moonshot_ai'],
  ['moonshotai', 'moonshot_ai'],
]);

/**
 * What follows the first dot of these names an interface of the provider (`openai.responses`), not another
 * provider.
 */
const cutAtDot: ReadonlySet<string> = new Set(['openai', 'anthropic', 'google', 'mistral', 'cohere']);

/** One spelling per provider, lower-case; an unknown provider keeps its own, and '' stays ''. */
export function foldProvider(name: string): string {
  let provider = name.toLowerCase();
  const dot = provider.indexOf('.');
  if (dot > 0 && cutAtDot.has(provider.slice(0, dot))) provider = provider.slice(0, dot);
  if (provider.startsWith('az.ai.')) return `azure.ai.${provider.slice('az.ai.'.length)}`;
  return folded.get(provider) ?? provider;
}
