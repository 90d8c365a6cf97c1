const numbers = new Intl.NumberFormat()

/** count writes a number of things: "1 line", "10,000,000 lines". */
export function count(n: number, thing: string): string {
  return `${numbers.format(n)} ${n === 1 ? thing : thing + (/(s|x|ch|sh)$/.test(thing) ? 'es' : 's')}`
}

/** size writes a number of bytes: "512 B", "1.4 MiB". */
export function size(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let n = bytes
  let unit = 0
  while (n >= 1024 && unit < units.length - 1) {
    n /= 1024
    unit++
  }
  return `${unit === 0 || n >= 100 ? Math.round(n) : n.toFixed(1)} ${units[unit]}`
}
