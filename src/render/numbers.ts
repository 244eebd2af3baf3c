import { clean, line, type Safe } from './terminal-text.js';

/** `1,204,500`. */
export function grouped(number: number): Safe {
  return clean(String(number).replace(/(?<=^\d+)(?=(?:\d{3})+$)/g, ','));
}

/** `$12.50`; what is below a cent keeps its digits. */
export function dollars(amount: number): Safe {
  const shown = amount > 0 && amount < 0.01 ? String(amount) : amount.toFixed(2);
  return clean(`$${shown}`);
}

/** `12 of 100 requests (12 %)`. */
export function share(text: Safe, ratio: number): Safe {
  return line`${text} (${Math.round(ratio * 100)} %)`;
}

/** `4.2 MB`, decimal units. */
export function byteSize(bytes: number): Safe {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let size = bytes;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return clean(`${unit > 0 && size < 10 ? size.toFixed(1) : Math.round(size)} ${units[unit]}`);
}

/** `1 key`, `2 keys`, `3 addresses`. */
export function counted(number: number, noun: string): Safe {
  const plural = noun.endsWith('s') ? `${noun}es` : `${noun}s`;
  return line`${grouped(number)} ${clean(number === 1 ? noun : plural)}`;
}
