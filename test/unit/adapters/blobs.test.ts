import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BlobTooNew, openFileBlobs } from '../../../agent/adapters/file-blobs.ts';
import { createMemoryBlobs } from '../../../agent/adapters/memory-blobs.ts';
import { type MemoryMeter, memoryMeter } from '../../../agent/adapters/memory-meter.ts';
import { AssertionFault } from '../../../core/assert.ts';

let folder = '';
let meter: MemoryMeter;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kedge-blobs-'));
  meter = memoryMeter();
});
afterEach(() => rmSync(folder, { recursive: true }));

const bytes = (text: string) => new TextEncoder().encode(text);
const open = () => openFileBlobs(join(folder, 'data'), meter);
const fileOf = (slot: number) => join(folder, 'data', `counters.${slot}`);

/** Opens the same disk each time. */
const stores = {
  'file-blobs': () => open,
  'memory-blobs': () => {
    const files = new Map<string, Uint8Array>();
    return async () => createMemoryBlobs(files);
  },
};

describe.each(Object.entries(stores))('%s', (_name, createDisk) => {
  test('the last one written is read, by name, after a restart too', async () => {
    const disk = createDisk();
    const blobs = await disk();
    expect(await blobs.read('counters')).toBeUndefined();
    for (let i = 0; i < 5; i++) await blobs.write('counters', bytes(`generation ${i}`));
    await blobs.write('other', new Uint8Array());
    expect(await blobs.read('counters')).toEqual(bytes('generation 4'));
    const again = await disk();
    expect(await again.read('counters')).toEqual(bytes('generation 4'));
    expect(await again.read('other')).toEqual(new Uint8Array());
    await again.write('counters', bytes('generation 5'));
    expect(await (await disk()).read('counters')).toEqual(bytes('generation 5'));
  });

  test('writes that overlap end with the last one', async () => {
    const blobs = await createDisk()();
    const large = Uint8Array.from({ length: 3_000_000 }, (_, i) => i % 251);
    await Promise.all([blobs.write('a', large), blobs.write('a', bytes('small')), blobs.write('a', large)]);
    expect(Buffer.compare((await blobs.read('a')) ?? new Uint8Array(), large)).toBe(0);
  });

  test('a name that is no file name is refused', async () => {
    const blobs = await createDisk()();
    for (const name of ['', '../x', 'A', 'a.0', 'x'.repeat(65)]) {
      await expect(blobs.write(name, bytes('x'))).rejects.toThrow(AssertionFault);
    }
  });
});

test('two generations are kept, private, and nothing temporary is left', async () => {
  const blobs = await open();
  for (let i = 0; i < 3; i++) await blobs.write('counters', bytes(`${i}`));
  expect(readdirSync(join(folder, 'data')).sort()).toEqual(['counters.0', 'counters.1']);
  expect(statSync(fileOf(0)).mode & 0o777).toBe(0o600);
  expect(statSync(join(folder, 'data')).mode & 0o777).toBe(0o700);
});

describe('of two generations, when the newest', () => {
  const newest = 1;
  const damages: Record<string, (content: Buffer) => Buffer> = {
    'is cut': (content) => content.subarray(0, content.length - 1),
    'is empty': () => Buffer.alloc(0),
    'has a longer tail': (content) => Buffer.concat([content, Buffer.from('x')]),
    'is foreign': () => Buffer.from('something else that is long enough to have a header'),
  };

  beforeEach(async () => {
    const blobs = await open();
    await blobs.write('counters', bytes('older'));
    await blobs.write('counters', bytes('newer'));
  });

  test.each(Object.entries(damages))('%s, the other is read, and it is counted', async (_what, damage) => {
    const [slot] = [0, 1].filter((one) => readFileSync(fileOf(one)).includes('newer'));
    const file = fileOf(slot ?? newest);
    writeFileSync(file, damage(readFileSync(file)));
    const blobs = await open();
    expect(await blobs.read('counters')).toEqual(bytes('older'));
    expect(meter.value('corrupt_records', { kind: 'checkpoint' })).toBe(1);
    // The damaged one is what the next write replaces.
    await (await open()).write('counters', bytes('newest'));
    expect(await (await open()).read('counters')).toEqual(bytes('newest'));
    expect([0, 1].some((one) => readFileSync(fileOf(one)).includes('older'))).toBe(true);
  });

  test('has any one bit flipped, the other is read', async () => {
    const [slot] = [0, 1].filter((one) => readFileSync(fileOf(one)).includes('newer'));
    const file = fileOf(slot ?? newest);
    const content = readFileSync(file);
    for (let bit = 0; bit < content.length * 8; bit++) {
      const flipped = Buffer.from(content);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      writeFileSync(file, flipped);
      expect(await (await open()).read('counters')).toEqual(bytes('older'));
    }
    expect(meter.value('corrupt_records')).toBe(content.length * 8);
  });

  test('and the other are damaged, nothing is read', async () => {
    for (const slot of [0, 1]) writeFileSync(fileOf(slot), 'x');
    expect(await (await open()).read('counters')).toBeUndefined();
    expect(meter.value('corrupt_records', { kind: 'checkpoint' })).toBe(2);
  });

  test('is of a newer format, it is refused, not guessed', async () => {
    const content = readFileSync(fileOf(newest));
    content.writeUInt32LE(2, 4);
    content.writeUInt32LE(crc32(content.subarray(28), crc32(content.subarray(0, 24))), 24);
    writeFileSync(fileOf(newest), content);
    await expect((await open()).read('counters')).rejects.toThrow(BlobTooNew);
  });
});

test('a link planted as the temporary file is not followed', async () => {
  const blobs = await open();
  writeFileSync(join(folder, 'victim'), 'precious');
  symlinkSync(join(folder, 'victim'), join(folder, 'data', 'counters.tmp'));
  await expect(blobs.write('counters', bytes('x'))).rejects.toThrow();
  expect(readFileSync(join(folder, 'victim'), 'utf8')).toBe('precious');
});

test('a write that fails rejects, and the next one succeeds', async () => {
  const blobs = await open();
  await blobs.write('counters', bytes('kept'));
  rmSync(join(folder, 'data'), { recursive: true });
  await expect(blobs.write('counters', bytes('lost'))).rejects.toThrow('ENOENT');
  await openFileBlobs(join(folder, 'data'), meter);
  await blobs.write('counters', bytes('again'));
  expect(await blobs.read('counters')).toEqual(bytes('again'));
});
