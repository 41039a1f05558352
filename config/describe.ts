import { z } from 'zod';
import { Secret } from '../core/secret.ts';
import type { Registries } from './registries.ts';
import { channelBase, targetBase } from './schema-alerting.ts';
import type { OptionType } from './typed-options.ts';

/** A node of a JSON Schema, as plain data. */
export interface JsonSchema {
  readonly [keyword: string]: unknown;
}

/**
 * kedge.yaml as JSON Schema (2020-12), in its written form: for editors, for the docs, and for the loader,
 * which takes the known keys and the secrets from it. Secrets are marked `writeOnly`.
 */
export function describeSchema(schema: z.ZodType, registries: Registries): JsonSchema {
  const plain = jsonSchemaOf(schema);
  const described = expand(plain, {
    channels: variants(channelBase, registries.channels),
    actions: variants(targetBase, registries.actions),
  });
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'kedge.yaml',
    description: 'Configuration of Kedge, the sidecar that watches AI models.',
    ...(described as JsonSchema),
  };
}

function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      if (makesSecret(zodSchema)) jsonSchema.writeOnly = true;
      // The largest safe integer is zod's, not ours.
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
    },
  }) as JsonSchema;
}

/**
 * A secret is known by what it makes: a `Secret` from a text. Tried with texts that secrets' own checks let
 * pass.
 */
function makesSecret(schema: z.core.$ZodType): boolean {
  if (schema._zod.def.type !== 'pipe') return false;
  const tries = ['kedge', `whsec_${'A'.repeat(43)}=`];
  return tries.some((text) => z.safeParse(schema, text).data instanceof Secret);
}

/** One strict object for each type: the base's keys, `type` and the type's options in one mapping. */
function variants(base: z.ZodType, types: readonly OptionType[]): JsonSchema {
  const head = jsonSchemaOf(base);
  return {
    oneOf: types.map((each) => {
      const options = jsonSchemaOf(each.options as z.ZodType);
      const properties = {
        ...(head['properties'] as object),
        type: { const: each.type, description: each.title },
        ...(options['properties'] as object | undefined),
      };
      return {
        type: 'object',
        title: each.title,
        description: each.description,
        properties,
        required: [...texts(head['required']), 'type', ...texts(options['required'])],
        additionalProperties: false,
      };
    }),
  };
}

/**
 * Puts in what the marks of the schema stand for: `x-variants` (typed-options.ts), `x-shorthand`
 * (schema-rules.ts).
 */
function expand(node: unknown, byMark: Readonly<Record<string, JsonSchema>>): unknown {
  if (Array.isArray(node)) return node.map((item) => expand(item, byMark));
  if (typeof node !== 'object' || node === null) return node;
  const { 'x-variants': mark, 'x-shorthand': shorthand, ...rest } = node as JsonSchema;
  if (typeof mark === 'string') return expand({ ...rest, ...byMark[mark] }, byMark);
  const whole = withFiles(
    Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, expand(value, byMark)])),
  );
  if (typeof shorthand !== 'string') return whole;
  const { description, ...object } = whole;
  const bare = (object['properties'] as Readonly<Record<string, JsonSchema>> | undefined)?.[shorthand];
  return { description, anyOf: bare === undefined ? [object] : [bare, object] };
}

/** A secret may come from a file: beside `password` there is `password_file`. */
function withFiles(node: JsonSchema): JsonSchema {
  const properties = (node['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>;
  const secrets = Object.keys(properties).filter((name) => isSecret(properties[name]));
  if (secrets.length === 0) return node;
  const required = texts(node['required']);
  const either = required
    .filter((name) => secrets.includes(name))
    .map((name) => ({ anyOf: [{ required: [name] }, { required: [`${name}_file`] }] }));
  return {
    ...node,
    properties: Object.fromEntries(
      Object.entries(properties).flatMap(([name, property]) =>
        isSecret(property)
          ? [
              [name, property],
              [`${name}_file`, fileProperty(name, property)],
            ]
          : [[name, property]],
      ),
    ),
    ...(required.length === 0 ? {} : { required: required.filter((name) => !secrets.includes(name)) }),
    ...(either.length === 0 ? {} : { allOf: either }),
  };
}

/** Also a list of secrets. */
function isSecret(property: JsonSchema | undefined): boolean {
  const items = property?.['items'] as JsonSchema | undefined;
  return property?.['writeOnly'] === true || items?.['writeOnly'] === true;
}

/** Marked `x-file`, so that the loader can tell it from an option that happens to end in `_file`. */
function fileProperty(name: string, property: JsonSchema): JsonSchema {
  const path = { type: 'string', minLength: 1 };
  const isList = property['type'] === 'array';
  return {
    description: isList
      ? `A file for each of \`${name}\`: one path, or a list of paths.`
      : `Path of a file that holds \`${name}\`.`,
    'x-file': true,
    ...(isList ? { anyOf: [path, { type: 'array', items: path }] } : path),
  };
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
