/** Place is a line of a step, or several from first to last; step is "task/step". */
export interface Place {
  step: string
  first: number
  last: number
}

/** placeOf reads the fragment of an address: "#task/step:L120-L130", or "#task/step" for a step as a whole (first is 0). */
export function placeOf(hash: string): Place | undefined {
  let text = hash.replace(/^#/, '')
  try {
    text = decodeURIComponent(text)
  } catch {
    return undefined
  }
  const found = /^([^/:]+\/[^/:]+)(?::L(\d{1,15})(?:-L?(\d{1,15}))?)?$/.exec(text)
  if (!found?.[1]) return undefined
  const a = Number(found[2] ?? 0)
  const b = Number(found[3] ?? a)
  if (found[2] !== undefined && (a < 1 || b < 1)) return undefined
  return { step: found[1], first: Math.min(a, b), last: Math.max(a, b) }
}

/** hashOf is the fragment of a place's address. */
export function hashOf({ step, first, last }: Place): string {
  const [task = '', name = ''] = step.split('/')
  const where = `#${encodeURIComponent(task)}/${encodeURIComponent(name)}`
  if (first < 1) return where
  return `${where}:L${first}${last > first ? `-L${last}` : ''}`
}

/**
 * extended is what a click with shift selects: from the line that was selected first to the clicked one. In another step it
 * is that line alone.
 */
export function extended(place: Place | undefined, step: string, line: number): Place {
  if (place?.step !== step || place.first < 1) return { step, first: line, last: line }
  if (line < place.first) return { step, first: line, last: place.last }
  return { step, first: place.first, last: line }
}
