import { z } from 'zod';
import { defaults } from './defaults.ts';
import type { Registries } from './registries.ts';
import { duration, rate, size } from './scalars.ts';
import { alertingSchema, rollbackSchema } from './schema-alerting.ts';
import { budgetSchema, glob, name, ruleSchema, rulesMax } from './schema-rules.ts';
import { segmentsSchema } from './schema-segments.ts';

export type { Registries } from './registries.ts';

const secondMs = 1_000;
const dayMs = 86_400_000;

const host = () => z.string().min(1).max(255);
const port = () => z.int().min(0).max(65_535);
const text = () => z.string().min(1).max(4_096);

const receivers = () =>
  z.strictObject({
    otlp_http: z
      .strictObject({
        host: host().default('127.0.0.1').describe('Address to listen on.'),
        port: port().default(defaults.otlpPort).describe('Port; 0: any free one.'),
        body_max: size(1_024)
          .prefault('20MiB')
          .describe('Bytes of a request, before and after decompression.'),
        requests_in_work_max: z
          .int()
          .min(1)
          .max(100_000)
          .default(256)
          .describe('Requests under way; the next one is answered 503 with Retry-After.'),
        inflight_bytes_max: size(1_024)
          .prefault('64MiB')
          .describe('Bytes of all requests under way together; at least `body_max`.'),
      })
      .prefault({})
      .describe('OpenTelemetry over HTTP: `POST /v1/traces` and `/v1/logs`, protobuf or JSON.'),
  });

const admin = () =>
  z.strictObject({
    host: host().default('127.0.0.1').describe('Address to listen on.'),
    port: port().default(defaults.adminPort).describe('Port; 0: any free one.'),
    token_file: text()
      .optional()
      .describe(
        'A file with the token that whoever changes something must send; without it nothing can be changed.',
      ),
  });

const windows = () =>
  z.strictObject({
    pane: duration(100, dayMs)
      .prefault(defaults.pane)
      .describe('The grain of event time: windows are made of whole panes.'),
    allowed_lateness: duration(0, dayMs)
      .prefault('1m')
      .describe('How long a pane stays open for rows that come late; later ones are counted as late.'),
    tick: duration(10, 60 * secondMs)
      .prefault('1s')
      .describe('How often panes are closed and windows judged.'),
  });

const limits = () =>
  z.strictObject({
    models_max: z.int().min(1).max(1_000).default(50).describe('Models discovered.'),
    versions_max: z.int().min(1).max(100).default(8).describe('Versions of a model in view.'),
    signals_max: z
      .int()
      .min(10)
      .max(20_000)
      .default(500)
      .describe('Signals of a model: inputs, outputs and the built-in ones together.'),
    panes_max: z.int().min(1_000).max(10_000_000).default(200_000).describe('Panes of all series together.'),
  });

const learn = () =>
  z.strictObject({
    rows: z.int().min(50).max(100_000_000).default(10_000).describe('Rows after which it is frozen.'),
    rows_min: z.int().min(50).max(100_000_000).default(500).describe('Rows without which it is not.'),
    at_least: duration()
      .prefault('7d')
      .describe('Time of learning, at least. A reference that has seen no weekend alarms on the first one.'),
    at_most: duration(1).prefault('14d').describe('Time after which `rows_min` are enough.'),
  });

const referenceFile = z.strictObject({
  name: name().describe('A unique name.'),
  model: z.string().min(1).describe('The model it is of, by its exact name.'),
  environment: z
    .string()
    .min(1)
    .optional()
    .describe('Its environment; without it, the one at the top of this file.'),
  path: text().describe(
    'A CSV file with a header, a JSONL file, or a JSON file of `kedge reference build` or `export`; relative to the ' +
      'working directory.',
  ),
  columns: z
    .record(
      z.string().min(1),
      z.string().regex(/^(input|output)\../, 'expected input.<name> or output.<name>'),
    )
    .optional()
    .describe(
      'Signal by column: `{age: input.age, score: output.score}`. Without it a column is `input.<column>`.',
    ),
  rows_max: z.int().min(1).max(100_000_000).default(1_000_000).describe('Rows read; the rest is left.'),
  default: z
    .boolean()
    .default(true)
    .describe(
      'Whether windows are compared with it where a rule does not say `against`. With `false` it lends its edges, and ' +
        'is compared with where a rule names it.',
    ),
});

