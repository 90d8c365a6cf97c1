import type { Times } from './prefs'

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3, hourCycle: 'h23' })

/** stamp is when a line was printed: the reader's time of day, or "+1m 02.345s" since the start of its step. */
export function stamp(time: string | undefined, started: string | undefined, times: Times): string {
  if (!time || times === 'none') return ''
  const at = Date.parse(time)
  if (times === 'clock') return clock.format(at)
  return started ? since(at - Date.parse(started)) : ''
}

function since(ms: number): string {
  const sign = ms < 0 ? '-' : '+'
  const s = Math.abs(ms) / 1000
  const seconds = (s % 60).toFixed(3)
  if (s < 60) return `${sign}${seconds}s`
  const minutes = Math.floor(s / 60)
  if (minutes < 60) return `${sign}${minutes}m ${seconds.padStart(6, '0')}s`
  return `${sign}${Math.floor(minutes / 60)}h ${String(minutes % 60).padStart(2, '0')}m ${seconds.padStart(6, '0')}s`
}
