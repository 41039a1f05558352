import { BlockList, isIP, isIPv4 } from 'node:net';

/**
 * Networks nobody sends a message to, by IPv4: unspecified, link-local (with the metadata services),
 * multicast, reserved.
 */
const deniedNetworks4: readonly (readonly [address: string, prefix: number])[] = [
  ['0.0.0.0', 8],
  ['169.254.0.0', 16],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  // Metadata services with addresses of their own: Azure, Alibaba Cloud, Oracle Cloud.
  ['168.63.129.16', 32],
  ['100.100.100.200', 32],
  ['192.0.0.192', 32],
];

/** The same by IPv6, with the metadata services of AWS and Google. */
const deniedNetworks6: readonly (readonly [address: string, prefix: number])[] = [
  ['::', 128],
  ['fe80::', 10],
  ['ff00::', 8],
  ['fd00:ec2::254', 128],
  ['fd20:ce::254', 128],
];

const deniedNames: readonly string[] = ['metadata.google.internal', 'metadata.goog', 'metadata'];

/** IPv6 networks whose addresses carry an IPv4 address, and the index of the 16-bit group where it begins. */
const carriers: readonly (readonly [address: string, prefix: number, group: number])[] = [
  ['::', 96, 6],
  ['::ffff:0:0', 96, 6],
  ['::ffff:0:0:0', 96, 6],
  ['64:ff9b::', 96, 6],
  ['2002::', 16, 1],
];

/**
 * Judges where a message may go, whatever the configuration says: the parsed address counts, never its
 * spelling, in each mapped and translated form. Loopback and private networks are allowed: channels live
 * there.
 */
export interface AddressJudge {
  /** `host` as `URL` gives it: a name, an IPv4 address or an IPv6 address in brackets. */
  deniesHost(host: string): boolean;
  deniesAddress(address: string): boolean;
}

export function createAddressJudge(): AddressJudge {
  const denied = new BlockList();
  for (const [address, prefix] of deniedNetworks4) denied.addSubnet(address, prefix, 'ipv4');
  for (const [address, prefix] of deniedNetworks6) denied.addSubnet(address, prefix, 'ipv6');
  const carrierLists = carriers.map(([address, prefix, group]) => {
    const list = new BlockList();
    list.addSubnet(address, prefix, 'ipv6');
    return { list, group };
  });

  const deniesAddress = (address: string): boolean => {
    const bare = address.split('%')[0] ?? '';
    if (isIPv4(bare)) return denied.check(bare, 'ipv4');
    // What cannot be judged is not connected to.
    if (isIP(bare) !== 6) return true;
    if (bare === '::1') return false;
    if (denied.check(bare, 'ipv6')) return true;
    return carrierLists.some(
      ({ list, group }) => list.check(bare, 'ipv6') && denied.check(carriedAddress(bare, group), 'ipv4'),
    );
  };
  const deniesHost = (host: string): boolean => {
    const bare = host.startsWith('[') ? host.slice(1, -1) : host;
    if (isIP(bare) !== 0) return deniesAddress(bare);
    return deniedNames.includes(bare.toLowerCase().replace(/\.+$/, ''));
  };
  return { deniesHost, deniesAddress };
}

function carriedAddress(address: string, group: number): string {
  const groups = groupsOf(address);
  const high = groups[group] ?? 0;
  const low = groups[group + 1] ?? 0;
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}

/**
 * The eight groups of a valid IPv6 address. `URL` gives the one spelling that has only hexadecimal groups.
 */
function groupsOf(address: string): readonly number[] {
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [head = '', tail] = canonical.split('::');
  const parse = (text: string) =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  const front = parse(head);
  const back = tail === undefined ? [] : parse(tail);
  return [...front, ...new Array<number>(8 - front.length - back.length).fill(0), ...back];
}
