/** Limits of one request to the OTLP receiver. A length is compared with its parent's end before it is used. */

/** Spans or log records. Over it: the request is too large. */
export const recordsMax = 500_000;
/** Protobuf fields walked, skipped ones too: an empty span costs its sender two bytes. Over it: too large. */
export const fieldsMax = 4_000_000;
/** Fields inside array values (about two for each element). Over it: too large. */
export const arrayFieldsMax = 16_000_000;
/** Levels of lists and maps in one value. Over it: that value is malformed. */
export const valueDepthMax = 64;
/** Brackets open at once in OTLP/JSON; one level of a value takes up to four. Over it: the body is malformed. */
export const jsonDepthMax = 320;
/** Structural bytes `{ [ ,` of OTLP/JSON: they bound what JSON.parse builds. Over it: too large. */
export const jsonTokensMax = 4_000_000;
/** Attributes read of one span or log record; the rest is counted as `too_many`. */
export const attributesMax = 20_000;
/** Attributes read of one resource; the rest is counted as `too_many`. */
export const resourceAttributesMax = 1_000;
/** UTF-8 bytes of one text; what follows is cut off and counted as `too_long`. */
export const textBytesMax = 1_048_576;
/** UTF-8 bytes of an attribute's name under a wanted prefix; longer ones are skipped and counted as `too_long`. */
export const nameBytesMax = 1_024;
/** Names under wanted prefixes known at once; more in one request are skipped and counted as `too_many`. */
export const discoveredNamesMax = 20_000;
/** Prefixes all conventions may ask for: one bit each. */
export const prefixesMax = 32;
