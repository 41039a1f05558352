/** Characters of a name that telemetry brings (model, version, field), at most. */
export const nameLengthMax = 128;

/** May this text become the name of a model, version or signal? Control and bidi characters could deceive a reader. */
export function isUsableName(name: string): boolean {
  if (name.length === 0 || name.length > nameLengthMax) return false;
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return false;
    if (
      (code >= 0x202a && code <= 0x202e) ||
      (code >= 0x2066 && code <= 0x2069) ||
      code === 0x200e ||
      code === 0x200f
    )
      return false;
  }
  return true;
}
