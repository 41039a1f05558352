import type { z } from 'zod';

type RawIssue = z.core.$ZodRawIssue;

const nouns: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping of keys to values',
  record: 'a mapping of keys to values',
};

/**
 * Zod's error map: what was expected, in our words, without the value that came (it may be a secret;
 * faults.ts adds it where it may be shown). A message given in a schema itself comes before this one.
 */
export function explain(issue: RawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${nouns[issue.expected] ?? issue.expected}`;
    case 'too_small':
      return `expected ${bound(issue.origin, issue.inclusive === false ? '>' : '≥', issue.minimum)}`;
    case 'too_big':
      return `expected ${bound(issue.origin, issue.inclusive === false ? '<' : '≤', issue.maximum)}`;
    case 'not_multiple_of':
      return `expected a multiple of ${issue.divisor}`;
    case 'invalid_value':
      return `expected ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.map(String).join(', ')}`;
    case 'invalid_format':
      return `expected ${format(issue)}`;
    case 'invalid_union':
      return `expected ${alternatives(issue.errors)}`;
    case 'unrecognized_keys':
      return 'unknown key';
    default:
      return undefined;
  }
}

function bound(origin: string, relation: '>' | '≥' | '<' | '≤', limit: number | bigint): string {
  const words = { '>': 'more than', '≥': 'at least', '<': 'less than', '≤': 'at most' }[relation];
  switch (origin) {
    case 'string':
      return limit === 1 && relation === '≥' ? 'a text that is not empty' : `${words} ${limit} characters`;
    case 'array':
    case 'set':
      return `${words} ${limit} ${Number(limit) === 1 ? 'item' : 'items'}`;
    default:
      return `a number ${relation} ${limit}`;
  }
}

function format(issue: Extract<RawIssue, { code: 'invalid_format' }>): string {
  switch (issue.format) {
    case 'url':
      return 'a URL';
    case 'email':
      return 'an e-mail address';
    case 'regex':
      return `a text of the form ${String(issue['pattern'])}`;
    case 'starts_with':
      return `a text that starts with ${String(issue['prefix'])}`;
    default:
      return `a valid ${issue.format}`;
  }
}

/** The distinct things the branches of a union would have taken. */
function alternatives(errors: readonly (readonly z.core.$ZodIssue[])[]): string {
  const wanted = errors.flatMap((branch) => branch.slice(0, 1).map((issue) => issue.message));
  const phrases = wanted.map((message) => message.replace(/^expected /, ''));
  return phrases.length > 0 ? [...new Set(phrases)].join(' or ') : 'another value';
}
