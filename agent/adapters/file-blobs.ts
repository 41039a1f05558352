import { constants } from 'node:fs';
import { mkdir, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { assert } from '../../core/assert.ts';
import type { BlobStore, Meter } from '../../core/ports.ts';
import { isBlobName } from './blob-name.ts';
import { StoreUnusable } from './store-errors.ts';

/** The file was written by a newer release: refused, never guessed. */
export class BlobTooNew extends StoreUnusable {}

const magic = 0x4b_44_47_42; // KDGB
const formatVersion = 1;
/** Magic, version, generation, length of the body and CRC-32 of all that and the body; little-endian. */
const headerBytes = 4 + 4 + 8 + 8 + 4;
const crcOffset = headerBytes - 4;
/** Larger files are not ours. */
const blobBytesMax = 1024 * 1024 * 1024;

type Slot = 0 | 1;

/** What one of the two files of a blob holds. */
type Found =
  | { readonly state: 'missing' }
  | { readonly state: 'damaged' }
  | { readonly state: 'whole'; readonly generation: number; readonly body: Uint8Array };

/**
 * Blobs as files, two generations of each: `<name>.0` and `<name>.1`. A write replaces the older one by a
 * rename, after an fsync, so that a crash or power cut at any moment leaves at least one whole generation.
 */
export async function openFileBlobs(folder: string, meter: Meter): Promise<BlobStore> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return new FileBlobs(folder, meter);
}

class FileBlobs implements BlobStore {
  readonly #folder: string;
  readonly #meter: Meter;
  /** The slot that holds the newest generation, once known. Names are few and ours. */
  readonly #newest = new Map<string, { readonly slot: Slot; readonly generation: number }>();
  /** Calls run one after the other: two writes of one name would race for one slot. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(folder: string, meter: Meter) {
    this.#folder = folder;
    this.#meter = meter;
  }

  write(name: string, bytes: Uint8Array): Promise<void> {
    return this.#inTurn(async () => {
      this.#check(name, bytes.length);
      const newest = this.#newest.get(name) ?? (await this.#findNewest(name));
      const slot: Slot = newest?.slot === 0 ? 1 : 0;
      const generation = (newest?.generation ?? 0) + 1;
      await this.#replace(name, slot, [encodeHeader(generation, bytes), bytes]);
      this.#newest.set(name, { slot, generation });
    });
  }

  read(name: string): Promise<Uint8Array | undefined> {
    return this.#inTurn(async () => {
      this.#check(name, 0);
      return (await this.#findNewest(name))?.body;
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }

  #check(name: string, length: number): void {
    assert(isBlobName(name), 'a blob has a short name of a-z, 0-9, _ and -');
    assert(length <= blobBytesMax, `a blob has at most ${blobBytesMax} bytes`);
  }

  async #findNewest(name: string) {
    const found = await Promise.all(([0, 1] as const).map((slot) => readSlot(this.#fileOf(name, slot))));
    let newest: { readonly slot: Slot; readonly generation: number; readonly body: Uint8Array } | undefined;
    for (const [index, one] of found.entries()) {
      if (one.state === 'damaged') this.#meter.add('corrupt_records', 1, { kind: 'checkpoint' });
      if (one.state !== 'whole' || one.generation <= (newest?.generation ?? 0)) continue;
      newest = { slot: index === 0 ? 0 : 1, generation: one.generation, body: one.body };
    }
    return newest;
  }

  async #replace(name: string, slot: Slot, parts: readonly Uint8Array[]): Promise<void> {
    const temporary = join(this.#folder, `${name}.tmp`);
    const flags = constants.O_CREAT | constants.O_TRUNC | constants.O_WRONLY | constants.O_NOFOLLOW;
    const file = await open(temporary, flags, 0o600);
    try {
      for (const part of parts) await file.writeFile(part);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, this.#fileOf(name, slot));
    await syncFolder(this.#folder);
  }

  #fileOf(name: string, slot: Slot): string {
    return join(this.#folder, `${name}.${slot}`);
  }
}

async function readSlot(path: string): Promise<Found> {
  let bytes: Uint8Array;
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      const { size } = await file.stat();
      if (size < headerBytes || size > headerBytes + blobBytesMax) return { state: 'damaged' };
      bytes = await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    return { state: (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'missing' : 'damaged' };
  }
  return decode(bytes, path);
}

function decode(bytes: Uint8Array, path: string): Found {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isOurs = bytes.length >= headerBytes && view.getUint32(0, true) === magic;
  if (!isOurs) return { state: 'damaged' };
  // Not `subarray`, which would give a Buffer.
  const body = new Uint8Array(bytes.buffer, bytes.byteOffset + headerBytes, bytes.length - headerBytes);
  const isWhole = view.getUint32(crcOffset, true) === crc32(body, crc32(bytes.subarray(0, crcOffset)));
  const version = view.getUint32(4, true);
  // Without a whole checksum the version itself may be the damage.
  if (isWhole && version > formatVersion) {
    throw new BlobTooNew(
      `${path}: the checkpoint has format ${version}, this Kedge knows up to ${formatVersion}: ` +
        'run the newer Kedge',
    );
  }
  if (!isWhole || version !== formatVersion || Number(view.getBigUint64(16, true)) !== body.length) {
    return { state: 'damaged' };
  }
  return { state: 'whole', generation: Number(view.getBigUint64(8, true)), body };
}

function encodeHeader(generation: number, body: Uint8Array): Uint8Array {
  const header = new Uint8Array(headerBytes);
  const view = new DataView(header.buffer);
  view.setUint32(0, magic, true);
  view.setUint32(4, formatVersion, true);
  view.setBigUint64(8, BigInt(generation), true);
  view.setBigUint64(16, BigInt(body.length), true);
  view.setUint32(crcOffset, crc32(body, crc32(header.subarray(0, crcOffset))), true);
  return header;
}

/** Makes a rename durable. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
