/** Writes small MaxMind databases (format 2.0, https://maxmind.github.io/MaxMind-DB/), so that tests need none of theirs. */

type Value = string | number | { readonly [key: string]: Value };

/** @param networks IPv4 networks of whole bytes (`198.51.100.0/24`), each with what the database says of it */
export function mmdb(networks: Readonly<Record<string, Value>>): Buffer {
  const nodes: [number | Leaf, number | Leaf][] = [[none, none]];
  const data: Buffer[] = [];
  let size = 0;
  for (const [network, value] of Object.entries(networks)) {
    const [address = '', mask = '32'] = network.split('/');
    const bits = address
      .split('.')
      .map((byte) => Number(byte).toString(2).padStart(8, '0'))
      .join('')
      .slice(0, Number(mask));
    const record = encoded(value);
    hang(nodes, bits, { offset: size });
    data.push(record);
    size += record.length;
  }
  const records = nodes.flatMap((pair) => pair.map((each) => recordOf(each, nodes.length)));
  const tree = Buffer.concat(records.map(threeBytes));
  const metadata = encoded({
    ...{ node_count: nodes.length, record_size: 24, ip_version: 4, database_type: 'Test' },
    ...{ binary_format_major_version: 2, binary_format_minor_version: 0, build_epoch: 1 },
  });
  return Buffer.concat([
    tree,
    Buffer.alloc(16),
    ...data,
    Buffer.from('abcdef', 'hex'),
    Buffer.from('MaxMind.com'),
    metadata,
  ]);
}

interface Leaf {
  readonly offset: number;
}

/** A record that leads nowhere. */
const none = -1;

function hang(nodes: [number | Leaf, number | Leaf][], bits: string, leaf: Leaf): void {
  let at = 0;
  for (const [depth, bit] of [...bits].entries()) {
    const node = nodes[at] as [number | Leaf, number | Leaf];
    const side = bit === '1' ? 1 : 0;
    if (depth === bits.length - 1) {
      node[side] = leaf;
      return;
    }
    if (node[side] === none) node[side] = nodes.push([none, none]) - 1;
    at = node[side] as number;
  }
}

function recordOf(record: number | Leaf, count: number): number {
  if (record === none) return count;
  return typeof record === 'number' ? record : count + 16 + record.offset;
}

function threeBytes(value: number): Buffer {
  return Buffer.from([value >> 16, (value >> 8) & 0xff, value & 0xff]);
}

function encoded(value: Value): Buffer {
  if (typeof value === 'string') return Buffer.concat([control(2, value.length), Buffer.from(value)]);
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(8);
    if (Number.isInteger(value) && value >= 0) {
      bytes.writeUInt32BE(value, 0);
      return Buffer.concat([control(6, 4), bytes.subarray(0, 4)]);
    }
    bytes.writeDoubleBE(value, 0);
    return Buffer.concat([control(3, 8), bytes]);
  }
  const entries = Object.entries(value);
  return Buffer.concat([
    control(7, entries.length),
    ...entries.flatMap(([name, inner]) => [encoded(name), encoded(inner)]),
  ]);
}

/** Types 2 text, 3 double, 6 uint32, 7 map; sizes up to 28 stand in the byte itself. */
function control(type: number, size: number): Buffer {
  return size < 29 ? Buffer.from([(type << 5) | size]) : Buffer.from([(type << 5) | 29, size - 29]);
}
