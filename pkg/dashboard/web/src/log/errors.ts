import { packed } from './patterns'
import type { Source } from './source'

/**
 * nextError finds the first line of steps that one of the patterns matches, behind a line of the first step. It is
 * undefined when there is none.
 */
export async function nextError(source: Source, patterns: string[], steps: string[], behind: number) {
  const packs = packed(patterns)
  let from = behind + 1
  for (const step of steps) {
    const lines = await Promise.all(packs.map((pack) => firstMatch(source, step, pack, from)))
    const found = lines.filter((line) => line !== undefined)
    if (found.length > 0) return { step, line: Math.min(...found) }
    from = 1
  }
  return undefined
}

async function firstMatch(source: Source, step: string, pattern: string, start: number): Promise<number | undefined> {
  for (let from: number | undefined = start; from; ) {
    const page = await source.search(step, pattern, from, 1)
    if (page.matches[0]) return page.matches[0].number
    if (page.next && page.next <= from) return undefined
    from = page.next
  }
  return undefined
}
