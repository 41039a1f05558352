import { constants, createGunzip, gunzipSync } from 'node:zlib';

/** Buffers start at this size, and only those of this size are kept. */
const pooledBytes = 1_048_576;
const pooledMax = 8;

/** Compressed bodies up to this size are inflated at once, as long as they stay below the second bound. */
const inlineCompressedMax = 256 * 1_024;
const inlineInflatedMax = 4 * 1_048_576;

/** Buffers that went back, to be used again: allocating one per request costs more than reading it. */
export class BufferPool {
  readonly #free: Uint8Array[] = [];

  take(): Uint8Array {
    return this.#free.pop() ?? new Uint8Array(pooledBytes);
  }

  give(buffer: Uint8Array): void {
    if (buffer.length === pooledBytes && this.#free.length < pooledMax) this.#free.push(buffer);
  }
}

/** Bytes held by bodies of all requests together. */
export class ByteBudget {
  readonly max: number;
  used = 0;

  constructor(max: number) {
    this.max = max;
  }

  /** False, and nothing taken, where it would go over the limit. */
  take(bytes: number): boolean {
    if (this.used + bytes > this.max) return false;
    this.used += bytes;
    return true;
  }

  give(bytes: number): void {
    this.used -= bytes;
  }
}

/** A body that grows in a pooled buffer. Safe to release twice. */
export class BodyBuffer {
  readonly #pool: BufferPool;
  readonly #budget: ByteBudget;
  #buffer: Uint8Array | undefined;
  /** Memory of a body that outgrew the pool: given back at once, not when the collector gets to it. */
  #grown: ArrayBuffer | undefined;
  #reserved = 0;
  length = 0;

  constructor(pool: BufferPool, budget: ByteBudget) {
    this.#pool = pool;
    this.#budget = budget;
  }

  /** Takes what the sender announced before it sends it; false where there is no room. */
  reserve(bytes: number): boolean {
    if (!this.#budget.take(bytes)) return false;
    this.#reserved += bytes;
    return true;
  }

  /** False, with nothing added, where there is no room. */
  append(chunk: Uint8Array): boolean {
    const needed = this.length + chunk.length;
    if (needed > this.#reserved && !this.reserve(needed - this.#reserved)) return false;
    let buffer = this.#buffer;
    buffer ??= this.#pool.take();
    if (needed > buffer.length) buffer = this.#grow(buffer, needed);
    buffer.set(chunk, this.length);
    this.#buffer = buffer;
    this.length = needed;
    return true;
  }

  /**
   * To what the sender announced, at least to twice the size. Moving the memory frees what it leaves, where copying would leave
   * it to the collector; it is no resizable buffer, as those are returned to the system page by page for each body, and
   * slow down whatever reads them.
   */
  #grow(buffer: Uint8Array, needed: number): Uint8Array {
    const size = Math.max(needed, this.#reserved, buffer.length * 2);
    if (this.#grown === undefined) {
      this.#grown = new ArrayBuffer(size);
      new Uint8Array(this.#grown).set(buffer.subarray(0, this.length));
      this.#pool.give(buffer);
    } else this.#grown = this.#grown.transfer(size);
    return new Uint8Array(this.#grown);
  }

  /** Valid until `release`. */
  bytes(): Uint8Array {
    return this.#buffer === undefined ? new Uint8Array(0) : this.#buffer.subarray(0, this.length);
  }

  release(): void {
    if (this.#buffer !== undefined) this.#pool.give(this.#buffer);
    this.#buffer = undefined;
    this.#grown?.transfer(0);
    this.#grown = undefined;
    this.#budget.give(this.#reserved);
    this.#reserved = 0;
    this.length = 0;
  }
}

export type InflateFault = 'too_large' | 'bad_encoding' | 'busy';

/**
 * Inflates gzip of one or more members into `into`, counting what comes out as it comes; undefined if all went well.
 * Small bodies are inflated on the spot (a few ms at most); larger ones, and bombs among the small, off the loop.
 */
export async function inflate(
  compressed: Uint8Array,
  into: BodyBuffer,
  bytesMax: number,
): Promise<InflateFault | undefined> {
  if (compressed.length <= inlineCompressedMax) {
    const inflated = inflateInline(compressed);
    if (inflated === 'bad_encoding') return inflated;
    if (inflated !== 'too_large') {
      if (inflated.length > bytesMax) return 'too_large';
      return into.append(inflated) ? undefined : 'busy';
    }
  }
  return inflateStreaming(compressed, into, bytesMax);
}

function inflateInline(compressed: Uint8Array): Uint8Array | 'too_large' | 'bad_encoding' {
  try {
    return gunzipSync(compressed, { maxOutputLength: inlineInflatedMax });
  } catch (error) {
    const isLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    return isLarge ? 'too_large' : 'bad_encoding';
  }
}

function inflateStreaming(
  compressed: Uint8Array,
  into: BodyBuffer,
  bytesMax: number,
): Promise<InflateFault | undefined> {
  return new Promise((resolve) => {
    const gunzip = createGunzip({ chunkSize: 64 * 1_024, finishFlush: constants.Z_FINISH });
    const stop = (fault: InflateFault): void => {
      gunzip.destroy();
      resolve(fault);
    };
    gunzip.on('data', (chunk: Uint8Array) => {
      if (into.length + chunk.length > bytesMax) stop('too_large');
      else if (!into.append(chunk)) stop('busy');
    });
    gunzip.on('end', () => resolve(undefined));
    gunzip.on('error', () => stop('bad_encoding'));
    gunzip.end(compressed);
  });
}
