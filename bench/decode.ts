import { interleave } from './samples.ts';
import { type Run, startDecoders, storeSet } from './suite.ts';

const warmUpMs = 300;
const sampleMs = 150;
const geomeanSets = ['llm', 'tab', 'http', 'mix'];
/** Of a row of the columnar set. */
const batchColumns = 25;

/** CPU of protobufjs for decoding alone, over that of our reader and conventions from bytes to calls. */
export async function measureDecode(run: Run): Promise<void> {
  const logs = new Map<string, number[]>();
  for (const name of run.options.sets) {
    if (name === 'tab16') continue;
    const set = storeSet(run, name);
    const decoders = await startDecoders(set);
    try {
      await decoders.sample('kedge', warmUpMs);
      await decoders.sample('protobufjs', warmUpMs);
      const rounds = await interleave(run.options.rounds, {
        kedge: () => decoders.sample('kedge', sampleMs),
        protobufjs: () => decoders.sample('protobufjs', sampleMs),
      });
      const ratios = rounds.map(({ kedge, protobufjs }) => protobufjs / kedge);
      logs.set(name, ratios.map(Math.log));
      run.figures.add(`decode.${name}.vs_protobufjs`, ratios);
      if (name === 'batch') {
        const nsPerValue = rounds.map(({ kedge }) => (kedge * 1e6) / (set.items * batchColumns));
        run.figures.add('decode.batch.ns_per_value', nsPerValue);
      }
    } finally {
      decoders.stop();
    }
  }
  if (!geomeanSets.every((name) => logs.has(name))) return;
  const means = Array.from({ length: run.options.rounds }, (_, round) => {
    const sum = geomeanSets.reduce((total, name) => total + (logs.get(name)?.[round] ?? Number.NaN), 0);
    return Math.exp(sum / geomeanSets.length);
  });
  run.figures.add('decode.geomean.vs_protobufjs', means);
}
