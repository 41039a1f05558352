/** Tells the demo on the terminal and keeps the list of what was seen. */
export interface Story {
  title(text: string): void;
  say(text: string): void;
  detail(text: string): void;
  quote(lines: readonly string[]): void;
  check(what: string, seen: boolean, detail: string): void;
  wait(ms: number): Promise<void>;
  /** Asks until there is an answer; after the deadline the item counts as missing. */
  until<T>(
    what: string,
    withinMs: number,
    ask: () => T | undefined | Promise<T | undefined>,
  ): Promise<T | undefined>;
  /** Prints what was seen and what was missing; true: nothing was missing. */
  summary(): boolean;
}

const askEveryMs = 200;

export function createStory(): Story {
  const startedMs = Date.now();
  const seen: { readonly what: string; readonly ok: boolean }[] = [];
  const color = process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined;
  const paint = (code: number, text: string): string => (color ? `\u001b[${code}m${text}\u001b[0m` : text);
  const clock = (): string => `${((Date.now() - startedMs) / 1_000).toFixed(1).padStart(5)} s`;
  const note = (what: string, ok: boolean, detail = ''): void => {
    seen.push({ what, ok });
    const mark = ok ? paint(32, 'seen   ') : paint(31, 'MISSING');
    console.log(`${clock()}  ${mark} ${what}${detail === '' ? '' : ` (${detail})`}`);
  };
  return {
    title: (text) => console.log(`\n${paint(1, text)}`),
    say: (text) => console.log(`${clock()}  ${text}`),
    detail: (text) => console.log(`         ${text}`),
    quote: (lines) => {
      for (const line of lines) console.log(paint(2, `         │ ${line}`));
    },
    check: note,
    wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    until: async (what, withinMs, ask) => {
      const endMs = Date.now() + withinMs;
      while (Date.now() < endMs) {
        const answer = await ask();
        if (answer !== undefined) {
          note(what, true);
          return answer;
        }
        await new Promise((resolve) => setTimeout(resolve, askEveryMs));
      }
      note(what, false, `not within ${withinMs / 1_000} s`);
      return undefined;
    },
    summary: () => {
      const missing = seen.filter((one) => !one.ok);
      console.log(`\n${seen.length - missing.length} of ${seen.length} seen in ${clock().trim()}`);
      for (const { what } of missing) console.log(`${paint(31, 'missing')}: ${what}`);
      return missing.length === 0 && seen.length > 0;
    },
  };
}
