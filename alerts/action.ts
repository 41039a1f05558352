import type { z } from 'zod';
import type { Action } from '../core/action.ts';
import type { Alert } from '../core/alert.ts';
import type { Delivery } from '../core/notification.ts';
import type { ChannelPorts, Envelope } from './channel.ts';

/** What a rollback call is made from. */
export interface RollbackRequest {
  readonly action: Action;
  readonly alerts: readonly Alert[];
  readonly policy: string;
  readonly requestedAtMs: number;
  readonly expiresAtMs: number;
  readonly agent: string;
  readonly auditHead: string;
}

/** A way to pull a rollback lever: one file in alerts/actions, one line in registry.ts. Same duties as a channel. */
export interface ActionAdapter<Options = unknown> {
  readonly type: string;
  readonly title: string;
  readonly stability: 'alpha' | 'beta' | 'stable';
  readonly description: string;
  readonly options: z.ZodType<Options>;
  render(request: RollbackRequest, options: Options): string;
  send(payload: string, envelope: Envelope, options: Options, ports: ChannelPorts): Promise<Delivery>;
  readonly examples: readonly unknown[];
}

export function defineAction<Options>(action: ActionAdapter<Options>): ActionAdapter {
  return action as unknown as ActionAdapter;
}
