/** One line of the audit chain: `hash` is over the canonical JSON of all the rest, `prev` inside. */
export interface AuditEntry {
  readonly seq: number;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly type: string;
  readonly actor: string;
  readonly data: unknown;
  readonly prev: string;
  readonly hash: string;
}
