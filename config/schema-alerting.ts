import { z } from 'zod';
import { defaults } from './defaults.ts';
import type { Registries } from './registries.ts';
import { duration, size } from './scalars.ts';
import { glob, name, severity } from './schema-rules.ts';
import { typedOptions } from './typed-options.ts';

const channelsMax = 50;
const routesMax = 100;
const hourMs = 3_600_000;

const match = () =>
  z.strictObject({
    environment: glob().optional().describe('Pattern for the environment.'),
    model: glob().optional().describe('Pattern for the model.'),
    version: glob().optional().describe('Pattern for the version.'),
    rule: glob().optional().describe('Pattern for the name of the rule.'),
    class: glob().optional().describe('`drift`, `latency`, `cost` or `error`, or a pattern.'),
    signal: glob().optional().describe('Pattern for the signal.'),
    segment: glob().optional().describe('Pattern for the declared segment, such as `city=*`.'),
    severity: glob().optional().describe('`info`, `warning`, `major` or `critical`, or a pattern.'),
  });

const routeTiming = {
  group_wait: duration().optional().describe('Overrides `alerting.defaults.group_wait` here and below.'),
  group_interval: duration().optional().describe('Overrides `alerting.defaults.group_interval`.'),
  repeat_interval: duration().optional().describe('Overrides `alerting.defaults.repeat_interval`.'),
  send_resolved: z.boolean().optional().describe('Overrides `alerting.defaults.send_resolved`.'),
};

const routeShape = {
  channels: z
    .array(z.string())
    .max(channelsMax)
    .default([])
    .describe('Names of channels: for what no route below takes. Without it, those of the route above.'),
  match: match().prefault({}).describe('Labels of the alerts it takes; without it, all.'),
  continue: z.boolean().default(false).describe('Go on to the next route also when this one has matched.'),
  ...routeTiming,
};

/** A route as the schema hands it on. */
export interface RouteForm extends z.infer<z.ZodObject<typeof routeShape>> {
  readonly routes: readonly RouteForm[];
}

const route: z.ZodType<RouteForm> = z.strictObject({
  ...routeShape,
  get routes() {
    return z
      .array(route)
      .max(routesMax)
      .default([])
      .describe('Routes below this one: the first that matches takes the alert.');
  },
}) as never;

export const channelBase = z.strictObject({
  name: name().describe('A unique name: routes, metrics and queued messages use it.'),
});

export function alertingSchema(registries: Registries) {
  return z.strictObject({
    group_by: z
      .array(z.enum(['environment', 'model', 'version', 'rule', 'signal']))
      .max(5)
      .default(['environment', 'model'])
      .describe('Alerts with equal values of these belong to one incident, and so to one message.'),
    reopen_window: duration()
      .prefault('15m')
      .describe('An alert that fires again within this time joins the incident it had.'),
    defaults: z
      .strictObject({
        group_wait: duration()
          .prefault(defaults.groupWait)
          .describe('Time to collect alerts of one cause before the first message.'),
        group_interval: duration()
          .prefault(defaults.groupInterval)
          .describe('Least time between two updates of one incident.'),
        repeat_interval: duration(1)
          .prefault(defaults.repeatInterval)
          .describe('A reminder after so much time without change.'),
        send_resolved: z.boolean().default(true).describe('Tell also when all is well again.'),
      })
      .prefault({})
      .describe('Timing of every route that does not say otherwise.'),
    channels: z
      .array(typedOptions(channelBase, registries.channels, 'channels'))
      .max(channelsMax)
      .default([])
      .describe(
        'Ways to tell people or machines. None: alerts are in the log, the metrics and the API only.',
      ),
    route: route.optional().describe('Who is told what. Without it every channel is told everything.'),
    outbox: z
      .strictObject({
        rows_max: z.int().min(100).max(1_000_000).default(10_000).describe('Messages waiting, at most.'),
        bytes_max: size(65_536).prefault('64MiB').describe('Their bytes, at most.'),
        max_age: duration(60_000).prefault('72h').describe('A message not accepted for so long is given up.'),
      })
      .prefault({})
      .describe('The durable queue of messages.'),
  });
}

export type AlertingForm = z.infer<ReturnType<typeof alertingSchema>>;

export const targetBase = z.strictObject({
  name: name().describe('A unique name.'),
  model: z.string().min(1).describe('The model it can roll back, by its exact name.'),
  environment: z
    .string()
    .min(1)
    .optional()
    .describe('Its environment; without it, the one at the top of this file.'),
});

const policy = z.strictObject({
  name: name().describe('A unique name; it is part of the identity of a rollback.'),
  target: z.string().describe('Name of the target to call.'),
  mode: z
    .enum(['off', 'dry_run', 'auto'])
    .default('dry_run')
    .describe('`dry_run` decides, records and tells what it would have done; `auto` calls the target.'),
  rules: z
    .array(glob())
    .min(1)
    .max(100)
    .default(['output_*'])
    .describe('Patterns for the names of the rules that may ask for it.'),
  min_severity: severity().default('critical').describe('Alerts below it do not ask for it.'),
  cooldown: duration().prefault('6h').describe('No second call to the target within this time.'),
  max_per_day: z.int().min(1).max(100).default(1).describe('Calls to the target in 24 hours, at most.'),
  max_version_age: duration(1).prefault('7d').describe('A version older than this is not blamed.'),
  expires: duration(1_000, 24 * hourMs)
    .prefault('30m')
    .describe('The receiver refuses the call after this time.'),
});

export function rollbackSchema(registries: Registries) {
  return z.strictObject({
    targets: z
      .array(typedOptions(targetBase, registries.actions, 'actions'))
      .max(100)
      .default([])
      .describe('What can be rolled back, and how.'),
    policies: z.array(policy).max(100).default([]).describe('When it is to be rolled back.'),
  });
}

export type RollbackForm = z.infer<ReturnType<typeof rollbackSchema>>;
