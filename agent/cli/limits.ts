import { globMatches } from '../../core/glob.ts';

/** What `kedge limits` reads of `/api/v1/status`; all of it may be missing, as another version may answer. */
interface StatusModel {
  readonly model?: string;
  readonly environment?: string;
  readonly falseAlarms?: { readonly promised: number; readonly given: number; readonly ofThresholds: number };
  readonly rawThresholds?: readonly {
    readonly rule: string;
    readonly threshold: string;
    readonly signals: number;
    readonly rows: number;
    readonly overPerMonth: number;
    readonly shift?: number;
  }[];
  readonly signals?: readonly StatusSignal[];
}

interface StatusSignal {
  readonly signal: string;
  readonly reference: string;
  readonly detectable?: readonly {
    readonly window: string;
    readonly rows: number;
    readonly change: number | null;
    readonly unit: 'sd' | 'points';
  }[];
  readonly rates?: readonly {
    readonly kind: string;
    readonly reference: number;
    readonly window: string;
    readonly detectable: number | null;
  }[];
}

export interface LimitsIo {
  /** The body of a GET; undefined, with a reason, where nobody answers 200. */
  get(url: string): Promise<{ readonly text: string } | { readonly fault: string }>;
  write(text: string): void;
}

/**
 * `kedge limits`: asks a running agent what it promises of each model: false alarms promised against alerts given, the
 * smallest change each signal's windows find with 90 %, and what raw thresholds imply at the traffic seen. Exit code 0, or 1
 * where nobody answers.
 */
export async function limits(
  args: { readonly url: string; readonly model: string },
  io: LimitsIo,
): Promise<0 | 1> {
  const answer = await io.get(`${args.url.replace(/\/+$/, '')}/api/v1/status`);
  if ('fault' in answer) {
    io.write(`${args.url}: ${answer.fault}; give the address of a running agent's admin port with --url`);
    return 1;
  }
  const models = modelsIn(answer.text);
  if (models === undefined) {
    io.write(`${args.url}: the answer is no status of an agent`);
    return 1;
  }
  const shown = models.filter((one) => globMatches(args.model, one.model ?? ''));
  if (shown.length === 0) io.write(models.length === 0 ? 'no model was seen yet' : 'no model has this name');
  for (const model of shown) for (const line of linesOf(model)) io.write(line);
  return 0;
}

function modelsIn(text: string): readonly StatusModel[] | undefined {
  try {
    const { models } = JSON.parse(text) as { models?: unknown };
    return Array.isArray(models) ? (models as StatusModel[]) : undefined;
  } catch {
    return undefined;
  }
}

function linesOf(model: StatusModel): readonly string[] {
  const { falseAlarms: alarms } = model;
  const head = `${model.model ?? ''} (${model.environment ?? ''})`;
  const promise =
    alarms === undefined
      ? ''
      : `: ${short(alarms.promised)} false alarms a month promised; ${alarms.given} alerts in 30 days, ` +
        `${alarms.ofThresholds} more by raw thresholds`;
  return [
    head + promise,
    ...(model.signals ?? []).flatMap((signal) => [signalLine(signal), ...rateLines(signal)]),
    ...(model.rawThresholds ?? []).map(
      (raw) =>
        `  ${raw.rule}: ${raw.threshold}, ${raw.rows} rows a window, ${raw.signals} signals: ` +
        `${short(raw.overPerMonth)} evaluations over the limit a month by chance` +
        (raw.shift === undefined ? '' : `, finds ${short(raw.shift)} sd`),
    ),
  ];
}

function signalLine({ signal, reference, detectable = [] }: StatusSignal): string {
  const found = detectable.flatMap(({ change, window, unit }) =>
    change === null
      ? []
      : [`${unit === 'sd' ? `${short(change)} sd` : `${short(change * 100)} points`} in ${window}`],
  );
  const learning =
    reference === 'frozen' || reference === 'none' ? 'nothing worked out yet' : `reference ${reference}`;
  return `  ${signal}: ${found.length > 0 ? `finds ${found.join(', ')}` : learning}`;
}

function rateLines({ rates = [] }: StatusSignal): readonly string[] {
  const kinds = [...new Set(rates.map(({ kind }) => kind))];
  return kinds.map((kind) => {
    const own = rates.filter((rate) => rate.kind === kind);
    const found = own.flatMap(({ detectable, window }) =>
      detectable === null ? [] : [`${short(detectable * 100)} % in ${window}`],
    );
    const usual = short((own[0]?.reference ?? 0) * 100);
    return `    ${kind} ${usual} %: ${found.length > 0 ? `finds ${found.join(', ')}` : 'too few rows'}`;
  });
}

function short(value: number): string {
  return String(Number(value.toPrecision(2)));
}
