import { z } from 'zod';
import { glob, name } from './schema-rules.ts';

/** Declarations, at most. */
const segmentsDeclaredMax = 10;
const fieldsMax = 3;

const source = () =>
  z
    .string()
    .max(200)
    .regex(
      /^(?:(?:input|output)\..+|version|provider|role)$/,
      'expected input.<name>, output.<name>, version, provider or role',
    );

const segment = z.strictObject({
  name: name().describe('A unique name; a segment is then called `name=value`.'),
  from: z
    .union([source(), z.array(source()).min(1).max(fieldsMax)])
    .describe(
      'Field that tells the segment: `input.<name>`, `output.<name>`, `version`, `provider`, `role`; or a list of up to three, whose values together are one.',
    ),
  model: glob().default('*').describe('Names of models, as a pattern.'),
  environment: glob().default('*').describe('Names of environments, as a pattern.'),
  values: z
    .array(z.string().min(1).max(128))
    .min(1)
    .max(200)
    .optional()
    .describe(
      'The values that get a segment; of several fields joined by `|`. Without it those that come, each with its 50th row.',
    ),
  max: z
    .int()
    .min(1)
    .max(200)
    .default(20)
    .describe('Values with a segment of their own; all others are counted in `other`.'),
});

export type SegmentForm = z.infer<typeof segment>;

export const segmentsSchema = () =>
  z
    .array(segment)
    .max(segmentsDeclaredMax)
    .default([])
    .describe('Parts of the traffic whose signals are series of their own, with their own reference.');
