import { encodeJson, logsOf, otlpAttributes } from './otlp.ts';

/** A prediction of a tabular model. */
export interface TestRow {
  readonly id: string;
  readonly timeMs: number;
  readonly model: string;
  readonly version?: string;
  readonly features?: Readonly<Record<string, unknown>>;
}

/** Rows as one OTLP/JSON request of log events. */
export function rowsBody(rows: readonly TestRow[]): Uint8Array {
  return encodeJson(
    logsOf(
      rows.map((row) => ({
        timeUnixNano: `${row.timeMs}000000`,
        eventName: 'ml.prediction',
        attributes: otlpAttributes({
          'ml.model.name': row.model,
          'ml.model.version': row.version ?? '1',
          'ml.prediction.id': row.id,
          ...Object.fromEntries(
            Object.entries(row.features ?? {}).map(([name, value]) => [`ml.feature.${name}`, value]),
          ),
        }),
      })),
    ),
  );
}

/** Posts rows; resolves with the status, or 0 where no answer came. */
export async function postRows(otlpUrl: string, rows: readonly TestRow[]): Promise<number> {
  try {
    const answer = await fetch(`${otlpUrl}/v1/logs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: rowsBody(rows),
      signal: AbortSignal.timeout(5_000),
    });
    await answer.arrayBuffer();
    return answer.status;
  } catch {
    return 0;
  }
}

/** Even values over [from, from + 1): two such batches have the same shape, whatever their size. */
export function evenRows(
  count: number,
  at: { readonly model: string; readonly name: string; readonly timeMs: number; readonly from: number },
): readonly TestRow[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `${at.name}-${index}`,
    timeMs: at.timeMs,
    model: at.model,
    features: { amount: at.from + ((index * 61) % count) / count },
  }));
}
