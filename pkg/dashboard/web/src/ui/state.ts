/** Kind groups the states of runs, tasks and steps by what a reader needs to know. */
export type Kind = 'waiting' | 'running' | 'success' | 'failure' | 'error' | 'aborted'

const kinds: Record<string, Kind> = {
  scheduling: 'waiting',
  triggered: 'waiting',
  waiting: 'waiting',
  pending: 'running',
  running: 'running',
  success: 'success',
  succeeded: 'success',
  failure: 'failure',
  failed: 'failure',
  error: 'error',
  aborted: 'aborted',
  cancelled: 'aborted',
  skipped: 'aborted',
}

/** kindOf is the kind of a state; of one that it does not know, waiting. */
export function kindOf(state: string): Kind {
  return kinds[state.toLowerCase()] ?? 'waiting'
}

const words: Record<string, string> = { pending: 'running', triggered: 'queued' }

/** wordOf is what people call a state; it differs where Prow's name misleads: a pending run is running. */
export function wordOf(state: string): string {
  const s = state.toLowerCase()
  return words[s] ?? (s || 'unknown')
}

/** isOver says that a run's state will not change. */
export function isOver(state: string): boolean {
  return ['success', 'failure', 'error', 'aborted'].includes(state)
}
