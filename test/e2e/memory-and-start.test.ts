import { afterEach, expect, test } from 'vitest';
import {
  type BuiltAgent,
  makeFolder,
  residentMb,
  startBuiltAgent,
  type TestFolder,
} from '../support/built-agent.ts';
import { driftConfig, learnReference } from '../support/drift.ts';

/*
 * Prints what a start costs. The bars are those of the benchmark, on a machine that does nothing else; here only what
 * would be a blunder fails.
 */

const residentMbMax = 200;
const readyMsMax = 5_000;

let folder: TestFolder | undefined;
let agent: BuiltAgent | undefined;

afterEach(async () => {
  await agent?.stop('SIGKILL');
  folder?.remove();
});

test('ready soon and small at rest, at the first start and on what it stored', async () => {
  folder = makeFolder('start');
  const file = folder.file(
    'kedge.yaml',
    driftConfig({ dataDir: `${folder.path}/data`, hookPort: 9, smtpPort: 9 }),
  );
  for (const start of ['first start', 'second start']) {
    agent = await startBuiltAgent(file);
    const metrics = await agent.metrics();
    const restMb = residentMb(agent.pid);
    console.log(`${start}: ready after ${Math.round(agent.readyMs)} ms, ${Math.round(restMb)} MB resident`);
    expect(agent.readyMs).toBeLessThan(readyMsMax);
    expect(restMb).toBeLessThan(residentMbMax);
    // What it says of itself is what the kernel says.
    const saidMb = metrics.value('kedge_resident_memory_bytes') / 1_048_576;
    expect(Math.abs(saidMb - restMb)).toBeLessThan(30);
    if (start === 'first start') await learnReference(agent);
    expect(await agent.stop()).toMatchObject({ code: 0 });
  }
});
