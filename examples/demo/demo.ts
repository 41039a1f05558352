/**
 * Kedge from the first row to the rollback, in about a minute, on this machine alone.
 *
 *   npm run demo             then it goes on until Ctrl-C, so that you can look around
 *   npm run demo -- --once   ends with exit code 0 if everything was seen arriving, else 1 with what was missing
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AgentProcess, startAgent } from './agent-process.ts';
import {
  type HookCatcher,
  type MailCatcher,
  type Received,
  startHookCatcher,
  startMailCatcher,
} from './receivers.ts';
import { createStory, type Story } from './story.ts';
import { startTraffic, type Traffic } from './traffic.ts';

const quietMs = 24_000;
const stepMs = 60_000;
const mailLinesShown = 14;

interface World {
  readonly story: Story;
  readonly agent: AgentProcess;
  readonly mail: MailCatcher;
  readonly hook: HookCatcher;
  readonly traffic: Traffic;
}

const isOnce = process.argv.includes('--once');
const folder = mkdtempSync(join(tmpdir(), 'kedge-demo-'));
const secret = `whsec_${randomBytes(32).toString('base64')}`;
const story = createStory();
const stops: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
let failed = false;
try {
  await run();
} catch (fault) {
  failed = true;
  story.say(`the demo broke off: ${fault instanceof Error ? fault.message : String(fault)}`);
}
for (const stop of stops.reverse()) await stop();
process.exitCode = story.summary() && !failed ? 0 : 1;

async function run(): Promise<void> {
  story.title('Kedge demo: one second here stands for five minutes of production.');
  const world = await build();
  await learn(world);
  await stayQuiet(world);
  await release(world);
  await alarm(world);
  await rollBack(world);
  await recover(world);
  await lookAround(world);
}

async function build(): Promise<World> {
  const mail = await startMailCatcher();
  stops.push(() => mail.stop());
  let traffic: Traffic | undefined;
  const hook = await startHookCatcher(secret, (received) => {
    // What a deployment tool would do with the call: put the good version back.
    if (received.path === '/rollback' && received.verified) traffic?.deploy(String(targetOf(received)));
  });
  stops.push(() => hook.stop());
  const agent = await startAgent(join(import.meta.dirname, 'kedge.yaml'), {
    DEMO_DIR: folder,
    DEMO_SMTP_PORT: String(mail.port),
    DEMO_HOOK_PORT: String(hook.port),
    DEMO_SECRET: secret,
  });
  stops.push(() => agent.stop());
  traffic = startTraffic(agent.otlpUrl, 20_261_121);
  const started = traffic;
  stops.push(() => started.stop());
  story.say(`agent ${agent.pid} takes OTLP at ${agent.otlpUrl}; its store is ${folder}/data`);
  story.say(`mail catcher on port ${mail.port}, webhook receiver on port ${hook.port}`);
  story.say(
    'traffic: credit-risk 1.0.0 (150 predictions/s as ml.prediction logs), an LLM assistant (80 calls/s as GenAI spans)',
  );
  return { story, agent, mail, hook, traffic: started };
}

async function learn({ agent }: World): Promise<void> {
  story.title('1. The reference is learned from the first traffic');
  const learned = await story.until('references learned', stepMs, async () => {
    const { models } = await agent.status();
    const signals = models.flatMap((model) =>
      model.signals.map((signal) => ({ ...signal, model: model.model })),
    );
    const shaped = signals.filter((signal) => signal.reference !== 'none');
    return models.length === 2 && shaped.every((signal) => signal.reference === 'frozen')
      ? shaped
      : undefined;
  });
  for (const one of learned ?? [])
    story.detail(`${one.model} ${one.signal}: ${one.referenceRows} rows, ${one.referenceId}`);
}

async function stayQuiet({ agent, mail, hook }: World): Promise<void> {
  story.title(`2. A quiet stretch of ${quietMs / 1_000} s: no alert may come`);
  await story.wait(quietMs);
  const { alerts, verdicts } = await agent.status();
  const judged = verdicts.filter((verdict) => verdict.status === 'ok').length;
  story.check(
    'windows were judged ok while quiet',
    judged > 0,
    `${judged} of ${verdicts.length} rules and signals say ok`,
  );
  const messages = mail.mails.length + hook.received.length;
  story.check(
    'no alert and no message while quiet',
    messages === 0 && alerts.every((alert) => alert.condition === 'pending'),
    `${messages} messages`,
  );
}

async function release({ traffic }: World): Promise<void> {
  story.title('3. credit-risk 2.0.0 is deployed; its service now sends debt_to_income in percent');
  traffic.deploy('2.0.0');
  await story.wait(500);
}

async function alarm({ agent, mail, hook }: World): Promise<void> {
  story.title('4. The alert, by e-mail and webhook');
  const alert = await story.until('alert firing on input.debt_to_income of 2.0.0', stepMs, async () => {
    const { alerts } = await agent.status();
    return alerts.find(
      (one) => one.signal === 'input.debt_to_income' && one.condition === 'firing' && one.version === '2.0.0',
    );
  });
  if (alert?.lastBreach !== undefined) {
    const { reason, statistic, threshold, size } = alert.lastBreach;
    story.detail(reason);
    story.detail(
      `statistic ${round(statistic)}, threshold ${round(threshold)}, n ${size.current}, since ${new Date(alert.sinceMs).toISOString()}, version ${alert.version}`,
    );
  }
  const letter = await story.until('e-mail about the firing alert', stepMs, () =>
    mail.mails.find((one) => one.subject?.startsWith('[CRITICAL]') || one.subject?.startsWith('[WARNING]')),
  );
  if (letter !== undefined)
    story.quote([
      `To: ${letter.to?.map((one) => one.address).join(', ')}`,
      `Subject: ${letter.subject}`,
      '',
      ...(letter.text ?? '').trim().split('\n').slice(0, mailLinesShown),
    ]);
  const post = await story.until('webhook about the firing alert, signature verified', stepMs, () =>
    hook.received.find((one) => one.verified && one.event.type === 'dev.kedge.alert.firing.v1'),
  );
  if (post !== undefined)
    story.quote([
      `POST ${post.path}  webhook-id: ${String(post.headers['webhook-id'])}`,
      `webhook-signature: ${String(post.headers['webhook-signature']).slice(0, 24)}…  (verified)`,
      `type: ${post.event.type}`,
      String((post.event.data['alerts'] as { reason: string }[] | undefined)?.[0]?.reason ?? ''),
    ]);
}

async function rollBack({ hook, traffic }: World): Promise<void> {
  story.title('5. The rollback is called, once');
  const call = await story.until('rollback call, signature verified', stepMs, () =>
    hook.received.find((one) => one.path === '/rollback' && one.verified),
  );
  if (call !== undefined)
    story.quote([
      `POST ${call.path}  idempotency-key: ${String(call.headers['idempotency-key'])}`,
      `from ${versionOf(call, 'from')} to ${versionOf(call, 'to')}: ${String(call.event.data['reason'] ?? '')}`,
    ]);
  await story.until('the good version is back', stepMs, () => traffic.version() === '1.0.0' || undefined);
}

async function recover({ agent, mail, hook }: World): Promise<void> {
  story.title('6. Recovery: the alerts resolve, and everyone who heard is told');
  await story.until('every alert resolved', stepMs, async () =>
    (await agent.status()).alerts.length === 0 ? true : undefined,
  );
  const letter = await story.until('e-mail about the resolved incident', stepMs, () =>
    mail.mails.find((one) => one.subject?.startsWith('[RESOLVED]')),
  );
  if (letter !== undefined) story.quote([`Subject: ${letter.subject}`]);
  await story.until('webhook about the resolved incident, signature verified', stepMs, () =>
    hook.received.find((one) => one.verified && one.event.type === 'dev.kedge.alert.resolved.v1'),
  );
  const calls = hook.received.filter((one) => one.path === '/rollback').length;
  story.check('the rollback was called exactly once', calls === 1, `${calls} calls`);
}

async function lookAround({ agent, traffic }: World): Promise<void> {
  story.title('7. Where to look');
  const metrics = await (await fetch(`${agent.adminUrl}/metrics`)).text();
  const shown = metrics
    .split('\n')
    .filter((line) =>
      /^kedge_(rows_total|notifications_total\{.*sent.*[1-9]|rollback_decisions_total\{.* [1-9]|signal_statistic\{.*debt_to_income)/.test(
        line,
      ),
    );
  story.check('/metrics shows rows, messages and the rollback', shown.length >= 3, `${shown.length} lines`);
  story.quote(shown.slice(0, 8));
  story.check('every export was taken', traffic.refused() === 0, `${traffic.refused()} refused`);
  story.say(
    `metrics ${agent.adminUrl}/metrics   status ${agent.adminUrl}/api/v1/status   log ${agent.logFile}`,
  );
  story.say(
    `configuration ${join(import.meta.dirname, 'kedge.yaml')}: ${readFileSync(join(import.meta.dirname, 'kedge.yaml'), 'utf8').split('\n').length} lines`,
  );
  if (isOnce) return;
  story.say('The traffic goes on. Press Ctrl-C to end.');
  await new Promise<void>((resolve) => process.once('SIGINT', () => resolve()));
}

function targetOf(received: Received): unknown {
  return versionOf(received, 'to');
}

function versionOf(received: Received, side: 'from' | 'to'): unknown {
  return (received.event.data[side] as { version?: unknown } | undefined)?.version;
}

function round(value: number | undefined): string {
  return value === undefined ? '–' : value.toPrecision(3);
}
