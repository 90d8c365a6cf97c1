import type { Day } from '../api/schema'

/** Room that a date needs below an axis, in px. */
const tickRoom = 64

const format = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric', timeZone: 'UTC' })

/** dayTicks names as many days as there is room for. */
export function dayTicks(days: Day[], width: number) {
  const every = Math.max(1, Math.ceil(days.length / Math.max(Math.floor(width / tickRoom), 1)))
  return {
    tickValues: days.map((d) => d.day),
    tickFormat: (_day: string, i: number) => (i % every === 0 ? dayName(days[i]?.day) : ''),
  }
}

/** dayName writes "2026-03-01" as the reader does. */
export function dayName(day: string | undefined): string {
  const ms = day ? Date.parse(day) : NaN
  return Number.isNaN(ms) ? '' : format.format(ms)
}

export const axisStyle = {
  axis: { stroke: 'var(--line)' },
  grid: { stroke: 'none' },
  tickLabels: { fill: 'var(--quiet)', fontSize: 11.5, fontFamily: 'inherit' },
}

/** Distances in seconds between the marks of an axis of durations. */
const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400]

/** timeTicks are round marks, at most five above zero, of an axis that reaches a number of seconds. */
export function timeTicks(longest: number): number[] {
  const step = steps.find((s) => longest / s <= 5) ?? Math.ceil(longest / 5 / 86400) * 86400
  return Array.from({ length: Math.floor(longest / step) + 1 }, (_, i) => i * step)
}

/** countTicks are whole marks, at most five above zero. */
export function countTicks(most: number): number[] {
  const magnitude = 10 ** Math.floor(Math.log10(Math.max(most, 1)))
  const step = Math.max(1, [0.2, 0.5, 1, 2].map((f) => f * magnitude).find((s) => most / s <= 5) ?? magnitude)
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, i) => i * step)
}
