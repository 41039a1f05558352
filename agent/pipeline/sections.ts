/** A JSON head and what follows it, in one piece of bytes: the length of the head, the head, the parts. */
export function packSections(head: Uint8Array, parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 4 + head.length));
  new DataView(bytes.buffer).setUint32(0, head.length);
  bytes.set(head, 4);
  let at = 4 + head.length;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

export function unpackSections(bytes: Uint8Array): { readonly head: Uint8Array; readonly body: Uint8Array } {
  const end = 4 + new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0);
  return { head: bytes.subarray(4, end), body: bytes.subarray(end) };
}
