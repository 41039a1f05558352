import { decodeJson, encodeJson } from '../../core/json.ts';

/** A JSON head and byte strings after it, as one blob: the length of the head, the head, the parts one after the other. */
export function packSections(head: unknown, parts: readonly Uint8Array[]): Uint8Array {
  const json = encodeJson(head);
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 4 + json.length));
  new DataView(bytes.buffer).setUint32(0, json.length);
  bytes.set(json, 4);
  let at = 4 + json.length;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** The reverse; the caller takes the parts one after the other, by the lengths its head names. Throws on other bytes. */
export function unpackSections<Head>(bytes: Uint8Array): {
  head: Head;
  take: (length: number) => Uint8Array;
} {
  const end = 4 + new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0);
  const head = decodeJson<Head>(bytes.subarray(4, end));
  let at = end;
  return {
    head,
    take: (length) => {
      const part = bytes.subarray(at, at + length);
      if (!(length >= 0) || part.length !== length) throw new Error('these sections are cut short');
      at += length;
      return part;
    },
  };
}
