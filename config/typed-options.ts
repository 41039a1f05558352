import { z } from 'zod';
import { explain } from './explain.ts';

/** A plug-in that is named by `type` and brings the schema of its options. */
export interface OptionType {
  readonly type: string;
  readonly title: string;
  readonly description: string;
  readonly options: z.ZodType<unknown>;
}

/** `base` fields, the type, and the options that type's schema made of the other keys. */
export type Typed<Base> = Base & { readonly type: string; readonly options: unknown };

/**
 * A mapping of base fields, `type`, and beside them the options of that type.
 * Base and options are judged apart, so that a fault in one does not hide the faults of the other.
 * The mark `x-variants` is where describe.ts puts the options in.
 */
export function typedOptions<Base>(
  base: z.ZodObject & z.ZodType<Base>,
  types: readonly OptionType[],
  mark: string,
) {
  const byType = new Map(types.map((each) => [each.type, each.options]));
  const baseKeys = new Set(Object.keys(base.shape));
  const typeName = z.enum(types.map(({ type }) => type));
  return z
    .unknown()
    .transform((raw, context): Typed<Base> => {
      if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
        context.issues.push({ code: 'invalid_type', expected: 'object', input: raw });
        return z.NEVER;
      }
      const { type, ...rest } = raw as Readonly<Record<string, unknown>>;
      const own = Object.entries(rest).filter(([key]) => baseKeys.has(key));
      const others = Object.entries(rest).filter(([key]) => !baseKeys.has(key));
      const head = base.safeParse(Object.fromEntries(own), { error: explain });
      const name = typeName.safeParse(type, { error: explain });
      const options = name.success
        ? byType.get(name.data)?.safeParse(Object.fromEntries(others), { error: explain })
        : undefined;
      hand(head.error, []);
      hand(name.error, ['type']);
      hand(options?.error, []);
      if (!head.success || !name.success || options?.success !== true) return z.NEVER;
      return { ...head.data, type: name.data, options: options.data };

      function hand(error: z.ZodError | undefined, under: readonly string[]): void {
        for (const issue of error?.issues ?? []) {
          context.issues.push({ ...issue, path: [...under, ...issue.path], input: raw } as never);
        }
      }
    })
    .meta({ 'x-variants': mark });
}
