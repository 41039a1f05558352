import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { AgentClient, type ClientOptions, ClientProblem } from './agent-client.ts';
import { buildReferenceFile } from './reference-build.ts';
import { type ListedReferences, listText, type ShownReferences, showText } from './reference-text.ts';

/** Where the agent is asked, and with which token. */
interface AgentOptions {
  readonly config: string;
  readonly url?: string;
  readonly tokenFile?: string;
}

interface ChoiceOptions extends AgentOptions {
  readonly model?: string;
  readonly environment?: string;
}

/** Exit codes: 0 done, 1 the agent refused or does not answer, 2 the command line or a file. */
type End = (code: number) => void;

/** `kedge reference build|list|show|pin|export|import`. All but `build` ask the running agent: it owns the store. */
export function addReferenceCommands(program: Command, end: End): void {
  const reference = program
    .command('reference')
    .description('build, look at, approve and exchange references');
  addBuild(reference, end);
  const onAgent = (name: string, description: string) =>
    reference
      .command(name)
      .description(description)
      .option('-c, --config <file>', 'configuration of the agent that is asked', '/etc/kedge/kedge.yaml')
      .option('--url <url>', 'its admin address, instead of the one in the configuration');
  onAgent('list', 'every reference, and what is being learned')
    .option('--model <name>', 'of this model only')
    .option('--json', 'as the agent answers')
    .action((options: AgentOptions & { readonly model?: string; readonly json?: true }) =>
      run(end, options, async (agent) => {
        const listed = (await agent.get('')) as ListedReferences;
        write(options.json ? JSON.stringify(listed) : listText(listed, options.model));
      }),
    );
  onAgent('show', 'scale, rows, dates and checks of a reference')
    .argument('<reference>', 'its id, or a name')
    .option('--model <name>', 'of this model only')
    .option('--environment <name>', 'of this environment only')
    .option('--json', 'as the agent answers')
    .action((asked: string, options: ChoiceOptions & { readonly json?: true }) =>
      run(end, options, async (agent) => {
        const shown = (await agent.get(`/${encodeURIComponent(asked)}`, placeOf(options))) as ShownReferences;
        write(options.json ? JSON.stringify(shown) : showText(shown));
      }),
    );
  addExchange(onAgent, end);
}

function addBuild(reference: Command, end: End): void {
  reference
    .command('build')
    .description('make a portable reference file of a CSV or JSONL file')
    .argument('<data>', 'a .csv file with a header, or a .jsonl file')
    .requiredOption('--model <name>', 'the model it is of')
    .option('--environment <name>', 'its environment; without it, the one of the configuration')
    .option('--name <name>', 'its name', 'training')
    .option(
      '--time <column>',
      'a column with times (ISO 8601, or seconds or milliseconds since 1970): teaches seasons',
    )
    .option(
      '-c, --config <file>',
      'a configuration: its environment, and the columns of the file of this path or model',
    )
    .option('-o, --output <file>', 'where to write it; without it, to standard output')
    .action(async (data: string, options: BuildCommandOptions) => {
      const built = await buildReferenceFile({ ...options, data });
      for (const line of built.said) process.stderr.write(`${line}\n`);
      if (built.text !== undefined) process.stdout.write(built.text);
      end(built.code);
    });
}

interface BuildCommandOptions {
  readonly model: string;
  readonly environment?: string;
  readonly name: string;
  readonly time?: string;
  readonly config?: string;
  readonly output?: string;
}

function addExchange(onAgent: (name: string, description: string) => Command, end: End): void {
  onAgent('export', 'print references as a portable file')
    .argument('<reference>', 'an id, or a name for all of that name')
    .option('--model <name>', 'of this model only')
    .option('--environment <name>', 'of this environment only')
    .action((asked: string, options: ChoiceOptions) =>
      run(end, options, async (agent) => {
        process.stdout.write(await agent.text(`/${encodeURIComponent(asked)}/export`, placeOf(options)));
      }),
    );
  onAgent('pin', 'put a reference in force, in your name')
    .argument('<reference>', 'an id, or a name for all of that name')
    .option('--by <who>', 'who approves it', process.env['USER'] ?? 'unknown')
    .option('--model <name>', 'of this model only')
    .option('--environment <name>', 'of this environment only')
    .option('--token-file <file>', 'the token of the agent; without it, that of the configuration')
    .action((asked: string, options: ChoiceOptions & { readonly by: string }) =>
      run(end, options, async (agent) => {
        const { model, environment, by } = options;
        const pinned = await agent.post('/pin', JSON.stringify({ reference: asked, model, environment, by }));
        write(`in force now: ${(pinned['pinned'] as string[]).join(', ')} (by ${by})`);
        if (pinned['durable'] !== true) write('the store does not take it yet: the agent goes on trying');
      }),
    );
  onAgent('import', 'hand a portable reference file to the agent; it is kept until it is pinned')
    .argument('<file>', 'what `build` or `export` wrote')
    .option('--by <who>', 'who brings it', process.env['USER'] ?? 'unknown')
    .option('--model <name>', 'use it for this model instead of its own')
    .option('--environment <name>', 'use it for this environment instead of its own')
    .option('--name <name>', 'another name for it')
    .option('--token-file <file>', 'the token of the agent; without it, that of the configuration')
    .action((file: string, options: ChoiceOptions & { readonly by: string; readonly name?: string }) =>
      run(end, options, async (agent) => {
        const place = { ...placeOf(options), ...(options.name && { name: options.name }), by: options.by };
        const imported = await agent.post('/import', readFile(file), place);
        const ids = imported['imported'] as string[];
        write(`kept: ${ids.join(', ')}`);
        write('nothing is compared with them yet: kedge reference pin ID, or a rule with against: NAME');
      }),
    );
}

/** Says what went wrong in one line; a fault of our own goes on as one. */
async function run(
  end: End,
  options: ClientOptions,
  work: (agent: AgentClient) => Promise<void>,
): Promise<void> {
  try {
    await work(new AgentClient(options));
  } catch (fault) {
    if (!(fault instanceof ClientProblem)) throw fault;
    process.stderr.write(`kedge: ${fault.message}\n`);
    end(fault.code);
  }
}

function placeOf({ model, environment }: ChoiceOptions): Readonly<Record<string, string>> {
  return { ...(model && { model }), ...(environment && { environment }) };
}

function readFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (fault) {
    throw new ClientProblem(
      `${path} cannot be read: ${fault instanceof Error ? fault.message : 'unknown'}`,
      2,
    );
  }
}

function write(text: string): void {
  process.stdout.write(`${text}\n`);
}
