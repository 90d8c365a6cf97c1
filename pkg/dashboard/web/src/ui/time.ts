/** duration writes ms as people say it: "0.4s", "12s", "3m 05s", "2h 07m", "3d 4h". Less than nothing is "0s". */
export function duration(ms: number): string {
  if (!(ms > 0)) return '0s'
  if (ms < 950) return `${(ms / 1000).toFixed(1)}s`
  const s = Math.round(ms / 1000)
  if (s < 60) return `${s}s`
  if (s < 3600) return `${Math.floor(s / 60)}m ${pad(s % 60)}s`
  if (s < 86400) return `${Math.floor(s / 3600)}h ${pad(Math.floor((s % 3600) / 60))}m`
  return `${Math.floor(s / 86400)}d ${Math.floor((s % 86400) / 3600)}h`
}

/** short writes seconds for an axis: "0", "30s", "5m", "2h". */
export function short(seconds: number): string {
  if (seconds === 0) return '0'
  if (seconds < 60) return `${seconds}s`
  if (seconds < 3600) return `${+(seconds / 60).toFixed(1)}m`
  return `${+(seconds / 3600).toFixed(1)}h`
}

function pad(n: number): string {
  return String(n).padStart(2, '0')
}

/** ago writes how long before now something was: "just now", "5 min ago", "3 h ago", "2 d ago", then the date. */
export function ago(then: number, now: number): string {
  const minutes = Math.floor((now - then) / 60_000)
  if (minutes < 1) return 'just now'
  if (minutes < 60) return `${minutes} min ago`
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ago`
  if (minutes < 14 * 24 * 60) return `${Math.floor(minutes / (24 * 60))} d ago`
  return day(then)
}

const days = new Intl.DateTimeFormat(undefined, { year: 'numeric', month: 'short', day: 'numeric' })
const moments = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'long' })
const clocks = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' })

/** day is the reader's date of a time. */
export function day(ms: number): string {
  return days.format(ms)
}

/** moment is the reader's date and time to the second, with the time zone. */
export function moment(ms: number): string {
  return moments.format(ms)
}

/** clock is the reader's day and time to the minute. */
export function clock(ms: number): string {
  return clocks.format(ms)
}
