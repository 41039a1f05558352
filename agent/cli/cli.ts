import { existsSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { registries } from '../agent.ts';
import { check } from './check.ts';
import { readText } from './read-text.ts';
import { addReferenceCommands } from './reference.ts';
import { serve } from './serve.ts';
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
    .action((file: string) => {
      code = check(
        { file },
        { env: process.env, readFile: readText, isReadable: existsSync, write },
        registries,
      );
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

function write(text: string): void {
  process.stdout.write(`${text}\n`);
}