export type ReferenceFileForm = z.infer<typeof referenceFile>;

const modelSettings = z.strictObject({
  model: glob().describe('Names of models, as a pattern. The first entry that fits a model counts.'),
  environment: glob().default('*').describe('Names of environments, as a pattern.'),
  false_alarms: rate().describe('False alarms you accept for it, instead of those at the top.'),
});

const models = () => z.array(modelSettings).max(1_000).default([]);

const references = () =>
  z.strictObject({
    learn: learn().prefault({}).describe('A reference without a file is learned from the first traffic.'),
    files: z.array(referenceFile).max(100).default([]).describe('References from files.'),
    rolling: z
      .strictObject({
        length: duration(dayMs, 92 * dayMs)
          .prefault('28d')
          .describe('How far back it reaches.'),
        gap: duration(0, 28 * dayMs)
          .prefault('1d')
          .describe('The newest time, which is left out; never less than the window that is judged.'),
      })
      .prefault({})
      .describe(
        'For rules with `against: rolling`, `seasonal` or `previous_version`. Hours in which such a rule had an open alert are left out.',
      ),
    relearn: z
      .strictObject({
        on_new_version: z
          .enum(['outputs', 'all', 'none'])
          .default('outputs')
          .describe(
            'Which signals of a new version learn a reference of their own. Until it is frozen they are compared with ' +
              'the one before. A reference from a file or pinned by a person is never replaced.',
          ),
        approval: z
          .enum(['if_drifting', 'always', 'never'])
          .default('if_drifting')
          .describe(
            'When it waits for `kedge reference pin` before it holds: where the version drifts from the one before, ' +
              'always, or never.',
          ),
      })
      .prefault({})
      .describe('What a deploy means for references.'),
    expires_after: duration(dayMs)
      .optional()
      .describe('Age from which a reference is said to be old; it stays in force.'),
  });

const usd = (what: string) => z.number().min(0).max(1e9).optional().describe(what);

const price = z.strictObject({
  id: z.string().min(1).max(200).describe('Its name, such as `openai/gpt-4o-mini`.'),
  providers: z.array(z.string().min(1)).max(100).default([]).describe('Names of providers; none: any.'),
  models: z
    .array(glob())
    .max(100)
    .optional()
    .describe('Patterns for names of models; without it, what follows the last `/` of the id.'),
  input: usd('USD per million input tokens.'),
  cache_read: usd('USD per million input tokens read from a cache; without it as `input`.'),
  cache_write: usd('USD per million input tokens written to a cache; without it as `input`.'),
  output: usd('USD per million output tokens.'),
  per_call: usd('USD per call.'),
});

export type PriceForm = z.infer<typeof price>;

const prices = () =>
  z.strictObject({
    version: z.string().min(1).max(100).optional().describe('Name of your book; stays with every figure.'),
    models: z
      .array(price)
      .max(1_000)
      .default([])
      .describe('Your prices; they come before the ones Kedge ships.'),
  });

const sampling = () =>
  z.strictObject({
    assume_ratio: z
      .number()
      .gt(0)
      .max(1)
      .optional()
      .describe(
        'Share of traffic that is sent, where the sender does not say; each row then counts 1/ratio.',
      ),
  });

const content = () =>
  z.strictObject({
    rows_per_second_max: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(1_000)
      .describe(
        'Rows whose texts and embeddings are read in a second. Above it whole traces are chosen, and stand for the others.',
      ),
  });

const store = () =>
  z.strictObject({
    checkpoint_every: duration(100, 10 * 60 * secondMs)
      .prefault('10s')
      .describe('How often open counters are saved: a crash loses at most so much of them, and no alert.'),
    keep_done: duration(60 * secondMs)
      .prefault('30d')
      .describe('How long closed incidents and sent messages are kept.'),
    maintenance_cron: z
      .string()
      .refine(isCron, 'expected a cron expression of five fields such as "0 3 * * *"')
      .default('0 3 * * *')
      .describe('When the store is tidied, in UTC.'),
    verdicts_kept: z
      .int()
      .min(1)
      .max(1_000)
      .default(50)
      .describe('Verdicts of each rule on each signal kept to be repeated by `kedge verdict show`.'),
  });

