import type { Day, JobHistory } from '../api/schema'

/** otherOf is how many runs of a day were neither success nor failure. */
export function otherOf(day: Day): number {
  return Math.max(day.runs - day.success - day.failure, 0)
}

export interface JobNumbers {
  /** Successes among successes and failures, 0 to 1; undefined without any. */
  passRate?: number
  success: number
  failure: number
  /** ms; undefined without finished runs. */
  median?: number
  p95?: number
}

/** numbersOf counts all days, and takes the durations of the listed runs that ended by themselves. */
export function numbersOf(history: JobHistory): JobNumbers {
  const success = history.byDay.reduce((n, day) => n + day.success, 0)
  const failure = history.byDay.reduce((n, day) => n + day.failure, 0)
  const took = history.runs
    .filter((run) => run.state === 'success' || run.state === 'failure')
    .flatMap((run) => (run.began && run.completed ? [Date.parse(run.completed) - Date.parse(run.began)] : []))
    .sort((a, b) => a - b)
  return {
    passRate: success + failure > 0 ? success / (success + failure) : undefined,
    success,
    failure,
    median: quantile(took, 0.5),
    p95: quantile(took, 0.95),
  }
}

/** quantile of sorted numbers, by the nearest rank. */
export function quantile(sorted: number[], q: number): number | undefined {
  return sorted[Math.max(Math.ceil(sorted.length * q) - 1, 0)]
}
