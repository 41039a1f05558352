import { runCli } from './cli/cli.ts';

// The only place that touches the process: arguments in, exit code out.
process.exitCode = await runCli(process.argv.slice(2));
