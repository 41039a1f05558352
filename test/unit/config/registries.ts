import { z } from 'zod';
import { type ActionAdapter, defineAction } from '../../../alerts/action.ts';
import { type Channel, defineChannel } from '../../../alerts/channel.ts';
import { secretOption, signingSecretOption, urlOption } from '../../../alerts/options.ts';
import type { Registries } from '../../../config/schema.ts';
import type { RuleClass } from '../../../core/rule.ts';
import { type Detector, defineDetector } from '../../../detectors/detector.ts';

/*
 * Small plug-ins to test the loader with: their options are of every kind the loader treats specially
 * (shorthand, secret, nested, required, refined as a whole), and do not change when real plug-ins do.
 */

const detector = (type: string, ruleClass: RuleClass, options: z.ZodType, shorthand?: string): Detector =>
  defineDetector({
    type,
    title: type,
    stability: 'alpha',
    description: `Judges by ${type}.`,
    class: ruleClass,
    scales: ['numeric'],
    needsReference: false,
    options,
    ...(shorthand === undefined ? {} : { shorthand }),
    examples: [],
    judge: () => ({ status: 'ok', size: { reference: 0, current: 0 }, reason: '', evidence: [] }),
  });

const limit = z.strictObject({ max: z.number().min(0).describe('The limit.') });

const channel = (type: string, options: z.ZodType): Channel =>
  defineChannel({
    type,
    title: type,
    stability: 'alpha',
    description: `Tells by ${type}.`,
    options,
    recipients: () => [],
    render: () => '',
    send: () => Promise.resolve({ outcome: 'sent' as const }),
    examples: [],
  });

const webhookOptions = z.strictObject({
  url: urlOption('Where to post.'),
  secrets: z.array(signingSecretOption('A secret.')).max(2).default([]).describe('They sign the body.'),
  headers: z.record(z.string(), secretOption('A value.')).default({}).describe('Further headers.'),
  format: z.enum(['cloudevents', 'alertmanager']).default('cloudevents').describe('Form of the body.'),
});

const action: ActionAdapter = defineAction({
  type: 'webhook',
  title: 'webhook',
  stability: 'alpha',
  description: 'Calls a webhook.',
  options: webhookOptions,
  render: () => '',
  send: () => Promise.resolve({ outcome: 'sent' as const }),
  examples: [],
});

export const registries: Registries = {
  detectors: [
    {
      ...detector(
        'drift',
        'drift',
        z.strictObject({ min_effect: z.number().default(0.01).describe('Floor.') }),
      ),
      ladder: true,
    },
    detector(
      'psi',
      'drift',
      z.strictObject({
        threshold: z.number().positive().optional().describe('Raw threshold.'),
        min_rows: z.int().min(1).default(200).describe('Rows needed.'),
      }),
      'threshold',
    ),
    detector('ks', 'drift', z.strictObject({ p: z.number().gt(0).lt(1).optional().describe('Raw p.') })),
    detector(
      'quantile_limit',
      'latency',
      limit.extend({ quantile: z.number().gt(0).lt(1).default(0.95).describe('Which quantile.') }),
      'max',
    ),
    detector(
      'share_limit',
      'error',
      limit.extend({ max: z.number().positive().lt(1).describe('The limit.') }),
      'max',
    ),
    detector('mean_limit', 'cost', limit, 'max'),
    detector('total_limit', 'cost', limit, 'max'),
  ],
  channels: [
    channel('webhook', webhookOptions),
    channel(
      'email',
      z.strictObject({
        smtp: z
          .strictObject({
            host: z.string().min(1).describe('Server.'),
            port: z.int().min(1).max(65_535).default(587).describe('Port.'),
            user: z.string().optional().describe('User.'),
            password: secretOption('Password.').optional(),
          })
          .refine((smtp) => (smtp.user === undefined) === (smtp.password === undefined), {
            error: 'user and password belong together; give both or none',
          })
          .describe('The mail server.'),
        to: z.array(z.email()).min(1).describe('Recipients.'),
      }),
    ),
  ],
  actions: [action],
};
