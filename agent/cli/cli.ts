import { existsSync } from 'node:fs';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { registries } from '../agent.ts';
import { check } from './check.ts';
import { limits } from './limits.ts';
import { readText } from './read-text.ts';
import { addReferenceCommands } from './reference.ts';
import { serve } from './serve.ts';
import { listVerdicts, showVerdict, type VerdictArgs } from './verdict.ts';
import { agentVersion } from './version.ts';

/** Exit codes: 0 asked to stop or all well, 1 our fault, 2 the configuration or the command line. */
export async function runCli(args: readonly string[]): Promise<number> {
  let code = 0;
  const program = new Command('kedge')
    .description('Watches AI models in production and hauls them back when they drift.')
    .version(agentVersion, '-V, --version', 'print the version')
    .exitOverride()
    .showSuggestionAfterError();
  program
    .command('serve', { isDefault: true })
    .description('run the agent until SIGTERM or SIGINT')
    .option('-c, --config <file>', 'configuration file', '/etc/kedge/kedge.yaml')
    .action(async (options: { config: string }) => {
      code = await serve({ file: options.config });
    });
  program
    .command('check')
    .description('read a configuration and print every fault; exit code 0 or 2')
    .argument('<file>', 'configuration file')
    .option('--rows <number>', 'rows of a window, for what raw thresholds imply', wholeNumber)
    .action((file: string, options: { rows?: number }) => {
      code = check(
        { file, rows: options.rows },
        { env: process.env, readFile: readText, isReadable: existsSync, write },
        registries,
      );
    });
  addVerdictCommands(program, (result) => {
    code = result;
  });
  program
    .command('limits')
    .description('ask a running agent which changes it would find, and false alarms promised against given')
    .option('--url <url>', 'its admin port', 'http://127.0.0.1:9464')
    .option('--model <pattern>', 'only models of this name', '*')
    .action(async (options: { url: string; model: string }) => {
      code = await limits(options, { get: getText, write });
    });
  addReferenceCommands(program, (ended) => {
    code = ended;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (fault) {
    if (fault instanceof CommanderError) return fault.exitCode === 0 ? 0 : 2;
    throw fault;
  }
}

function addVerdictCommands(program: Command, onCode: (code: number) => void): void {
  const verdict = program.command('verdict').description('look at verdicts that are kept, and repeat them');
  const common = (command: Command) =>
    command
      .option('-c, --config <file>', 'configuration file', '/etc/kedge/kedge.yaml')
      .option('--url <url>', 'admin address of a running agent; without it, the one of the configuration')
      .option('--json', 'print JSON');
  common(verdict.command('list').description('list kept verdicts, newest first'))
    .option('--model <name>', 'only of this model')
    .option('--signal <name>', 'only of this signal, such as input.age')
    .option('--status <status>', 'only ok, breach, inconclusive or error')
    .action(async (options: VerdictArgs) => onCode(await listVerdicts(options, write)));
  common(
    verdict.command('show').description('print a verdict and compute it again; exit code 1 if it differs'),
  )
    .argument('<id>', 'its id, as in messages and in the list')
    .action(async (id: string, options: VerdictArgs) => onCode(await showVerdict(id, options, write)));
}

const answerMs = 10_000;

async function getText(url: string): Promise<{ text: string } | { fault: string }> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(answerMs) });
    return answer.ok ? { text: await answer.text() } : { fault: `answered ${answer.status}` };
  } catch {
    return { fault: 'nobody answers' };
  }
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1) return number;
  throw new InvalidArgumentError('expected a whole number from 1.');
}

function write(text: string): void {
  process.stdout.write(`${text}\n`);
}
