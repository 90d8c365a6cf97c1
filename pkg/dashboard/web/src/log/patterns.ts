/** Longest pattern that the server takes, in characters. */
export const longestPattern = 1000

/**
 * forBrowser is a pattern of the server (RE2) as one of the browser, to mark matches. It is undefined where the two
 * languages differ too much: then lines are found all the same, only without marks inside.
 */
export function forBrowser(pattern: string): RegExp | undefined {
  const leading = /^\(\?([ims]+)\)/.exec(pattern)
  const source = (leading ? pattern.slice(leading[0].length) : pattern)
    .replaceAll('\\A', '^')
    .replaceAll('\\z', '$')
    .replaceAll('(?P<', '(?<')
    .replaceAll(/\[\[:(\w+):\]\]/g, (all, name: string) => posix[name] ?? all)
  if (source === '' || /\\[QC]|\[\[:/.test(source)) return undefined
  try {
    return new RegExp(source, `g${leading?.[1] ?? ''}`)
  } catch {
    return undefined
  }
}

const posix: Record<string, string> = {
  alpha: '[A-Za-z]', digit: '\\d', alnum: '[A-Za-z0-9]', space: '\\s', upper: '[A-Z]', lower: '[a-z]', word: '\\w', xdigit: '[0-9A-Fa-f]',
}

/** packed joins patterns to as few as the server takes, each matching what any of its parts matches. */
export function packed(patterns: string[]): string[] {
  const packs: string[] = []
  for (const pattern of patterns) {
    const part = `(?:${pattern})`
    const last = packs.at(-1)
    if (last !== undefined && last.length + 1 + part.length <= longestPattern) packs[packs.length - 1] = `${last}|${part}`
    else if (part.length <= longestPattern) packs.push(part)
  }
  return packs
}
