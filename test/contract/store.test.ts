import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { memoryLog } from '../../agent/adapters/memory-log.ts';
import { memoryMeter } from '../../agent/adapters/memory-meter.ts';
import { createMemoryStore } from '../../agent/adapters/memory-store.ts';
import { openSqliteStore } from '../../agent/adapters/sqlite-store.ts';
import { StoreFailed } from '../../agent/adapters/store-errors.ts';
import { AssertionFault } from '../../core/assert.ts';
import type { Store } from '../../core/ports.ts';

/** Opens the store of one disk: a second call is the restart of the process. */
interface Disk {
  open(): Promise<Store>;
  wipe(): void;
}

const disks: Record<string, () => Disk> = {
  'memory-store': () => {
    const records = new Map<string, Uint8Array>();
    return { open: async () => createMemoryStore(records), wipe: () => records.clear() };
  },
  'sqlite-store': () => {
    const folder = mkdtempSync(join(tmpdir(), 'kedge-store-'));
    const file = join(folder, 'data', 'kedge.db');
    return {
      open: () => openSqliteStore({ file, log: memoryLog(), meter: memoryMeter() }),
      wipe: () => rmSync(folder, { recursive: true }),
    };
  },
};

const bytes = (text: string) => new TextEncoder().encode(text);
const put = (key: string, text: string) => ({ key, value: bytes(text) });
const remove = (key: string) => ({ key, value: undefined });
const keysOf = (records: readonly (readonly [string, Uint8Array])[]) => records.map(([key]) => key);

describe.each(Object.entries(disks))('%s', (_name, createDisk) => {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  function prepare(): { disk: Disk; open: () => Promise<Store> } {
    const disk = createDisk();
    cleanups.push(() => disk.wipe());
    const open = async () => {
      const store = await disk.open();
      cleanups.push(() => store.close());
      return store;
    };
    return { disk, open };
  }

  test('what was committed is read, replaced and removed', async () => {
    const store = await prepare().open();
    expect(await store.read('alert/1')).toBeUndefined();
    await store.commit([put('alert/1', 'one'), put('alert/2', 'two')]);
    expect(await store.read('alert/1')).toEqual(bytes('one'));
    await store.commit([put('alert/1', 'uno'), remove('alert/2'), remove('alert/never')]);
    expect(await store.read('alert/1')).toEqual(bytes('uno'));
    expect(await store.read('alert/2')).toBeUndefined();
  });

  test('within one commit the last write to a key counts', async () => {
    const store = await prepare().open();
    await store.commit([put('k', 'a'), put('k', 'b'), put('gone', 'x'), remove('gone')]);
    expect(await store.read('k')).toEqual(bytes('b'));
    expect(await store.read('gone')).toBeUndefined();
  });

  test('an empty commit, an empty store and an empty value are nothing special', async () => {
    const store = await prepare().open();
    await store.commit([]);
    expect(await store.scan('')).toEqual([]);
    await store.commit([{ key: 'empty', value: new Uint8Array() }]);
    expect(await store.read('empty')).toEqual(new Uint8Array());
    expect(keysOf(await store.scan(''))).toEqual(['empty']);
  });

  test('a value may hold any bytes, and is a copy', async () => {
    const store = await prepare().open();
    const all = Uint8Array.from({ length: 256 }, (_, i) => i);
    await store.commit([{ key: 'binary', value: all.subarray(0) }]);
    const before = all.slice();
    all.fill(7);
    const read = await store.read('binary');
    expect(read).toEqual(before);
    read?.fill(9);
    expect(await store.read('binary')).toEqual(before);
  });

  test('scan gives keys in the order of their UTF-8 bytes, and only those with the prefix', async () => {
    const store = await prepare().open();
    const keys = ['a', 'a/', 'a/\u0000', 'a/1', 'a/10', 'a/2', 'a/é', 'a/\uFFFD', 'a/🐋', 'a0', 'b'];
    await store.commit([...keys].reverse().map((key) => put(key, key)));
    expect(keysOf(await store.scan(''))).toEqual(keys);
    expect(keysOf(await store.scan('a/'))).toEqual(keys.slice(1, 9));
    expect(keysOf(await store.scan('a/1'))).toEqual(['a/1', 'a/10']);
    expect(keysOf(await store.scan('c'))).toEqual([]);
  });

  test.each(['%', '_', 'a%', "a'", 'a"', 'a[', 'a*', 'a\\', 'A', '\u{10FFFF}', '__proto__'])(
    'the prefix %j is taken literally',
    async (prefix) => {
      const store = await prepare().open();
      const others = ['a', 'aa', 'abc', 'axe', 'b', '\u{10FFFE}z'];
      const own = [prefix, `${prefix}/1`, `${prefix}\u{10FFFF}`];
      await store.commit([...others, ...own].map((key) => put(key, key)));
      expect(keysOf(await store.scan(prefix))).toEqual(own);
      expect(await store.read(prefix)).toEqual(bytes(prefix));
    },
  );

  test.each(['audit/', 'a', '', 'ä', '\u{10ffff}', 'a\ud7ff'])(
    'last gives the end of what scan gives: %j',
    async (prefix) => {
      const store = await prepare().open();
      const keys = ['audit/1', 'audit/2', 'audit/\u{10ffff}', 'b', 'a\ud7ff1', 'a\ue000', 'ä', '\u{10ffff}x'];
      await store.commit(keys.map((key) => put(key, `value of ${key}`)));
      expect(await store.last(prefix)).toEqual((await store.scan(prefix)).at(-1));
      expect(await store.last(prefix)).toBeDefined();
      expect(await store.last('nothing/')).toBeUndefined();
    },
  );

  test('a commit with a write that is refused changes nothing', async () => {
    const store = await prepare().open();
    await store.commit([put('kept', 'old')]);
    const writes = [put('kept', 'new'), remove('kept'), put('half of a pair \uD83D', 'x')];
    await expect(store.commit(writes)).rejects.toThrow(AssertionFault);
    await expect(store.commit([put('kept', 'new'), put('', 'x')])).rejects.toThrow(AssertionFault);
    await expect(store.commit([put('k'.repeat(1_025), 'x')])).rejects.toThrow(AssertionFault);
    expect(await store.read('kept')).toEqual(bytes('old'));
    expect(await store.scan('h')).toEqual([]);
  });

  test('10,000 records in one commit', async () => {
    const store = await prepare().open();
    const writes = Array.from({ length: 10_000 }, (_, i) => put(`row/${String(i).padStart(5, '0')}`, `${i}`));
    await store.commit(writes);
    const found = await store.scan('row/');
    expect(found.length).toBe(10_000);
    expect(found[9_999]).toEqual(['row/09999', bytes('9999')]);
    await store.commit(writes.slice(1).map(({ key }) => remove(key)));
    expect(keysOf(await store.scan(''))).toEqual(['row/00000']);
  });

  test('records outlive a restart', async () => {
    const { open } = prepare();
    const first = await open();
    await first.commit([put('a', '1'), put('b', '2')]);
    await first.commit([remove('a')]);
    await first.close();
    const second = await open();
    expect(keysOf(await second.scan(''))).toEqual(['b']);
    expect(await second.read('b')).toEqual(bytes('2'));
  });

  test('close is safe twice, and a closed store says so', async () => {
    const store = await prepare().open();
    await store.close();
    await store.close();
    for (const call of [store.read('a'), store.scan('a'), store.commit([put('a', '1')])]) {
      const error = await call.then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(StoreFailed);
      expect((error as StoreFailed).code).toBe('CLOSED');
    }
  });
});
