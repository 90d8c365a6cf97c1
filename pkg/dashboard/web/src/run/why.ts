import type { RunDetail } from '../api/schema'

/** whyOf is why a run is in its state, in a line: plain words where there are any. A success needs none. */
export function whyOf(run: Pick<RunDetail, 'state' | 'reason' | 'description'>): string {
  if (run.state === 'success') return run.reason ?? ''
  return run.reason || run.description || ''
}
