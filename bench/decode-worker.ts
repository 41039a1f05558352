import { readFileSync } from 'node:fs';
import {
  createKedgeDecoder,
  decodeWithProtobufjs,
  digestByKedge,
  digestByProtobufjs,
  type Signal,
} from './calls.ts';
import { findMarks, stamp } from './stamps.ts';
import { answerRequests, cpuMsPerCall } from './worker.ts';

export type DecodeRequest =
  | { readonly type: 'open'; readonly files: readonly string[]; readonly signal: Signal }
  | { readonly type: 'sample'; readonly who: 'kedge' | 'protobufjs'; readonly cpuMs: number };

/** Where the two read different calls from one body; '' where they agree on all of them. */
export interface Opened {
  readonly unequal: string;
}

/** Any moment will do, as long as it is the same in every run. */
const atMs = 1_764_000_000_000;

let bodies: Uint8Array[] = [];
let signal: Signal = 'traces';
/** Summed up and handed out, so that no decoding is ever idle work that the compiler may drop. */
let consumed = 0;
const decode = createKedgeDecoder((call) => {
  consumed += call.timeMs + call.inputs.size + call.outputs.size;
});

answerRequests((request: DecodeRequest) =>
  request.type === 'open' ? open(request.files, request.signal) : sample(request.who, request.cpuMs),
);

function open(files: readonly string[], of: Signal): Opened {
  signal = of;
  bodies = files.map((file, turn) => {
    const body = new Uint8Array(readFileSync(file));
    stamp(body, findMarks(body), turn, atMs);
    return body;
  });
  const digests = bodies.map((body) => [digestByKedge(body, of), digestByProtobufjs(body, of)] as const);
  const at = digests.findIndex(([kedge, protobufjs]) => kedge !== protobufjs);
  const [kedge, protobufjs] = digests[at] ?? [];
  return { unequal: at < 0 ? '' : `of body ${at} we read ${kedge}, protobufjs ${protobufjs}` };
}

/** CPU milliseconds for one body. */
function sample(who: 'kedge' | 'protobufjs', cpuMs: number) {
  const work = who === 'kedge' ? readAll : decodeAll;
  const perBody = cpuMsPerCall(cpuMs, work) / bodies.length;
  return { cpuMs: perBody, consumed };
}

function readAll(): void {
  for (const body of bodies) consumed += decode(body, signal);
}

function decodeAll(): void {
  for (const body of bodies) {
    const message = decodeWithProtobufjs(body, signal);
    consumed += (message.resourceSpans ?? message.resourceLogs).length;
  }
}
