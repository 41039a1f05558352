/** A store that cannot be used; the message says what to do. At start: exit 2 (configuration). */
export class StoreUnusable extends Error {}

/** Another process has the store open. */
export class StoreLocked extends StoreUnusable {}

/** The file was written by a newer release; it has not been touched. */
export class StoreTooNew extends StoreUnusable {}

/**
 * An operating error of a running store: disk full, I/O error, closed. After a failed commit the outcome is
 * unknown: keep the state in memory and write it again.
 */
export class StoreFailed extends Error {
  /** `SQLITE_FULL`, `SQLITE_IOERR_WRITE`, `CLOSED`, … */
  readonly code: string;

  constructor(message: string, code: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}
