import type { Step } from '../api/schema'
import { keyOf } from './store'

/** Opening is what a log shows at first: a step from its start, at its end, or growing as it prints. */
export interface Opening {
  key: string
  at: 'start' | 'end' | 'follow'
}

/** openingOf chooses the step that a reader most likely came for; of several quiet ones of a run that is over, none. */
export function openingOf(steps: Step[], over: boolean): Opening | undefined {
  const failed = steps.find((s) => s.state === 'failure')
  if (failed) return { key: keyOf(failed), at: 'end' }
  const running = newest(steps)
  if (running) return { key: keyOf(running), at: 'follow' }
  const next = steps.find((s) => s.state === 'waiting') ?? steps.at(-1)
  if (!over && next) return { key: keyOf(next), at: 'follow' }
  const began = steps.filter((s) => s.kind === 'step' && s.state !== 'skipped' && s.state !== 'waiting')
  return began.length === 1 && began[0] ? { key: keyOf(began[0]), at: 'start' } : undefined
}

/** newest is the running step that began last; sidecars print all the time and do not count while a step runs. */
export function newest(steps: Step[]): Step | undefined {
  const running = steps.filter((s) => s.state === 'running')
  const proper = running.filter((s) => s.kind !== 'sidecar')
  const among = proper.length > 0 ? proper : running
  return among.reduce<Step | undefined>((best, s) => (!best || (s.started ?? '') >= (best.started ?? '') ? s : best), undefined)
}

/** searchable are the steps that have a log. */
export function searchable(steps: Step[]): string[] {
  return steps.filter((s) => s.state !== 'waiting' && s.state !== 'skipped').map(keyOf)
}

/** suspects are the steps to look for an error in: those that failed, or all. */
export function suspects(steps: Step[]): string[] {
  const failed = steps.filter((s) => s.state === 'failure').map(keyOf)
  return failed.length > 0 ? failed : searchable(steps)
}
