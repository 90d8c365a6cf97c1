/** Goal is where a reader wants to go: a line's number, or a time in ms. */
export type Goal = { line: number } | { time: number }

/**
 * goalOf reads "1234", "1,234", "14:03", "14:03:22.5", or a date and time. A time of day is the reader's, on the first such
 * moment at or after the start of the step less an hour, so that a step over midnight is met. Anything else is undefined.
 */
export function goalOf(text: string, started: number): Goal | undefined {
  const typed = text.trim()
  const number = /^L?([\d,. _']+)$/i.exec(typed)
  if (number?.[1]) {
    const line = Number(number[1].replaceAll(/[,. _']/g, ''))
    return line >= 1 && line <= Number.MAX_SAFE_INTEGER ? { line } : undefined
  }
  const clock = /^(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d{1,9})?))?$/.exec(typed)
  if (clock) return atClock(Number(clock[1]), Number(clock[2]), Number(clock[3] ?? 0), started)
  const time = /\d{4}-\d{2}-\d{2}/.test(typed) ? Date.parse(typed) : NaN
  return Number.isNaN(time) ? undefined : { time }
}

function atClock(hours: number, minutes: number, seconds: number, started: number): Goal | undefined {
  if (hours > 23 || minutes > 59 || seconds >= 60) return undefined
  const day = new Date(started)
  day.setHours(hours, minutes, 0, 0)
  if (day.getTime() < started - 3_600_000) day.setDate(day.getDate() + 1)
  return { time: day.getTime() + seconds * 1000 }
}
