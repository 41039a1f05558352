const redacted = '<redacted>';

/**
 * A value that may be used but never shown: text, JSON and inspect print `<redacted>`.
 * `reveal()` is called at the last moment, by the adapter or channel that sends it.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return redacted;
  }

  toJSON(): string {
    return redacted;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return redacted;
  }
}