const log = () =>
  z.strictObject({
    level: z.enum(['debug', 'info', 'warn', 'error']).default('info').describe('Least level.'),
  });

/**
 * The schema of kedge.yaml. A pure function of the plug-ins it is handed: each brings the schema of its own
 * options, so that a new detector, channel or action needs no line here.
 */
export function createSchema(registries: Registries) {
  return z.strictObject({
    data_dir: text().default('./data').describe('Folder for the store; relative to the working directory.'),
    environment: z
      .string()
      .min(1)
      .max(200)
      .default('default')
      .describe('Used where telemetry names no environment.'),
    external_url: httpUrl().optional().describe('Where people reach this agent; for links in messages.'),
    receivers: receivers().prefault({}).describe('Telemetry in.'),
    admin: admin()
      .prefault({})
      .describe('Where `/metrics`, `/healthz`, `/readyz` and `/api/v1/status` are served.'),
    windows: windows().prefault({}).describe('Event time.'),
    limits: limits().prefault({}).describe('What is over a limit is counted with its reason, and not kept.'),
    false_alarms: rate()
      .prefault('1 per month')
      .describe(
        'False alarms you accept per model; calibrated rules derive their alpha from it. A month has 30 days, a quarter 90.',
      ),
    models: models().describe(
      'What is different for single models. A model needs no entry here to be watched.',
    ),
    references: references().prefault({}).describe('What current windows are compared with.'),
    rules: z
      .array(ruleSchema(registries.detectors))
      .max(rulesMax)
      .optional()
      .describe('Checks. Without this key the default policy applies; an empty list means none.'),
    segments: segmentsSchema(),
    budgets: z
      .array(budgetSchema())
      .max(rulesMax)
      .default([])
      .describe('Limits in plain words, besides the rules.'),
    prices: prices().prefault({}).describe('What tokens and calls cost.'),
    sampling: sampling().prefault({}).describe('Sampled telemetry.'),
    content: content().prefault({}).describe('Texts and embeddings: read as numbers, never kept.'),
    transactions: z
      .strictObject({
        idle: duration(1).prefault('1m').describe('A transaction without a call for so long is over.'),
        open_max: z.int().min(1).max(10_000_000).default(100_000).describe('Open transactions.'),
      })
      .prefault({})
      .describe('Calls that belong together: one trace, or one transaction id.'),
    alerting: alertingSchema(registries).prefault({}).describe('Who is told what, and when.'),
    rollback: rollbackSchema(registries)
      .prefault({})
      .describe('Pulling back a bad version. Dry run unless told otherwise.'),
    store: store().prefault({}).describe('What outlives a restart.'),
    telemetry: z
      .strictObject({
        endpoint: httpUrl()
          .optional()
          .describe('OTLP/HTTP endpoint for the traces and metrics of the agent itself; without it, off.'),
      })
      .prefault({})
      .describe('The agent’s own telemetry.'),
    log: log().prefault({}).describe('JSON lines on standard output.'),
  });
}

/** kedge.yaml as the schema hands it on: scalars read, defaults filled in, keys still as in the file. */
export type ConfigForm = z.infer<ReturnType<typeof createSchema>>;

function httpUrl() {
  return z.url({ protocol: /^https?$/, error: 'expected an http:// or https:// URL' });
}

/** Five fields (minute, hour, day, month, weekday) of numbers, ranges, lists and steps. */
function isCron(text: string): boolean {
  const bounds = [
    [0, 59],
    [0, 23],
    [1, 31],
    [1, 12],
    [0, 7],
  ] as const;
  const fields = text.trim().split(/\s+/);
  return (
    fields.length === 5 && bounds.every(([low, high], i) => fields[i]?.split(',').every(inRange(low, high)))
  );
}

const inRange = (low: number, high: number) => (part: string) => {
  const match = /^(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:\/(\d{1,2}))?$/.exec(part);
  if (match === null) return false;
  const from = Number(match[1] ?? low);
  const to = Number(match[2] ?? match[1] ?? high);
  return low <= from && from <= to && to <= high && match[3] !== '0';
};
