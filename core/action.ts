export type ActionMode = 'off' | 'dry_run' | 'auto';

export type ActionState = 'suppressed' | 'dry_run' | 'executing' | 'accepted' | 'failed';

/** One condition or guard, with what was seen and what was asked for. */
export interface GuardResult {
  readonly name: string;
  readonly passed: boolean;
  readonly observed: string;
  readonly required: string;
}

/** A decision about a rollback: also kept when nothing was called. */
export interface Action {
  /** `rb_` and 32 hex: digest of [target, from, to, policy]; no time in it, so a repeat is the same action. */
  readonly id: string;
  readonly target: string;
  readonly model: string;
  readonly environment: string;
  readonly incident: string;
  readonly from: string;
  readonly to: string;
  readonly mode: ActionMode;
  readonly guards: readonly GuardResult[];
  readonly state: ActionState;
  /** The first guard that failed, else the state's cause. */
  readonly reason: string;
  readonly decidedAtMs: number;
  readonly endedAtMs?: number;
}
